"""A small server of its own process: starts the embedded PostgreSQL, writes rows, and says each one that is committed.

`python writer.py DATA OS_USER`; it is killed in all ways by the tests. SIGTERM ends it properly.
"""

import asyncio
import signal
import sys
from pathlib import Path

from sightline.database.embedded import EmbeddedPostgres
from sightline.database.pool import Database
from sightline.errors import SightlineError
from sightline.settings import EmbeddedSettings


async def write(data: Path, os_user: str) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    embedded = EmbeddedPostgres(data, EmbeddedSettings(os_user=os_user))
    address = await embedded.start(lambda text: print("progress", text, flush=True))
    database = await Database.open(address, minimum=1, maximum=2, timeout_s=30)
    await database.execute("CREATE TABLE IF NOT EXISTS written (number bigint PRIMARY KEY)")
    number = int(str(await database.fetchval("SELECT coalesce(max(number), 0) FROM written")))
    print("ready", flush=True)
    while not ended.is_set():
        number += 1
        try:
            await database.execute("INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING", number)
        except SightlineError as error:
            number -= 1
            print("away", error.code, flush=True)
            await asyncio.sleep(0.05)
            continue
        print("committed", number, flush=True)
        await asyncio.sleep(0.005)
    await database.close()
    await embedded.stop()
    print("stopped", flush=True)


def main() -> int:
    try:
        asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))
    except SightlineError as error:
        print("refused", error.line(), flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
