"""Which jobs there are: all of them, in one place."""

from datetime import timedelta
from typing import Final

from sightline import clock
from sightline.accounts import invitations, setup, sign_ins, throttle
from sightline.operate.house import House
from sightline.server.jobs import Job, Progress
from sightline.signals import quarantine


async def _tidy_accounts(house: House, _progress: Progress) -> str:
    """Remove what has ended long ago: sign-ins, setup links, invitations, counters of failed sign-ins."""
    gone = [await part.forget_old(house.database) for part in (sign_ins, setup, invitations, throttle)]
    return f"removed {sum(gone)} rows that had ended"


async def _tidy_quarantine(house: House, _progress: Progress) -> str:
    """Forget what was kept out and looked at for long enough."""
    gone = await quarantine.forget_old(house.database, clock.now_ms())
    return f"forgot {gone} events that were kept out more than {quarantine.DAYS} days ago"


JOBS: Final[tuple[Job[House], ...]] = (
    Job("accounts.tidy", timedelta(hours=1), _tidy_accounts),
    Job("quarantine.tidy", timedelta(hours=1), _tidy_quarantine),
)
