"""The long form of the fuzz of decoder and converter: about ten minutes."""

import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.openreplay.fuzzing import ANY, SMALL, fuzz, rows
from tests.openreplay.wire import batch, head

MOST_MB = 1_000


@pytest.mark.soak
@settings(max_examples=40_000, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=500).map(lambda tail: head() + tail), st.lists(rows(SMALL), max_size=40).map(batch),
            st.lists(rows(ANY), max_size=20).map(batch),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_nothing_breaks_them_in_ten_minutes(bodies: list[bytes]) -> None:
    fuzz(bodies)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_MB * 1024
