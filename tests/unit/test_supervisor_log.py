"""PostgreSQL's log, as the supervisor keeps it: bounded, and its last lines at hand."""

from pathlib import Path

import pytest

from sightline.database import supervisor
from sightline.database.supervisor import Log


def test_the_log_keeps_the_newest_and_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 1000)
    log = Log(str(tmp_path / "postgres.log"))
    for number in range(500):
        log.write(f"line {number}\n".encode())
    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == ["postgres.log", "postgres.log.1", "postgres.log.2"]
    assert all(path.stat().st_size <= 1000 for path in kept)
    text = "".join(path.read_text() for path in reversed(kept))
    lines = text.splitlines()
    assert lines == [f"line {number}" for number in range(500 - len(lines), 500)]


def test_the_last_lines_are_at_hand_whole_and_not_too_wide(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "postgres.log"))
    for part in (b"FATAL:  one", b" and the rest\n\n", b"x" * 5000 + b"\n", b"not yet e"):
        log.write(part)
    assert list(log.tail) == ["FATAL:  one and the rest", "x" * supervisor.TAIL_WIDTH]
    for number in range(100):
        log.write(f"{number}\n".encode())
    assert len(log.tail) == supervisor.TAIL_LINES


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "missing" / "postgres.log"))
    log.write(b"FATAL:  something\n")
    assert list(log.tail) == ["FATAL:  something"]


def test_a_log_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "postgres.log").symlink_to(tmp_path / "elsewhere")
    Log(str(tmp_path / "postgres.log")).write(b"line\n")
    assert not (tmp_path / "elsewhere").exists()
