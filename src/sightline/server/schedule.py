"""Which jobs there are: all of them, in one place."""

from datetime import timedelta
from typing import Final

from sightline import clock
from sightline.accounts import invitations, setup, sign_ins, throttle
from sightline.operate.house import House
from sightline.server.jobs import Job, Progress
from sightline.signals import quarantine
from sightline.signals.extents import Catalogue
from sightline.signals.remasking import Job as Remask
from sightline.signals.remasking import Remasking
from sightline.signals.salts import Salts
from sightline.signals.walkers import Walkers


async def _tidy_accounts(house: House, _progress: Progress) -> str:
    """Remove what has ended long ago: sign-ins, setup links, invitations, counters of failed sign-ins."""
    gone = [await part.forget_old(house.database) for part in (sign_ins, setup, invitations, throttle)]
    return f"removed {sum(gone)} rows that had ended"


async def _tidy_quarantine(house: House, _progress: Progress) -> str:
    """Forget what was kept out and looked at for long enough."""
    gone = await quarantine.forget_old(house.database, clock.now_ms())
    return f"forgot {gone} events that were kept out more than {quarantine.DAYS} days ago"


async def _turn_salts(house: House, _progress: Progress) -> str:
    """Make the salts of the periods that begin soon, destroy those whose period is over."""
    salts = Salts(house.database)
    made = await salts.prepare()
    destroyed = await salts.destroy_ended()
    return f"made {made} salts, destroyed {destroyed}"


async def _go_on_masking(house: House, progress: Progress) -> str:
    """Finish a masking anew that was interrupted."""

    async def watch(job: Remask) -> None:
        await progress(job.progress)

    walkers = Walkers(Catalogue(house.database, house.stores.extents, house.direct))
    job = await Remasking(house.database, walkers, house.rules, house.direct).resume(watch=watch)
    return "nothing was interrupted" if job is None else f"finished job {job.id}: {job.changed:,} signals masked anew"


JOBS: Final[tuple[Job[House], ...]] = (
    Job("accounts.tidy", timedelta(hours=1), _tidy_accounts),
    Job("quarantine.tidy", timedelta(hours=1), _tidy_quarantine),
    Job("privacy.remask", timedelta(minutes=5), _go_on_masking),
    Job("privacy.salts", timedelta(minutes=10), _turn_salts),
)
