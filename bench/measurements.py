"""docs/measurements.md: every figure with the command that makes it, one section per benchmark, rewritten in place."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.pairs import Comparison
from sightline import clock

FILE = Path(__file__).resolve().parent.parent / "docs" / "measurements.md"
_HEAD = """# Measurements

Every figure here was printed by the command that stands above it. Machines differ, so a figure is a ratio to a control
of the same run wherever there is one; absolute times are there to give an idea, not to be promised.
"""


class Figure(msgspec.Struct, frozen=True):
    """One measured number that has no control: a size, a time, a count; `limit` is the most it may be."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit


Result = Comparison | Figure


def section(title: str, command: str, results: Sequence[Result], note: str = "") -> str:
    """One section in Markdown."""
    moment = clock.now().strftime("%Y-%m-%d")
    lines = [
        f"## {title}",
        "",
        f"`{command}` on {moment}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}",
        "",
    ]
    if comparisons := [found for found in results if isinstance(found, Comparison)]:
        lines += ["| candidate against control | ratio | bound | spread | candidate ms | control ms | rounds |"]
        lines += ["|---|--:|--:|---|--:|--:|--:|"]
        lines += [
            f"| {c.name} | **{c.ratio:.2f}** | {_bound('≥', c.bound)} | {c.low:.2f} to {c.high:.2f} "
            f"| {c.candidate_ms:.2f} | {c.control_ms:.2f} | {c.rounds} |"
            for c in comparisons
        ]
        lines.append("")
    if figures := [found for found in results if isinstance(found, Figure)]:
        lines += ["| figure | value | bound |", "|---|--:|--:|"]
        lines += [f"| {f.name} | **{_number(f.value)} {f.unit}** | {_bound('≤', f.limit)} |" for f in figures]
        lines.append("")
    if note:
        lines += [note, ""]
    return "\n".join(lines)


def record(title: str, command: str, results: Sequence[Result], note: str = "", *, file: Path = FILE) -> None:
    """Put the section of that title into the file, in the place of the one that was there."""
    text = file.read_text("utf-8") if file.exists() else _HEAD
    new = section(title, command, results, note)
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    text, replaced = pattern.subn(lambda _: new + "\n", text)
    if not replaced:
        text = text.rstrip("\n") + "\n\n" + new
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.rstrip("\n") + "\n", "utf-8")


def _bound(sign: str, bound: float | None) -> str:
    return "-" if bound is None else f"{sign} {_number(bound)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
