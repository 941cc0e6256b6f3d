"""Named queries."""

import pytest

from sightline.sql import Queries


def test_a_query_is_found_by_its_name_with_its_comment() -> None:
    queries = Queries("x.sql", "-- name: one\n-- The number one.\nSELECT 1\n\n-- name: two\nSELECT 2\n")
    assert queries["one"] == "-- The number one.\nSELECT 1"
    assert queries.names() == ["one", "two"]


def test_an_unknown_name_says_which_file_lacks_it() -> None:
    with pytest.raises(KeyError, match=r"x\.sql has no query 'three'"):
        Queries("x.sql", "")["three"]


def test_two_queries_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="'one' stands twice"):
        Queries("x.sql", "-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
