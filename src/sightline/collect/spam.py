"""The list of referrer spam that ships."""

from functools import cache
from importlib import resources


@cache
def domains() -> frozenset[str]:
    """The domains; whatever is below one of them is spam, too."""
    lines = resources.files("sightline.collect").joinpath("spam.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
