"""Fixtures of the accounts' tests."""

from collections.abc import Iterator

import pytest

from sightline.accounts import passwords


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with passwords.cheap_for_tests():
        yield
