"""Every report against the plain reference, through the real stores: journal, extents and warehouse.

The tests are those of `test_against_reference`; what differs is where the events are when they are asked about.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sightline.database.pool import Database
from tests.analytics import test_against_reference as plain
from tests.analytics.stored import Mode, Stored, again, stored

pytestmark = pytest.mark.slow
_EXAMPLES, _MANY = 2, 40


@pytest.fixture(params=list(Mode))
async def both(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(request.param, database, tmp_path) as opened:
        yield opened


for _name in [name for name in vars(plain) if name.startswith("test_")]:
    globals()[_name] = again(getattr(plain, _name), _EXAMPLES)
    globals()[f"{_name}_again_and_again"] = pytest.mark.soak(again(getattr(plain, _name), _MANY))
