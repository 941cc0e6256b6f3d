"""Keeps PostgreSQL running for as long as the Sightline that started it lives, and not a moment longer.

A program of its own (`python -I -S supervisor.py FOLDER`), on the standard library alone, so that it is small and a
crash of the server cannot take it along. It is started by the server, by root where PostgreSQL has a user of its own:
it becomes that user before it does anything. Its first line of stdin is its orders (JSON), the next, `stop`, ends it.
It answers with one JSON object per line of stdout. With `make` in its orders it becomes initdb instead.

- The server dies, even by SIGKILL: stdin ends (or the parent changes), PostgreSQL is shut down, then this ends.
- PostgreSQL dies: its orphaned backends come to this process (a subreaper), are ended, and it is started again.
- This dies by SIGKILL: the kernel sends the postmaster SIGQUIT (PR_SET_PDEATHSIG). What might be left all the same is
  found by the next supervisor by its working directory, which is the cluster, and ended.
"""

import ctypes
import errno
import fcntl
import json
import os
import pwd
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import NoReturn

LOCK_WAIT_S = 120  # the last supervisor may still be shutting PostgreSQL down
Step = tuple[int, float]
# PostgreSQL's fast and immediate shutdown, and what nobody survives; each with the seconds it may take.
FAST: tuple[Step, ...] = ((signal.SIGINT, 60),)
HARD: tuple[Step, ...] = ((signal.SIGQUIT, 10), (signal.SIGKILL, 10))
# The pause before a new start doubles from one to the other: the second where a start fails, the third where it ran.
BACKOFF_S, BACKOFF_FAILING_S, BACKOFF_RAN_S = 0.1, 5.0, 0.5
STEADY_S = 10  # after so long without a crash the backoff begins anew
FIRST_TRIES = 3  # a first start that is killed from outside is tried again so often
LOG_BYTES, LOG_FILES = 4 << 20, 3
TAIL_LINES = 20
TAIL_WIDTH = 400
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def say(event: str, **values: object) -> None:
    """Tell the server; if it is gone or does not read, nobody needs to know."""
    try:
        os.write(1, json.dumps({"event": event, **values}).encode() + b"\n")
    except OSError:
        return


class Log:
    """PostgreSQL's stderr as a file of bounded size, and its last lines for the error of a failed start."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-65536:]
        self.tail.extend(line.decode("utf-8", "replace")[:TAIL_WIDTH] for line in lines if line.strip())
        try:
            self._keep(data)
        except OSError:  # a full disk must not stop PostgreSQL, which waits for this to read on
            self._close()

    def _keep(self, data: bytes) -> None:
        if self._file < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(self._path, flags, 0o600)
        if os.fstat(self._file).st_size + len(data) > LOG_BYTES:
            self._close()
            for number in range(LOG_FILES - 1, 0, -1):
                older = f"{self._path}.{number - 1}" if number > 1 else self._path
                if os.path.exists(older):  # noqa: PTH110 - pathlib doubles the memory of this process
                    os.replace(older, f"{self._path}.{number}")  # noqa: PTH105 - as above
            self._keep(data)
            return
        os.write(self._file, data)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Supervisor:
    """One run: from the lock to the last process gone."""

    def __init__(self, orders: dict[str, object], parent: int) -> None:
        self.cluster = str(orders["cluster"])
        self.command = [str(part) for part in orders["command"]]  # type: ignore[attr-defined]
        self.environment = {str(k): str(v) for k, v in orders["environment"].items()}  # type: ignore[attr-defined]
        self.files = {str(k): str(v) for k, v in orders["files"].items()}  # type: ignore[attr-defined]
        self.socket = str(orders["socket"])
        self.here = os.stat(self.cluster)  # noqa: PTH116 - pathlib doubles the memory of this process
        self.log = Log(str(orders["log"]))
        self.parent = parent
        self.stopping = False
        self.child = 0
        self.status = 0
        self.output = -1
        self.libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        if self.libc:
            self.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.wake, wake_end = os.pipe()
        for end in (self.wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def over(self) -> bool:
        return self.stopping

    # ---- the run ----------------------------------------------------------------------------------------------

    def run(self) -> int:
        if not self.take_lock():
            return 1
        try:
            self.clear_leftovers()
            self.write_files()
            return self.keep_running()
        except OSError as exc:
            say("failed", reason=exc.strerror or str(exc), errno=exc.errno, file=exc.filename, tail=[])
            return 1
        finally:
            self.shut_down()

    def keep_running(self) -> int:
        ever_ready, tries, delay = False, 0, 0.0
        while not self.over():
            self.start()
            tries += 1
            longest = BACKOFF_FAILING_S
            if self.wait_until_ready():
                ever_ready, longest = True, BACKOFF_RAN_S
                say("ready", pid=self.child)
                ready_at = time.monotonic()
                while self.child and not self.over():
                    self.pump(1.0)
                if time.monotonic() - ready_at > STEADY_S:
                    delay = 0.0
            if self.over():
                break
            self.pump(0)
            # Backends of a postmaster that was killed: no new one starts while they use its shared memory.
            self.end(children, HARD)
            if not ever_ready and not (os.WIFSIGNALED(self.status) and tries < FIRST_TRIES):
                say("failed", reason=described(self.status), tail=list(self.log.tail))
                return 1
            say("died", reason=described(self.status), tail=list(self.log.tail)[-3:])
            self.rest(min(delay, longest))
            delay = min(max(delay * 2, BACKOFF_S), longest)
        return 0

    def rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.over() and (left := until - time.monotonic()) > 0:
            self.pump(left)

    # ---- before the start -------------------------------------------------------------------------------------

    def take_lock(self) -> bool:
        """Wait until the last supervisor of this cluster has finished; the lock ends with this process."""
        path = os.path.join(self.cluster, "supervisor.lock")  # noqa: PTH118 - pathlib doubles the memory
        self.lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        begun = told = time.monotonic()
        while not self.over():
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waited = time.monotonic() - begun
                if waited > LOCK_WAIT_S:
                    holder = os.pread(self.lock, 32, 0).decode("ascii", "replace").strip()
                    say("failed", reason=f"the last supervisor (process {holder}) does not end", tail=[])
                    return False
                if time.monotonic() - told > 1:
                    told = time.monotonic()
                    say("waiting", what="the last PostgreSQL on this data folder shuts down", seconds=round(waited))
                self.pump(0.02)
                continue
            os.ftruncate(self.lock, 0)
            os.pwrite(self.lock, f"{os.getpid()}\n".encode(), 0)
            return True
        return False

    def clear_leftovers(self) -> None:
        """End what still runs on this cluster without a supervisor, and forget the lock files that it left.

        We hold the lock, and nothing has this cluster as its working directory: then a pid in a lock file is a zombie
        that nobody has reaped or somebody else's by now (a container that started again), and PostgreSQL, which only
        asks whether it exists, would refuse to start.
        """
        if running_in(self.here) is None:
            return  # no /proc: PostgreSQL's own checks of its lock files and shared memory have to do
        self.end_left_behind()
        postmaster = self.pid_file()[0]
        if postmaster and alive(postmaster):
            os.unlink(os.path.join(self.cluster, "postmaster.pid"))  # noqa: PTH108, PTH118 - as above
        if self.socket:
            for name in os.listdir(self.socket):  # noqa: PTH208 - as above
                if name.startswith(".s.PGSQL."):
                    os.unlink(os.path.join(self.socket, name))  # noqa: PTH108, PTH118 - as above

    def end_left_behind(self) -> None:
        left = running_in(self.here) or []
        if not left:
            return
        say("waiting", what=f"a PostgreSQL that was left behind (process {left[0]}) shuts down", seconds=0)
        postmaster = self.pid_file()[0]
        self.end(lambda: [pid for pid in running_in(self.here) or [] if pid == postmaster], FAST)
        self.end(lambda: running_in(self.here) or [], HARD)

    def write_files(self) -> None:
        """Write PostgreSQL's configuration as its own user: root would follow a planted link."""
        for name, text in self.files.items():
            path = os.path.join(self.cluster, name)  # noqa: PTH118 - pathlib doubles the memory
            temporary = f"{path}.new"
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if os.write(file, text.encode()) < len(text.encode()):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), temporary)
            finally:
                os.close(file)
            os.replace(temporary, path)  # noqa: PTH105 - as above

    # ---- PostgreSQL -------------------------------------------------------------------------------------------

    def start(self) -> None:
        if self.output >= 0:
            os.close(self.output)
        self.output, write_end = os.pipe()
        os.set_blocking(self.output, False)
        supervisor = os.getpid()
        pid = os.fork()
        if pid:
            os.close(write_end)
            self.child = pid
            return
        try:
            if self.libc:
                self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
            if os.getppid() != supervisor:
                os._exit(1)
            nothing = os.open("/dev/null", os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(write_end, 1)
            os.dup2(write_end, 2)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execve(self.command[0], self.command, self.environment)  # noqa: S606 - there is no shell
        except OSError as exc:
            os.write(2, f"cannot run {self.command[0]}: {exc.strerror}\n".encode())
        finally:
            os._exit(127)

    def wait_until_ready(self) -> bool:
        """Wait for as long as it lives: the recovery of a large log takes what it takes."""
        begun = told = time.monotonic()
        pause = 0.01
        while self.child and not self.over():
            self.pump(pause)
            pause = min(pause * 1.3, 0.1)
            pid, status = self.pid_file()
            if self.child and pid == self.child and status == "ready":
                return True
            if time.monotonic() - told > 1:
                told = time.monotonic()
                last = self.log.tail[-1] if self.log.tail else ""
                say("waiting", what="PostgreSQL starts", seconds=round(told - begun), last=last)
        return False

    def pid_file(self) -> tuple[int, str]:
        """Read postmaster.pid: whose it is, and how far the start has come."""
        try:
            with open(os.path.join(self.cluster, "postmaster.pid"), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123 - as above
                lines = file.read(4096).split("\n")
        except OSError:
            return 0, ""
        pid = lines[0].strip().removeprefix("-")
        return int(pid) if pid.isdigit() else 0, lines[7].strip() if len(lines) > 7 else ""

    def shut_down(self) -> None:
        self.end(lambda: [self.child] if self.child else [], FAST + HARD)
        self.end(children, HARD)
        say("stopped")

    def end(self, living: Callable[[], list[int]], steps: tuple[Step, ...]) -> None:
        """Send these signals, each until its time is over, to who still lives.

        Each second anew: a process that has only just begun may have missed the first.
        """
        begun = time.monotonic()
        for number, patience in steps:
            until, again = time.monotonic() + patience, 0.0
            while (left := living()) and (now := time.monotonic()) < until:
                if now > again:
                    again = now + 1
                    send(left, number)
                    if now > begun + 1:
                        say("waiting", what="PostgreSQL shuts down", seconds=round(now - begun))
                self.pump(0.02)

    # ---- events -----------------------------------------------------------------------------------------------

    def pump(self, timeout: float) -> None:
        """Handle what has come: an order, the end of the parent, output of PostgreSQL, the end of a child."""
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        if not self.over():
            poll.register(0, select.POLLIN)
        if self.output >= 0:
            poll.register(self.output, select.POLLIN)
        for descriptor, _ in poll.poll(timeout * 1000):
            if descriptor == self.wake:
                os.read(self.wake, 512)
            elif descriptor == self.output:
                self.read_output()
            elif (order := os.read(0, 512)) == b"" or b"stop" in order:
                self.stopping = True
        # A child of the server that inherited our stdin would hide its death.
        if os.getppid() != self.parent:
            self.stopping = True
        self.reap()

    def read_output(self) -> None:
        while True:
            try:
                data = os.read(self.output, 65536)
            except BlockingIOError:
                return
            if not data:
                os.close(self.output)
                self.output = -1
                return
            self.log.write(data)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self.child:
                self.child, self.status = 0, status
                if self.output >= 0:
                    self.read_output()


def described(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"PostgreSQL was ended by signal {os.WTERMSIG(status)}"
    return f"PostgreSQL ended with exit code {os.WEXITSTATUS(status)}"


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def processes() -> list[int] | None:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - as above
    except OSError:
        return None


def running_in(folder: os.stat_result) -> list[int] | None:
    """Return the PostgreSQL processes whose working directory is this very folder; None where nobody can tell."""
    pids = processes()
    if pids is None:
        return None
    found = []
    for pid in pids:
        try:
            where = os.stat(f"/proc/{pid}/cwd")  # noqa: PTH116 - as above
            program = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - as above
        except OSError:  # another user's, or gone
            continue
        same = (where.st_dev, where.st_ino) == (folder.st_dev, folder.st_ino)
        # A shell in which somebody has a look around is none of ours.
        if same and program.rpartition("/")[2].startswith("postgres") and pid != os.getpid():
            found.append(pid)
    return found


def children() -> list[int]:
    """Return our children that still run; a subreaper gets those of its dead children too."""
    found = []
    for pid in processes() or []:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != b"Z":
            found.append(pid)
    return found


def become(user: int, group: int) -> None:
    """Give up root for good, with all its groups."""
    if os.geteuid() != 0:
        return
    try:
        os.initgroups(pwd.getpwuid(user).pw_name, group)
    except KeyError:
        os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    if 0 in {os.getuid(), os.geteuid()}:
        raise PermissionError(errno.EPERM, "still root")


def read_line() -> bytes:
    """Read one line of stdin and not a byte more: what follows is for whoever comes next."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


def make(orders: dict[str, object], parent: int) -> NoReturn:
    """Become initdb; it ends with the server, and what it leaves half made the next start removes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    command = [str(part) for part in orders["make"]]  # type: ignore[attr-defined]
    environment = {str(k): str(v) for k, v in orders["environment"].items()}  # type: ignore[attr-defined]
    os.execve(command[0], command, environment)  # noqa: S606 - there is no shell


def main() -> int:
    parent = os.getppid()
    line = read_line()
    if not line:
        return 0
    orders = json.loads(line)
    become(int(orders["user"]), int(orders["group"]))
    os.umask(0o077)
    os.chdir("/")
    if "make" in orders:
        make(orders, parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A service manager that stops all at once: the server still commits, and says itself when to stop.
        signal.signal(number, signal.SIG_IGN)
    os.set_blocking(1, False)
    return Supervisor(orders, parent).run()


if __name__ == "__main__":
    sys.exit(main())
