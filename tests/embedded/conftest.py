"""Folders and users for the embedded PostgreSQL."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded import people
from tests.embedded.people import Person
from tests.embedded.processes import Writer, of_folder, wait_for_none


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if people.IS_ROOT:
        return
    left = [item for item in items if isinstance(item, pytest.Function) and hasattr(item.function, "needs_root")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def os_user() -> Iterator[str]:
    """Who runs PostgreSQL in these tests when root starts it."""
    with people.system_user() as name:
        yield name


def _remove_sockets(place: Path) -> None:
    """Remove the socket folders of servers that were killed, which their next start would have used again."""
    for file in place.rglob("run/address.json"):
        sockets = Path(json.loads(file.read_bytes())["host"])
        if sockets.is_absolute() and sockets.is_dir():
            shutil.rmtree(sockets)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder through which everybody can pass; nothing may still run in it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sl-embedded-"))
    folder.chmod(0o755)
    yield folder
    try:
        wait_for_none(folder)
    finally:
        for process in of_folder(folder):
            process.kill()
        _remove_sockets(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def ordinary_person() -> Iterator[Person]:
    with people.ordinary() as person:
        yield person


@pytest.fixture(params=people.KINDS)
def person(request: pytest.FixtureRequest, place: Path) -> Person:
    """Root (where the tests are) and an ordinary user, who then owns the place."""
    if request.param == "root":
        return people.myself()
    found: Person = request.getfixturevalue("ordinary_person")
    if found.uid is not None:
        shutil.chown(place, found.uid)
    return found


@pytest.fixture
def write(person: Person, place: Path, os_user: str) -> Iterator[Callable[[], Writer]]:
    """Start a server in `place / "data"` that writes rows; one that still runs at the end is killed."""
    started: list[Writer] = []

    def start() -> Writer:
        started.append(Writer(person, place / "data", os_user))
        return started[-1]

    yield start
    for writer in started:
        if writer.process.returncode is None:
            writer.kill()
