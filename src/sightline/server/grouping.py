"""Issues with the parts of a house: where their errors are read, and which source maps are asked."""

from sightline.health.grouping import Grouping
from sightline.health.issues import Errors, JournalErrors, WarehouseErrors
from sightline.health.resolving import Resolver
from sightline.health.sourcemaps import SourceMaps
from sightline.operate.house import House


def maps_of(house: House) -> SourceMaps:
    return SourceMaps(house.database, house.stores.recordings)


def resolver_of(house: House) -> Resolver:
    """Read maps are remembered by the process, whoever asks."""
    return Resolver(maps_of(house))


def grouping_of(house: House) -> Grouping:
    return Grouping(house.catalogue, resolver_of(house))


def errors_of(house: House) -> Errors:
    """The warehouse of this process; PostgreSQL itself in a process that has none."""
    return JournalErrors(house.database) if house.warehouse is None else WarehouseErrors(house.warehouse)
