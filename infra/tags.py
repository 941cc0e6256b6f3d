"""The tags of every resource: five are required, the functional ones say what it is for. The one place that knows them.

`requirements/story-1.1.md` names keys and values; `ManagedBy` is CDK, since SST is not used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from constructs import IConstruct

PROJECT: Final = "UserMetrics"
MANAGED_BY: Final = "CDK"
COST_CENTER: Final = "Observability"

REQUIRED: Final = ("Project", "Environment", "ManagedBy", "CostCenter", "Owner")
FUNCTIONAL: Final = ("Component", "Function")
# Where they apply: data, roles, subnets, what is kept for a time.
SPECIFIC: Final = ("DataType", "Purpose", "AccessLevel", "NetworkTier", "RetentionPeriod")
COST_ALLOCATION: Final = ("Project", "Component", "Function", "Environment", "CostCenter", "DataType", "Owner")

NETWORKING: Final = {"Component": "Networking", "Function": "Networking"}
SECURITY: Final = {"Component": "Networking", "Function": "Security"}
IAM: Final = {"Component": "IAM", "Function": "AccessControl"}
STORAGE: Final = {"Component": "Storage", "Function": "Storage"}
KEYS: Final = {"Component": "Keys", "Function": "Security"}
DATABASE: Final = {"Component": "Database", "Function": "Storage"}
COMPUTE: Final = {"Component": "Compute", "Function": "Collection"}
DELIVERY: Final = {"Component": "Delivery", "Function": "Networking"}
MONITORING: Final = {"Component": "Observability", "Function": "Monitoring"}
COST: Final = {"Component": "Cost", "Function": "Monitoring"}


def required(stage: str, owner: str) -> dict[str, str]:
    """The five tags that everything carries."""
    values = (PROJECT, stage, MANAGED_BY, COST_CENTER, owner)
    return dict(zip(REQUIRED, values, strict=True))


def put(scope: "IConstruct", tags: Mapping[str, str], **specific: str) -> None:
    """Put tags on a construct and all below it: functional ones, and `specific` ones where they apply."""
    from aws_cdk import Tags  # noqa: PLC0415 - who reads the keys needs no CDK

    unknown = sorted({*tags, *specific} - {*REQUIRED, *FUNCTIONAL, *SPECIFIC})
    if unknown:
        raise ValueError(f"tags {unknown!r} stand in no schema; known are {(*REQUIRED, *FUNCTIONAL, *SPECIFIC)!r}")
    for key, value in {**tags, **specific}.items():
        Tags.of(scope).add(key, value)
