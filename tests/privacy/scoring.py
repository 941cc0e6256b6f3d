"""How well the rules find what a labelled set says: recall on ordinary and hard spans, negatives flagged."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sightline.privacy.dictionary import Rules
from sightline.privacy.masks import find

LABELLED = Path(__file__).parent / "labelled"
COVERED = 0.95


@dataclass
class Score:
    """The counts of one set."""

    ordinary: int = 0
    ordinary_found: int = 0
    hard: int = 0
    hard_found: int = 0
    negatives: int = 0
    flagged: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"ordinary {self.ordinary_found}/{self.ordinary}, hard {self.hard_found}/{self.hard}, "
            f"negatives flagged {self.flagged}/{self.negatives}"
        )


def labelled(name: str) -> list[dict[str, Any]]:
    lines = (LABELLED / f"{name}.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def score(rules: Rules, entries: Iterable[dict[str, Any]]) -> Score:
    result = Score()
    for entry in entries:
        text, hits = entry["text"], find(rules, entry["text"])
        if not entry["spans"]:
            result.negatives += 1
            if hits is None or hits:
                result.flagged += 1
                result.missed.append(("flagged", text))
        for start, end, kind in entry["spans"]:
            covered = end - start if hits is None else sum(max(0, min(end, h.end) - max(start, h.start)) for h in hits)
            found = covered >= COVERED * (end - start)
            if entry.get("hard"):
                result.hard += 1
                result.hard_found += found
            else:
                result.ordinary += 1
                result.ordinary_found += found
            if not found:
                result.missed.append((kind, text))
    return result
