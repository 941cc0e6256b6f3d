"""Rules of the dashboard's sources that a search can hold: texts, colours, the content security policy, contrast."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "dashboard/src"
TOKENS = (SOURCE / "styles/tokens.css").read_text("utf-8")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\(")


def components() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.svelte")):
        yield path.relative_to(SOURCE).as_posix(), path.read_text("utf-8")


def markup(source: str) -> str:
    """Return a component without its script, style and comments, and without what stands in braces."""
    for block in (r"<script[^>]*>.*?</script>", r"<style[^>]*>.*?</style>", r"<!--.*?-->"):
        source = re.sub(block, "", source, flags=re.DOTALL)
    while (inner := re.sub(r"\{[^{}]*\}", "", source)) != source:
        source = inner
    return source


def test_every_text_stands_in_the_message_file() -> None:
    texts = {}
    for name, source in components():
        between = re.sub(r"<[^>]*>", "\n", markup(source))
        said = re.findall(r'(?:label|title|placeholder|alt|aria-label)="([^"]*[A-Za-z][^"]*)"', markup(source))
        words = [line.strip() for line in between.splitlines() if re.search(r"[A-Za-z]", line)]
        if words or said:
            texts[name] = words + said
    assert texts == {}


def test_every_colour_stands_in_the_tokens() -> None:
    sources = dict(components()) | {"base.css": (SOURCE / "styles/base.css").read_text("utf-8")}
    found = {name: COLOUR.findall(source) for name, source in sources.items()}
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_every_token_that_is_used_exists() -> None:
    known = set(re.findall(r"^\s*(--[a-z0-9-]+):", TOKENS, flags=re.MULTILINE))
    used = {
        name: set(re.findall(r"var\((--[a-z0-9-]+)", path.read_text("utf-8"))) - known
        for path in SOURCE.rglob("*")
        if path.suffix in {".svelte", ".css"}
        for name in [path.name]
    }
    assert {name: tokens for name, tokens in used.items() if tokens} == {}


@pytest.mark.parametrize(
    "forbidden", [r"\sstyle=", r"\{@html", r"innerHTML", r"\beval\(", r"\son[a-z]+=\"", r"https?://"]
)
def test_nothing_that_the_content_security_policy_forbids(forbidden: str) -> None:
    found = [name for name, source in components() if re.search(forbidden, source)]
    assert found == []


def channel(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def colours(scheme: int) -> dict[str, str]:
    pairs = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
    return {name: (light, dark)[scheme] for name, light, dark in pairs}


SURFACES = ("page", "surface", "raised", "sunken", "hover", "selected")


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_every_surface(scheme: int) -> None:
    """WCAG 2.2 success criterion 1.4.3: 4.5 to 1."""
    known = colours(scheme)
    pairs = [(text, surface) for text in ("text", "muted", "accent", "bad") for surface in SURFACES]
    pairs += [(f"{tone}", f"{tone}-soft") for tone in ("good", "warn", "bad")]
    pairs += [("text", f"{tone}-soft") for tone in ("good", "warn", "bad")]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-bad", "bad"), ("on-bad", "bad-strong")]
    low = {pair: round(contrast(known[pair[0]], known[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_controls_and_focus_stand_out_from_what_is_around_them(scheme: int) -> None:
    """WCAG 2.2 success criteria 1.4.11 and 2.4.13: 3 to 1."""
    known = colours(scheme)
    low = {
        (line, surface): contrast(known[line], known[surface]) for line in ("control", "focus") for surface in SURFACES
    }
    assert {pair: round(ratio, 2) for pair, ratio in low.items() if ratio < 3} == {}
