"""What a month on AWS costs: the resources of the templates, times a workload profile, times a dated price table.

Every resource type has a row here or is named as free, so that nothing new is left out of the sum by silence. What AWS
gives every account for good (ten metrics, ten alarms, five gigabytes of logs …) is taken off; what it gives for a first
year is not.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from sightline.cloud.grafana.alerts import GROUPS
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.lint import asked, evaluated, looks_an_hour
from sightline.cloud.grafana.model import document
from sightline.cloud.templates import Resource, existing
from sightline.errors import InvalidValue

HOURS: Final = 730
PROFILES: Final = ("small", "search", "thousand", "new-database")
# S3 writes so many request metrics once a bucket asks for them, each at the price of a custom one.
_BUCKET_METRICS: Final = 13
_ROUTE_METRICS: Final = 5
# What no account pays for, for good.
_FREE_METRICS, _FREE_ALARMS, _FREE_DASHBOARDS, _FREE_LOG_GB = 10, 10, 3, 5
_FREE_FRONT_GB, _FREE_FRONT_MILLIONS, _FREE_KEY_REQUESTS = 1024, 10, 20_000
# A balancer that does nothing but health checks and bots still uses some of a unit.
_LEAST_UNITS: Final = 0.1
_KEPT_LOG_MONTHS: Final = 3


class Price(msgspec.Struct, frozen=True):
    """One row of the table."""

    usd: float
    per: str
    source: str


class Prices(msgspec.Struct, frozen=True):
    """The table and the day on which it was read."""

    read: str
    rows: Mapping[str, Price]


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a month brings."""

    visits: float
    collect_requests: float
    recording_gb: float
    recording_puts: float
    extent_gb: float
    log_gb: float
    custom_metrics: float
    nat_gb: float
    database_gb: float
    database_io_millions: float
    image_gb: float
    beacon_requests: float
    grafana_editors: float
    grafana_viewers: float
    grafana_hours: float  # for which somebody has a dashboard open
    insights_gb: float


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A workload, and the parameters with which the templates are deployed."""

    about: str
    work: Work
    parameters: Mapping[str, str] = {}


class Line(msgspec.Struct, frozen=True):
    """One sum of the estimate."""

    part: str
    resource: str
    what: str
    quantity: float
    unit: str
    usd: float


class Estimate(msgspec.Struct, frozen=True):
    """A month."""

    about: str
    prices_read: str
    lines: Sequence[Line]

    @property
    def total(self) -> float:
        return round(sum(line.usd for line in self.lines), 2)


@cache
def prices() -> Prices:
    table = tomllib.loads(resources.files("sightline.cloud").joinpath("prices.toml").read_text("utf-8"))
    read = table.pop("read")
    return Prices(read, msgspec.convert(table, dict[str, Price]))


def profile(name: str) -> Profile:
    """A shipped profile by its name, or one from a file."""
    if name in PROFILES:
        text = resources.files("sightline.cloud").joinpath(f"profiles/{name}.toml").read_text("utf-8")
    elif (file := Path(name)).is_file():
        text = file.read_text("utf-8")
    else:
        raise InvalidValue(f"no profile {name!r}", hint=f"Name a TOML file, or one of {', '.join(PROFILES)}.")
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as exc:
        raise InvalidValue(f"the profile {name!r} cannot be read: {exc}", hint="Begin with a copy of `small`.") from exc


def estimate(chosen: Profile, parameters: Mapping[str, str] | None = None) -> Estimate:
    """The month of a profile; `parameters` are stronger than its own."""
    given = {**chosen.parameters, **(parameters or {})}
    found = list(existing(given))
    sums = _Sums(chosen.work)
    for resource in found:
        sums.add(resource)
    return Estimate(chosen.about, prices().read, tuple(sums.lines()))


class _Sums:
    """Goes through the resources once; what is counted over all of them is priced at the end."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lines: list[Line] = []
        self._metrics = work.custom_metrics
        self._alarm_metrics = 0
        self._dashboards = 0
        self._tasks: list[Resource] = []

    def add(self, resource: Resource) -> None:
        if resource.type in _FREE:
            return
        price = _PRICED.get(resource.type)
        if price is None:
            raise InvalidValue(
                f"{resource.name} is of type {resource.type!r}, which has no price",
                hint="Give it a row in sightline/cloud/cost.py, or name it as free there.",
            )
        price(self, resource)

    def lines(self) -> Iterator[Line]:
        yield from self._lines
        work = self._work
        account = Resource("account", "CloudWatch", "", {})
        self._lines = []
        self.put(account, "metrics beyond 10", max(0, self._metrics - _FREE_METRICS), "metric")
        self.put(account, "alarms beyond 10", max(0, self._alarm_metrics - _FREE_ALARMS), "alarm")
        self.put(account, "dashboards beyond 3", max(0, self._dashboards - _FREE_DASHBOARDS), "dashboard")
        self.put(account, "logs beyond 5 GB", max(0, work.log_gb - _FREE_LOG_GB), "log-data")
        self.put(account, "logs kept 90 days", max(0, work.log_gb * _KEPT_LOG_MONTHS - _FREE_LOG_GB), "log-storage")
        self.put(account, "log queries", work.insights_gb, "insights")
        requested = work.grafana_hours * _asked_an_hour()
        self.put(account, "metrics asked by Grafana", requested / 1000, "metric-requests")
        self.put(Resource("account", "ECR", "", {}), "image", work.image_gb, "registry")
        self.put(Resource("account", "CostExplorer", "", {}), "a report a day, of four requests", 4 * 31, "explorer")
        yield from self._lines

    def put(self, resource: Resource, what: str, quantity: float, row: str) -> None:
        price = prices().rows[row]
        if quantity:
            usd = round(quantity * price.usd, 4)
            self._lines.append(Line(resource.part, resource.name, what, round(quantity, 3), price.per, usd))

    # ---- one function per type that costs -----------------------------------------------------------------------

    def service(self, resource: Resource) -> None:
        task = next(one for one in self._tasks if one.part == resource.part)
        count = float(resource.properties["DesiredCount"])
        cpu, memory = float(task.properties["Cpu"]) / 1024, float(task.properties["Memory"]) / 1024
        self.put(resource, "CPU of its tasks", count * cpu * HOURS, "fargate-arm-vcpu")
        self.put(resource, "memory of its tasks", count * memory * HOURS, "fargate-arm-memory")

    def task(self, resource: Resource) -> None:
        if resource.properties["RuntimePlatform"]["CpuArchitecture"] != "ARM64":
            raise InvalidValue(f"{resource.name} is not for ARM64", hint="Give x86 a price in prices.toml first.")
        self._tasks.append(resource)

    def balancer(self, resource: Resource) -> None:
        work = self._work
        traffic = (work.recording_gb + work.extent_gb) / HOURS
        connections = work.collect_requests / (HOURS * 3600 * 25)
        self.put(resource, "hours", HOURS, "balancer")
        self.put(resource, "capacity", HOURS * max(_LEAST_UNITS, traffic, connections), "balancer-capacity")
        self.put(resource, "public addresses, one a zone", 2 * HOURS, "public-address")

    def nat(self, resource: Resource) -> None:
        self.put(resource, "hours", HOURS, "nat-gateway")
        self.put(resource, "data", self._work.nat_gb, "nat-data")

    def address(self, resource: Resource) -> None:
        self.put(resource, "hours", HOURS, "public-address")

    def instance(self, resource: Resource) -> None:
        kind = resource.properties["InstanceType"]
        if kind != "t4g.nano":
            raise InvalidValue(f"{resource.name} is a {kind}", hint="Give it a price in prices.toml first.")
        self.put(resource, "hours", HOURS, "t4g-nano")
        self.put(resource, "public address", HOURS, "public-address")
        for device in resource.properties["BlockDeviceMappings"]:
            self.put(resource, "disk", float(device["Ebs"]["VolumeSize"]), "gp3")

    def peering(self, resource: Resource) -> None:
        self.put(resource, "data between zones", self._work.database_gb * 2, "peering-data")

    def aurora(self, resource: Resource) -> None:
        least = float(resource.properties["ServerlessV2ScalingConfiguration"]["MinCapacity"])
        self.put(resource, "capacity at its least", least * HOURS, "aurora-capacity")
        self.put(resource, "storage", self._work.database_gb, "aurora-storage")
        self.put(resource, "requests", self._work.database_io_millions, "aurora-io")
        if resource.properties.get("ManageMasterUserPassword"):
            self.put(resource, "its administrator's secret", 1, "secret")

    def bucket(self, resource: Resource) -> None:
        work = self._work
        self._metrics += _BUCKET_METRICS * len(resource.properties.get("MetricsConfigurations", []))
        match resource.name:
            case "ObservabilityRecordings":
                self.put(resource, "storage", work.recording_gb, "s3-storage")
                self.put(resource, "written", work.recording_puts / 1000, "s3-puts")
                self.put(resource, "moved to Intelligent-Tiering", work.visits / 1000, "s3-transitions")
                self.put(resource, "watched by Intelligent-Tiering", work.visits / 1000, "s3-monitoring")
            case "ObservabilityExtents":
                self.put(resource, "storage of a year", work.extent_gb * 12, "s3-storage")
                self.put(resource, "written", work.extent_gb, "s3-puts")
            case "ObservabilityLogExport":
                self.put(resource, "storage of a year", work.log_gb * 12 / 8, "s3-storage")  # gzip: about an eighth
            case "ObservabilitySeals":
                self.put(resource, "written", 31 / 1000, "s3-puts")
            case _:
                raise InvalidValue(f"the bucket {resource.name} has no workload", hint="Say in cost.py what it holds.")

    def key(self, resource: Resource) -> None:
        self.put(resource, "month", 1, "key")
        requests = max(0.0, self._work.recording_puts / 100 - _FREE_KEY_REQUESTS)  # a bucket key serves many objects
        self.put(resource, "requests", requests / 10_000, "key-requests")

    def secret(self, resource: Resource) -> None:
        self.put(resource, "month", 1, "secret")

    def front(self, resource: Resource) -> None:
        work = self._work
        self.put(resource, "data beyond 1 TB", max(0.0, work.recording_gb - _FREE_FRONT_GB), "cloudfront-data")
        millions = work.collect_requests / 1e6
        self.put(resource, "requests beyond 10 M", max(0.0, millions - _FREE_FRONT_MILLIONS), "cloudfront-requests")

    def api(self, resource: Resource) -> None:
        self.put(resource, "requests", self._work.beacon_requests / 1e6, "http-api")

    def api_stage(self, resource: Resource) -> None:
        if resource.properties.get("DefaultRouteSettings", {}).get("DetailedMetricsEnabled"):
            self._metrics += _ROUTE_METRICS

    def function(self, resource: Resource) -> None:
        calls = self._work.beacon_requests
        seconds = calls * 0.02 * float(resource.properties["MemorySize"]) / 1024
        self.put(resource, "calls", calls / 1e6, "lambda-requests")
        self.put(resource, "time at 20 ms", seconds, "lambda-time")

    def alarm(self, resource: Resource) -> None:
        asked = [one for one in resource.properties.get("Metrics", []) if "MetricStat" in one]
        self._alarm_metrics += len(asked) or 1

    def dashboard(self, resource: Resource) -> None:  # noqa: ARG002 - the signature of all of them
        self._dashboards += 1

    def grafana(self, resource: Resource) -> None:
        self.put(resource, "editors, the service account too", self._work.grafana_editors, "grafana-editor")
        self.put(resource, "viewers", self._work.grafana_viewers, "grafana-viewer")
        self.put(resource, "metrics asked by alert rules", evaluated(GROUPS) * HOURS / 1000, "metric-requests")

    def search(self, resource: Resource) -> None:
        nodes = resource.properties["ClusterConfig"]
        if nodes["InstanceType"] != "t3.small.search":
            raise InvalidValue(f"{resource.name} is a {nodes['InstanceType']}", hint="Give it a price first.")
        count = float(nodes["InstanceCount"])
        self.put(resource, "hours", count * HOURS, "opensearch-t3-small")
        size = float(resource.properties["EBSOptions"]["VolumeSize"])
        self.put(resource, "disks", count * size, "opensearch-storage")


@cache
def _asked_an_hour() -> float:
    """How many metrics an open dashboard asks for, on the average of ours."""
    found = [document(dashboard) for dashboard in ALL]
    return sum(asked(one) * looks_an_hour(one) for one in found) / len(found)


_PRICED: Final[Mapping[str, Callable[[_Sums, Resource], Any]]] = {
    "AWS::ApiGatewayV2::Api": _Sums.api,
    "AWS::ApiGatewayV2::Stage": _Sums.api_stage,
    "AWS::CloudFront::Distribution": _Sums.front,
    "AWS::CloudWatch::Alarm": _Sums.alarm,
    "AWS::CloudWatch::Dashboard": _Sums.dashboard,
    "AWS::EC2::EIP": _Sums.address,
    "AWS::EC2::Instance": _Sums.instance,
    "AWS::EC2::NatGateway": _Sums.nat,
    "AWS::EC2::VPCPeeringConnection": _Sums.peering,
    "AWS::ECS::Service": _Sums.service,
    "AWS::ECS::TaskDefinition": _Sums.task,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _Sums.balancer,
    "AWS::Grafana::Workspace": _Sums.grafana,
    "AWS::KMS::Key": _Sums.key,
    "AWS::Lambda::Function": _Sums.function,
    "AWS::OpenSearchService::Domain": _Sums.search,
    "AWS::RDS::DBCluster": _Sums.aurora,
    "AWS::S3::Bucket": _Sums.bucket,
    "AWS::SecretsManager::Secret": _Sums.secret,
}

# Without a price of their own: what they carry is priced above, or by the workload.
_FREE: Final = frozenset({
    "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::Budgets::Budget", "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription", "AWS::EC2::FlowLog", "AWS::EC2::InternetGateway", "AWS::EC2::Route",
    "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment", "AWS::ECS::Cluster", "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::KMS::Alias", "AWS::Lambda::Alias", "AWS::Lambda::Permission",
    "AWS::Lambda::Version", "AWS::Logs::LogGroup", "AWS::Logs::SubscriptionFilter", "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBInstance", "AWS::RDS::DBSubnetGroup", "AWS::ResourceGroups::Group", "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy",
})  # fmt: skip
