"""Every criterion of the requirements as a row, and what the account says about it. Reads only.

`verification.toml` holds the rows. A row names a check of `verification_checks`, or what a person looks at, or why
it is not built. What is measured in a browser or in somebody else's application is not claimed from here.
"""

import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from sightline.cloud.foundation import Foundation
from sightline.cloud.session import AwsAway
from sightline.cloud.verification_checks import CHECKS, Finding, State
from sightline.errors import SightlineError
from sightline.settings import AwsSettings

_HOW: Final = {"human": "by a person", "missing": "not built"}
_TITLES: Final = {"pass": "pass", "fail": "fail", "human": "needs a human", "missing": "not built"}


class Row(msgspec.Struct, frozen=True):
    """One criterion; `text` is the name of a check, or what to look at, or why it is not built."""

    id: str
    criterion: str
    kind: Literal["check", "human", "missing"]
    text: str


class Verified(msgspec.Struct, frozen=True):
    """What came out for one criterion."""

    id: str
    criterion: str
    how: str
    state: State
    evidence: str


@cache
def rows() -> Sequence[Row]:
    text = resources.files("sightline.cloud").joinpath("verification.toml").read_text("utf-8")
    return [msgspec.convert(dict(zip(Row.__struct_fields__, row, strict=True)), Row)
            for row in tomllib.loads(text)["rows"]]  # fmt: skip


def verify(aws: AwsSettings, before: Path | None = None, *, grafana: bool = False) -> list[Verified]:
    """Ask each check once, and answer every row with it; `before` is an inventory from before the deployment.

    `grafana` opens the workspace too, with a token of minutes.
    """
    foundation = Foundation(aws, before, asks_grafana=grafana)
    foundation.who()  # who cannot sign in learns it at once, not from every row
    asked: dict[str, Finding] = {}
    found = []
    for row in rows():
        if row.kind != "check":
            found.append(Verified(row.id, row.criterion, _HOW[row.kind], row.kind, row.text))
            continue
        if row.text not in asked:
            asked[row.text] = _asked(CHECKS[row.text], foundation, aws)
        finding = asked[row.text]
        found.append(Verified(row.id, row.criterion, how(row.text), finding.state, finding.evidence))
    return found


def how(check: str) -> str:
    """The first line of a check's docstring: what it asks AWS for."""
    return (CHECKS[check].__doc__ or "").strip().splitlines()[0].rstrip(".")


def _asked(check: Callable[[Foundation], Finding], foundation: Foundation, aws: AwsSettings) -> Finding:
    """What could not be read never passes: on AWS it fails, at an emulator that lacks the call a person has to look."""
    try:
        return check(foundation)
    except AwsAway:
        raise
    except SightlineError as exc:
        if aws.endpoint_url:
            return Finding("human", f"this endpoint does not show it ({exc}): run it against AWS")
        return Finding("fail", f"cannot be read: {exc}")


def counts(found: Sequence[Verified]) -> dict[str, int]:
    return {title: sum(one.state == state for one in found) for state, title in _TITLES.items()}


def title(state: State) -> str:
    return _TITLES[state]


def page(found: Sequence[Verified], about: str) -> str:
    """The rows as one HTML file that loads nothing."""
    lines = "\n".join(
        f'<tr class="{one.state}"><td>{escape(one.id)}</td><td>{escape(one.criterion)}</td>'
        f"<td>{_TITLES[one.state]}</td><td>{escape(one.how)}</td><td>{escape(one.evidence)}</td></tr>"
        for one in found
    )
    summary = ", ".join(f"{count} {name}" for name, count in counts(found).items())
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>What was asked, and what the account says</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c1c1c; background: #fff }}
table {{ border-collapse: collapse }}
td, th {{ padding: .3rem .7rem; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top }}
.fail td:nth-child(3) {{ color: #a00000; font-weight: 600 }}
.pass td:nth-child(3) {{ color: #0a5c1e }}
</style>
<h1>What was asked, and what the account says</h1>
<p>{escape(about)}: {summary}.</p>
<table><thead><tr><th>id</th><th>criterion</th><th>state</th><th>how</th><th>evidence</th></tr></thead><tbody>
{lines}
</tbody></table>
</html>
"""


def document(found: Sequence[Verified]) -> dict[str, Any]:
    return {"counts": counts(found), "rows": msgspec.to_builtins(found)}
