"""The PostgreSQL that Sightline runs itself: started with it, ended with it, its data in the data folder.

`EmbeddedPostgres` prepares the folder, makes the cluster when there is none, and starts the supervisor
(supervisor.py), which keeps PostgreSQL running. If somebody kills the supervisor, a new one is started.
"""

import asyncio
import json
import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
import msgspec

from sightline.database import cluster as clusters
from sightline.database.address import CONNECT_ERRORS, Address, unreachable
from sightline.database.binaries import Programs, choose, within_reach
from sightline.database.cluster import ADMIN, SOCKET_PORT, Listen, StartFailed
from sightline.database.folder import Cluster, DataFolder, DataFolderUnusable, Lock
from sightline.database.osuser import Progress, ServiceUser, service_user
from sightline.settings import EmbeddedSettings

DATABASE = "sightline"
TRIES = 5  # a start whose port was taken meanwhile, or whose supervisor was killed, is tried again
RESTART_S = (0.1, 5.0)

_log = logging.getLogger(__name__)


def _silent(_: str) -> None:
    """Show no progress."""


class Supervised:
    """One supervisor process, and what it says."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, transport: asyncio.ReadTransport
    ) -> None:
        self._process = process
        self._reader = reader
        self._transport = transport
        self.noise: list[str] = []

    @classmethod
    async def spawn(cls, folder: DataFolder, orders: dict[str, Any]) -> Self:
        # A session of its own: Ctrl-C is for the server, which says itself when its database may go.
        process = subprocess.Popen(  # noqa: ASYNC220 - takes milliseconds, and uvloop's own cannot do more
            [*clusters.supervisor(), str(folder.path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd="/", env=clusters.environment(), start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        reader = asyncio.StreamReader(limit=1 << 20)
        try:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), process.stdout
            )
        except BaseException:
            process.stdin.close()  # without orders it ends at once
            process.stdout.close()
            process.wait()
            raise
        supervised = cls(process, reader, transport)
        supervised.order(json.dumps(orders))
        return supervised

    def order(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(text.encode() + b"\n")
            self._process.stdin.flush()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what it says until it has ended."""
        while line := await self._reader.readline():
            try:
                yield json.loads(line)
            except ValueError:  # a traceback
                self.noise.append(line.decode("utf-8", "replace").rstrip())

    async def end(self) -> None:
        """Let it shut PostgreSQL down, and wait for that."""
        self.order("stop")
        async for _ in self.events():
            pass
        await self.gone()

    async def gone(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._transport.close()  # asyncio does so at its end, uvloop does not
        await asyncio.to_thread(self._process.wait)


class EmbeddedPostgres:
    """The PostgreSQL of one data folder, for as long as this process holds it."""

    def __init__(self, data: Path, settings: EmbeddedSettings) -> None:
        self.folder = DataFolder(data)
        self.settings = settings
        self._lock: Lock | None = None
        self._supervised: Supervised | None = None
        self._watch: asyncio.Task[None] | None = None
        self._socket: Path | None = None

    async def __aenter__(self) -> Address:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, progress: Progress = _silent) -> Address:
        """Bring PostgreSQL up; return the address of its superuser."""
        self.folder.prepare()
        self._lock = await self.folder.lock(progress)
        try:
            address = await self._start(progress)
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        return address

    async def stop(self) -> None:
        """Shut PostgreSQL down, clean, and let go of the data folder."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        if self._supervised is not None:
            await self._supervised.end()
            self._supervised = None
        if self._lock is not None:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.rmdir()
            self._lock.release()
            self._lock = None

    async def _start(self, progress: Progress) -> Address:
        last = _last_port(self.folder)
        self._forget_address()
        user = service_user(self.settings.os_user, progress)
        self.folder.admit(user)
        cluster = self.folder.cluster()
        programs = choose(self.settings.binaries, cluster)
        within = within_reach(programs, user, self.folder, progress)
        fresh = cluster is None
        if cluster is None:
            cluster = await clusters.create(self.folder, within, user, progress)
        elif cluster.origin != programs.origin:
            progress(f"the data folder's PostgreSQL {cluster.major} is from now on {programs.shown()}")
            cluster = msgspec.structs.replace(cluster, origin=programs.origin)
            self.folder.write(self.folder.marker, msgspec.json.encode(cluster))
        clusters.check_version(self.folder, cluster)
        password = self.folder.password()
        self.folder.give(self.folder.log, user)
        listen = await self._bring_up(cluster, within, user, last, progress)
        address = Address(host=listen.host, port=listen.port, user=ADMIN, password=password, database=DATABASE)
        await _ensure_database(address, fresh=fresh)
        self.folder.write(self.folder.address, msgspec.json.encode(listen))
        return address

    def _forget_address(self) -> None:
        try:
            self.folder.address.unlink(missing_ok=True)
        except OSError as exc:
            raise self.folder.unusable(exc) from exc

    async def _bring_up(
        self, cluster: Cluster, programs: Programs, user: ServiceUser, last_port: int | None, progress: Progress
    ) -> Listen:
        """Start the supervisor and wait until PostgreSQL takes connections, however long its recovery is."""
        for number in range(TRIES):
            if self.settings.listen == "loopback":
                port = last_port if last_port and number == 0 else clusters.free_port()
                listen = Listen(host="127.0.0.1", port=port)
            else:
                self._socket = clusters.socket_folder(self.folder, cluster, user)
                listen = Listen(host=str(self._socket), port=SOCKET_PORT)
            orders = self._orders(programs, user, listen)
            self._supervised = await Supervised.spawn(self.folder, orders)
            error = await self._until_ready(self._supervised, progress)
            if error is None:
                self._watch = asyncio.create_task(self._keep_supervised(orders), name="embedded PostgreSQL")
                return listen
            await self._supervised.gone()
            self._supervised = None
            if not _worth_another_try(error) or number == TRIES - 1:
                raise error
        raise AssertionError("not reached")

    def _orders(self, programs: Programs, user: ServiceUser, listen: Listen) -> dict[str, Any]:
        return {
            "cluster": str(self.folder.postgres),
            "socket": "" if listen.loopback else listen.host,
            "log": str(self.folder.log / "postgres.log"),
            "command": clusters.command(self.folder, programs),
            "environment": clusters.environment(),
            "files": clusters.files(self.settings, listen),
            "user": user.uid,
            "group": user.gid,
        }

    async def _until_ready(self, supervised: Supervised, progress: Progress) -> StartFailed | DataFolderUnusable | None:
        """Follow a start; return why it failed, or None."""
        async for event in supervised.events():
            match event["event"]:
                case "ready":
                    return None
                case "failed" if event.get("errno"):
                    return self.folder.unusable(OSError(event["errno"], event["reason"], event.get("file")))
                case "failed":
                    return clusters.failed(self.folder, f"PostgreSQL does not start: {event['reason']}", event["tail"])
                case "waiting":
                    last = f" ({event['last']})" if event.get("last") else ""
                    progress(f"{event['what']}, {event['seconds']} s{last}")
                case "died":
                    progress(f"{event['reason']}; starting it again")
        return clusters.failed(self.folder, "PostgreSQL's supervisor was ended", supervised.noise[-3:])

    async def _keep_supervised(self, orders: dict[str, Any]) -> None:
        """Follow the running supervisor; when somebody kills it, start another one."""
        delay = RESTART_S[0]
        while True:
            assert self._supervised is not None
            async for event in self._supervised.events():
                if event["event"] == "ready":
                    delay = RESTART_S[0]
                    _log.info("PostgreSQL runs again")
                elif event["event"] in {"died", "failed"}:
                    _log.warning("%s; it is started again", event["reason"])
            _log.warning("PostgreSQL's supervisor was ended; it is started again")
            await self._supervised.gone()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RESTART_S[1])
            try:
                self._supervised = await Supervised.spawn(self.folder, orders)
            except OSError as exc:  # no memory, no process: it is tried again
                _log.error("cannot start PostgreSQL's supervisor: %s", exc.strerror or exc)


def running(data: Path) -> Address | None:
    """Return the administrator's address of the PostgreSQL that runs on this folder now."""
    folder = DataFolder(data)
    try:
        if not folder.run.is_dir() or not folder.locked():
            return None
        listen = msgspec.json.decode(folder.address.read_bytes(), type=Listen)
    except (FileNotFoundError, msgspec.DecodeError):
        return None  # it has not come up yet
    except OSError as exc:
        raise folder.unusable(exc) from exc
    return Address(host=listen.host, port=listen.port, user=ADMIN, password=folder.password(), database=DATABASE)


async def _ensure_database(address: Address, *, fresh: bool) -> None:
    """Sign in once, and create the database where it is missing: a first start may have been killed in between."""
    try:
        if fresh:
            await _create_database(address)
        try:
            connection = await asyncpg.connect(**address.parameters())
        except asyncpg.InvalidCatalogNameError:
            await _create_database(address)
            connection = await asyncpg.connect(**address.parameters())
    except asyncpg.InvalidPasswordError:
        raise StartFailed(
            "PostgreSQL refuses the password in secrets/postgres-admin",
            hint="Restore secrets/ and postgres/ from the same backup.",
        ) from None
    except CONNECT_ERRORS as exc:
        raise unreachable(address, exc) from exc
    await connection.close()


async def _create_database(address: Address) -> None:
    connection = await asyncpg.connect(**msgspec.structs.replace(address, database="postgres").parameters())
    try:
        await connection.execute(
            f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    finally:
        await connection.close()


def _last_port(folder: DataFolder) -> int | None:
    try:
        return msgspec.json.decode(folder.address.read_bytes(), type=Listen).port
    except (OSError, msgspec.DecodeError):
        return None


def _worth_another_try(error: StartFailed | DataFolderUnusable) -> bool:
    if not isinstance(error, StartFailed):
        return False
    text = "\n".join((error.message, *error.tail))
    return "Address already in use" in text or "supervisor was ended" in text
