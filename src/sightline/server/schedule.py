"""Which jobs there are: all of them, in one place."""

from datetime import timedelta
from typing import Final

from sightline import clock, metrics
from sightline.accounts import invitations, setup, sign_ins, throttle
from sightline.blobs.stores import open_store
from sightline.cloud.feeding import Feeding
from sightline.cloud.opensearch import OpenSearch
from sightline.collect.openreplay.tokens import LIFE_S as TOKEN_LIFE_S
from sightline.errors import CheckFailed, SightlineError
from sightline.operate.house import House
from sightline.replay import retention as recordings
from sightline.replay.erasing import PAGES
from sightline.replay.sealing import Sealing
from sightline.server.grouping import grouping_of, maps_of
from sightline.server.jobs import Job, Progress
from sightline.signals import quarantine
from sightline.signals.audits import JOB as AUDITS
from sightline.signals.audits import Audits
from sightline.signals.remasking import JOB as REMASK
from sightline.signals.remasking import Job as Remask
from sightline.signals.remasking import Remasking
from sightline.signals.salts import Salts
from sightline.signals.sealing import Sealer as SignalSealer
from sightline.signals.upkeep import Upkeep
from sightline.vault.audit import keep_months
from sightline.vault.database import Context
from sightline.vault.keeping import Keeping
from sightline.vault.requests import OWN
from sightline.vault.retiring import Retiring
from sightline.vault.rotation import JOB as ROTATIONS
from sightline.vault.rotation import Rotation, open_runs
from sightline.vault.sealing import Sealer


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

    job = await Remasking(house.database, house.walkers, house.rules, house.direct).resume(watch=watch)
    return "nothing was interrupted" if job is None else f"finished job {job.id}: {job.changed:,} signals masked anew"


async def _audit_stored(house: House, progress: Progress) -> str:
    """Carry out the audits that were asked for."""
    done = await Audits(house.database).run(house.walkers, house.rules, progress=progress)
    return f"finished {done} audits" if done else "nothing was asked for"


async def _erase(house: House, progress: Progress) -> str:
    """Carry out what was asked to be erased; readers do not see it any more since it was asked for."""
    done = await house.erasure.resume(progress=progress)
    return f"finished {done} erasures" if done else "nothing was to be erased"


async def _keep_up(house: House, progress: Progress) -> str:
    """Seal what the journal holds of past days, merge, apply retention, drop what is sealed and old."""
    upkeep = Upkeep(SignalSealer(house.catalogue), house.erasure, Salts(house.database), house.settings.signals)
    return (await upkeep.run(progress=progress)).line()


async def _group_errors(house: House, _progress: Progress) -> str:
    """Count the errors that have arrived; whoever looks at issues meanwhile does it, too."""
    counted = await grouping_of(house).catch_up()
    return f"counted {counted:,} errors"


async def _tidy_maps(house: House, _progress: Progress) -> str:
    """Remove source maps of sites that are gone, and parts of uploads that nobody finished."""
    return f"removed {await maps_of(house).tidy()} objects"


async def _seal_recordings(house: House, progress: Progress) -> str:
    """Turn the recordings of visits that have ended into objects, and forget what only open ones need."""
    sealing = Sealing(house.database, house.stores.recordings, house.keys)
    disk = await house.stores.recordings.disk()
    if disk is not None and disk.full:
        metrics.count("RecordingsFull")
    done = await sealing.run(progress=progress)
    swept = await sealing.sweep()
    await house.database.execute(PAGES["forget_old"], clock.now_ms() - TOKEN_LIFE_S * 1000)
    return f"sealed {done.recordings} recordings, {done.bytes:,} bytes; {swept} objects that a crash had left"


async def _age_recordings(house: House, _progress: Progress) -> str:
    """Delete recordings that are too old or too many."""
    budget = house.settings.recordings.budget_mb << 20
    gone, room = await recordings.apply(house.database, house.library, budget)
    return "; ".join(filter(None, (f"deleted {gone} recordings, {room.bytes:,} bytes remain", *room.trouble())))


async def _seal_vault(house: House, _progress: Progress) -> str:
    """Seal the vault's audit and put the seals into the object store."""
    if house.vault is None:
        return "there is no vault"
    return f"sealed {await Sealer(house.vault.database, house.keys, house.stores.seals).seal()} rows"


async def _keep_vault(house: House, _progress: Progress) -> str:
    """Take values away that are older than vault.keep lets them get."""
    if house.vault is None:
        return "there is no vault"
    tenants = [row["id"] for row in await house.database.fetch(OWN["tenants"])]
    return f"took {await Keeping(house.vault, house.stores.seals, tenants).run()} values away"


async def _finish_vault_erasures(house: House, _progress: Progress) -> str:
    """Carry out the erasures of the vault that were interrupted."""
    if house.vault is None:
        return "there is no vault"
    return f"finished {await house.requests.finish()} erasures"


async def _rotate_vault(house: House, progress: Progress) -> str:
    """Carry out the rotations of the vault's keys that were asked for or interrupted."""
    if house.vault is None:
        return "there is no vault"
    done, failed = 0, list[SightlineError]()
    runs = await open_runs(house.vault.database)
    for number, (tenant_id, key_type) in enumerate(runs):
        rotation = Rotation(house.vault, Context(tenant_id=tenant_id, actor_kind="job", origin=ROTATIONS))
        try:
            done += await rotation.resume(key_type) is not None
        except SightlineError as exc:  # it goes on with the next run of this job; the other teams' do not wait
            failed.append(exc)
        await progress((number + 1) / len(runs))
    if failed:
        raise failed[0]
    return f"finished {done} rotations" if done else "nothing was asked for"


async def _retire_vault_keys(house: House, _progress: Progress) -> str:
    """Destroy versions of keys that rotations left unused, once no backup needs them."""
    if house.vault is None:
        return "there is no vault"
    tenants = [row["id"] for row in await house.database.fetch(OWN["tenants"])]
    return f"destroyed {await Retiring(house.vault, tenants).run()} versions"


async def _verify_vault(house: House, _progress: Progress) -> str:
    """Hold the vault's audit against its seals and their copies, as somebody should every day."""
    if house.vault is None:
        return "there is no vault"
    found = await Sealer(house.vault.database, house.keys, house.stores.seals).verify()
    metrics.observe("VaultAuditWrong", len(found.wrong))
    if found.wrong:
        raise CheckFailed(f"{len(found.wrong)} things are not as they were sealed, first: {found.wrong[0]}",
                          hint="`sightline vault audit verify` names them all.")  # fmt: skip
    return f"{found.seals} seals, {found.rows} rows, all as written"


async def _keep_vault_months(house: House, _progress: Progress) -> str:
    """Make the coming months of the vault's audit, drop what is older than it is kept."""
    if house.vault is None:
        return "there is no vault"
    made, dropped = await keep_months(house.vault.database)
    return f"made {made} months, dropped {dropped}"


async def _feed_opensearch(house: House, _progress: Progress) -> str:
    """Write the lines of backends that have arrived to OpenSearch, where one is set."""
    settings = house.settings.opensearch
    if not settings.url:
        return "no OpenSearch is set"
    dead = house.stores.extents
    if settings.dead_letters:
        dead = open_store(settings.dead_letters, house.settings.aws, setting="opensearch.dead_letters")
    domain = OpenSearch(settings, house.settings.aws)
    return (await Feeding(house.database, domain, dead, index=settings.index).run()).line()


JOBS: Final[tuple[Job[House], ...]] = (
    Job("accounts.tidy", timedelta(hours=1), _tidy_accounts),
    Job("quarantine.tidy", timedelta(hours=1), _tidy_quarantine),
    Job("errors.group", timedelta(seconds=10), _group_errors),
    Job("logs.opensearch", timedelta(seconds=10), _feed_opensearch),
    Job("sourcemaps.tidy", timedelta(hours=6), _tidy_maps),
    Job(AUDITS, timedelta(minutes=5), _audit_stored),
    Job(REMASK, timedelta(minutes=5), _go_on_masking),
    Job("privacy.salts", timedelta(minutes=10), _turn_salts),
    Job("recordings.retention", timedelta(minutes=30), _age_recordings),
    Job("recordings.seal", timedelta(minutes=1), _seal_recordings),
    Job("signals.erasures", timedelta(minutes=1), _erase),
    Job("signals.upkeep", timedelta(minutes=15), _keep_up),
    Job("vault.seal", timedelta(minutes=1), _seal_vault),
    Job("vault.erasures", timedelta(minutes=10), _finish_vault_erasures),
    Job("vault.keeping", timedelta(hours=1), _keep_vault),
    Job(ROTATIONS, timedelta(minutes=1), _rotate_vault),
    Job("vault.retiring", timedelta(days=1), _retire_vault_keys),
    Job("vault.verify", timedelta(days=1), _verify_vault),
    Job("vault.months", timedelta(hours=12), _keep_vault_months),
)
