"""The nine dashboards: what each panel asks, and what it is for."""

from typing import Final

from sightline.cloud.grafana.known import FUNCTIONS, PAGES
from sightline.cloud.grafana.model import STAGE, Dashboard, Folder, Logs, Math, Metric, Panel, Query, Search, Variable
from sightline.metrics import NAMESPACE

PERCENTILES: Final = ("p50", "p95", "p99")
LOGS: Final = (f"/observability/{STAGE}/service",)
LAMBDA_LOGS: Final = (f"/observability/{STAGE}/beacon",)
_BILLED: Final = ("AmazonECS", "AmazonVPC", "AmazonEC2", "AmazonCloudWatch", "AmazonGrafana", "AmazonRDS", "AmazonS3")


def _own(name: str, stat: str, **dimensions: str) -> Metric:
    return Metric(namespace=NAMESPACE, name=name, stat=stat, dimensions=dimensions)


def _each(name: str, stat: str, *dimensions: str) -> Search:
    return Search(namespace=NAMESPACE, name=name, stat=stat, dimensions=dimensions)


def _percentiles(namespace: str, name: str, **dimensions: str) -> tuple[Metric, ...]:
    return tuple(
        Metric(namespace=namespace, name=name, stat=stat, dimensions=dimensions, label=stat) for stat in PERCENTILES
    )


# ---- Lambda -------------------------------------------------------------------------------------------------------


def _lambda(name: str, stat: str) -> tuple[Query, ...]:
    return (Metric(namespace="AWS/Lambda", name=name, stat=stat, dimensions={"FunctionName": "$function"}),)


_FUNCTION: Final = Variable(
    name="function", label="Function", namespace="AWS/Lambda", metric="Invocations", dimension="FunctionName"
)
_SERVICE: Final = Variable(
    name="service", label="Service", namespace=FUNCTIONS, metric="Invocations", dimension="service"
)

LAMBDA: Final = Dashboard(
    uid="sightline-lambda", title="Lambda performance", folder=Folder.APPLICATION,
    about="How fast functions answer, how often they fail, and how often they start cold.",
    variables=(_FUNCTION, _SERVICE),
    panels=(
        Panel(title="Invocations", description="Calls of each function in a period; a sudden fall is an outage before it.",
              queries=_lambda("Invocations", "Sum")),
        Panel(title="Duration", description="Half of all calls end within p50, 95 of 100 within p95, 99 within p99. Without the start.",
              queries=_percentiles("AWS/Lambda", "Duration", FunctionName="$function"), unit="ms"),
        Panel(title="Errors", description="Calls that ended with an exception, a timeout or a crash.",
              queries=_lambda("Errors", "Sum"), limit=1),
        Panel(title="Throttles", description="Calls that Lambda refused since the limit of concurrent calls was reached.",
              queries=_lambda("Throttles", "Sum"), limit=1),
        Panel(title="Cold starts", description="Calls that waited for a new environment, as the Lambda library counts them.",
              queries=(Metric(namespace=FUNCTIONS, name="ColdStart", stat="Sum", dimensions={"service": "$service"}),)),
        Panel(title="Time of cold starts", description="From the first line of a module to the first call, p95, as the Lambda library measures it.",
              queries=(Metric(namespace=FUNCTIONS, name="ColdStartDuration", stat="p95", dimensions={"service": "$service"}),),
              unit="ms"),
        Panel(title="Concurrent executions", description="Environments that work at the same time; the account's limit is 1,000 unless it was raised.",
              queries=_lambda("ConcurrentExecutions", "Maximum"), width=24),
    ),
)  # fmt: skip

# ---- API Gateway --------------------------------------------------------------------------------------------------


def _gateway(name: str, stat: str) -> Metric:
    return Metric(namespace="AWS/ApiGateway", name=name, stat=stat, dimensions={"ApiId": "$api"})


_ROUTE: Final = ("ApiId", "Stage", "Method", "Resource")
API: Final = Dashboard(
    uid="sightline-api", title="API Gateway", folder=Folder.APPLICATION,
    about="Requests of HTTP APIs: how many, how fast, how many fail, and on which route.",
    variables=(Variable(name="api", label="API", namespace="AWS/ApiGateway", metric="Count", dimension="ApiId"),),
    panels=(
        Panel(title="Requests", description="Requests in a period.", queries=(_gateway("Count", "Sum"),)),
        Panel(title="Latency", description="From the request's arrival to the last byte of its answer, the function's time too.",
              queries=_percentiles("AWS/ApiGateway", "Latency", ApiId="$api"), unit="ms"),
        Panel(title="Time of functions", description="The part of the latency that the functions behind the API took, p95.",
              queries=(_gateway("IntegrationLatency", "p95"),), unit="ms"),
        Panel(title="4xx", description="Requests that were refused: wrong, not allowed or too many.", queries=(_gateway("4xx", "Sum"),), width=12),
        Panel(title="5xx", description="Requests that failed on our side.", queries=(_gateway("5xx", "Sum"),), width=12, limit=1),
        Panel(title="Requests by route", width=12,
              description="Requests of each route and method. Needs detailed metrics of the stage ($0.30 for each metric of each route a month); our template has them on.",
              queries=(Search(namespace="AWS/ApiGateway", name="Count", stat="Sum", dimensions=_ROUTE),)),
        Panel(title="Latency by route", unit="ms", width=12,
              description="p95 of each route and method. Needs detailed metrics of the stage ($0.30 for each metric of each route a month); our template has them on.",
              queries=(Search(namespace="AWS/ApiGateway", name="Latency", stat="p95", dimensions=_ROUTE),)),
    ),
)  # fmt: skip

# ---- CloudFront ---------------------------------------------------------------------------------------------------


def _front(name: str, stat: str) -> Metric:
    dimensions = {"DistributionId": "$distribution", "Region": "Global"}
    return Metric(namespace="AWS/CloudFront", name=name, stat=stat, dimensions=dimensions, region="us-east-1")


CLOUDFRONT: Final = Dashboard(
    uid="sightline-cloudfront", title="CloudFront", folder=Folder.FRONTEND,
    about="What browsers fetch, and how much of it the edge had. CloudFront's metrics exist in us-east-1 only.",
    variables=(Variable(name="distribution", label="Distribution", default="*"),),
    panels=(
        Panel(title="Requests", description="Requests of all methods in a period.", queries=(_front("Requests", "Sum"),)),
        Panel(title="Downloaded", description="Bytes that browsers fetched.", queries=(_front("BytesDownloaded", "Sum"),), unit="bytes"),
        Panel(title="Cache hit ratio", unit="percent",
              description="Requests that the edge answered by itself. Needs additional metrics of the distribution ($0.30 for each of 8 metrics a month); off by default.",
              queries=(_front("CacheHitRate", "Average"),)),
        Panel(title="Error rate", description="Answers with 4xx or 5xx, of all answers.", unit="percent", width=12, limit=5,
              queries=(_front("4xxErrorRate", "Average"), _front("5xxErrorRate", "Average"), _front("TotalErrorRate", "Average"))),
        Panel(title="Time of the origin", unit="ms", width=12,
              description="p95 of the time to the origin's first byte. Needs additional metrics of the distribution ($0.30 for each of 8 metrics a month); off by default.",
              queries=(_front("OriginLatency", "p95"),)),
        Panel(title="Edge locations", kind="table", width=24,
              description="Requests by edge location: CloudWatch has no metric of it. Needs standard logging v2 of the distribution to the log group /observability/@stage@/front ($0.50 a GB); off by default.",
              queries=(Logs(expression="stats count(*) as requests, sum(`sc-bytes`) as bytes by `x-edge-location` | sort requests desc | limit 30",
                            groups=(f"/observability/{STAGE}/front",), region="us-east-1"),)),
    ),
)  # fmt: skip

# ---- System health ------------------------------------------------------------------------------------------------


def _aurora(name: str, stat: str) -> Metric:
    return Metric(namespace="AWS/RDS", name=name, stat=stat, dimensions={"DBClusterIdentifier": "$cluster"})


def _balancer(name: str, stat: str) -> Search:
    return Search(namespace="AWS/ApplicationELB", name=name, stat=stat, dimensions=("LoadBalancer", "TargetGroup"))


SYSTEM: Final = Dashboard(
    uid="sightline-system", title="System health", folder=Folder.INFRASTRUCTURE,
    about="Aurora, S3, ECS and the load balancer: whether what everything stands on has room left.",
    variables=(Variable(name="cluster", label="Aurora", namespace="AWS/RDS", metric="CPUUtilization", dimension="DBClusterIdentifier"),),
    panels=(
        Panel(title="Aurora connections", description="Open connections; the alarm is at 80 % of max_connections. Sightline takes 50 at most.",
              queries=(_aurora("DatabaseConnections", "Maximum"),)),
        Panel(title="Aurora CPU", description="CPU of the cluster; the alarm is at 70 % over 15 minutes.",
              queries=(_aurora("CPUUtilization", "Average"),), unit="percent", limit=70),
        Panel(title="Aurora memory left", description="Memory that is free; the alarm is below 128 MB.",
              queries=(_aurora("FreeableMemory", "Minimum"),), unit="bytes"),
        Panel(title="Aurora latency", description="Mean time of one read and one write of the storage.", unit="s", limit=0.02,
              queries=(_aurora("ReadLatency", "Average"), _aurora("WriteLatency", "Average"))),
        Panel(title="Aurora storage", description="Bytes that the cluster's volume takes; more than 1 GB a month is told by an alarm.",
              queries=(_aurora("VolumeBytesUsed", "Average"),), unit="bytes"),
        Panel(title="Aurora requests", description="Reads and writes of the storage a second; they are billed.",
              queries=(_aurora("ReadIOPS", "Average"), _aurora("WriteIOPS", "Average")), unit="iops"),
        Panel(title="Buckets", description="Bytes in each bucket, once a day.", unit="bytes", width=12,
              queries=(Search(namespace="AWS/S3", name="BucketSizeBytes", stat="Average", dimensions=("BucketName", "StorageType")),)),
        Panel(title="Requests of recordings", width=12,
              description="Requests of each bucket that has request metrics: on for recordings in our template (about $4 a month).",
              queries=(Search(namespace="AWS/S3", name="AllRequests", stat="Sum", dimensions=("BucketName", "FilterId")),)),
        Panel(title="Tasks that answer", description="Healthy targets of the load balancer; none for 3 minutes is told by an alarm.",
              queries=(_balancer("HealthyHostCount", "Minimum"),)),
        Panel(title="CPU of tasks", description="CPU of the ECS service; at 60 % another task is started.", unit="percent", limit=60,
              queries=(Search(namespace="AWS/ECS", name="CPUUtilization", stat="Average", dimensions=("ClusterName", "ServiceName")),)),
        Panel(title="Memory of tasks", description="Memory of the ECS service; at 100 % the task is ended.", unit="percent", limit=90,
              queries=(Search(namespace="AWS/ECS", name="MemoryUtilization", stat="Maximum", dimensions=("ClusterName", "ServiceName")),)),
        Panel(title="Errors at the balancer", description="5xx that the balancer answered itself: no task was there to ask.", width=24, limit=1,
              queries=(Search(namespace="AWS/ApplicationELB", name="HTTPCode_ELB_5XX_Count", stat="Sum", dimensions=("LoadBalancer",)),)),
    ),
)  # fmt: skip

# ---- Web Vitals and errors of pages -------------------------------------------------------------------------------


def _vital(name: str, what: str, *, limit: float, unit: str = "ms") -> Panel:
    dimensions = {"site": "$site", "device": "$device"}
    queries = tuple(
        Metric(namespace=PAGES, name=name, stat=stat, dimensions=dimensions, label=stat)
        for stat in ("p50", "p75", "p95")
    )
    return Panel(
        title=name, description=f"{what} Red from where Google calls it poor.", queries=queries, unit=unit, limit=limit
    )


_SITE: Final = Variable(name="site", label="Site", namespace=PAGES, metric="LCP", dimension="site")
_DEVICE: Final = Variable(name="device", label="Device", namespace=PAGES, metric="LCP", dimension="device")

VITALS: Final = Dashboard(
    uid="sightline-vitals", title="Web Vitals", folder=Folder.FRONTEND,
    about="How pages felt to those who opened them. p75 is what Google judges by; INP has taken the place of FID.",
    variables=(_SITE, _DEVICE), span="now-7d", refresh="15m",
    panels=(
        _vital("LCP", "When the largest thing on the page was painted.", limit=4000),
        _vital("INP", "How long the page took to answer the slowest click or key.", limit=500),
        _vital("CLS", "How much the page jumped: a score, not a time.", limit=0.25, unit="none"),
        _vital("FCP", "When anything at all was painted.", limit=3000),
        _vital("TTFB", "When the first byte came.", limit=1800),
        Panel(title="Page views measured", description="Page views of which an LCP came: how much the figures beside rest on.",
              queries=(Metric(namespace=PAGES, name="LCP", stat="SampleCount", dimensions={"site": "$site"}),)),
    ),
)  # fmt: skip

FRONTEND: Final = Dashboard(
    uid="sightline-frontend-errors", title="Frontend errors", folder=Folder.FRONTEND,
    about="Errors that browsers reported: how many, which, where. Known noise is left out.",
    variables=(_SITE,),
    panels=(
        Panel(title="Errors", description="Errors of pages in a period, without known noise.", width=16, limit=1,
              queries=(Metric(namespace=PAGES, name="Errors", stat="Sum", dimensions={"site": "$site"}),)),
        Panel(title="Errors by device", description="Where the errors happen: phones, tablets or desktops.",
              queries=(Metric(namespace=PAGES, name="Errors", stat="Sum", dimensions={"site": "$site", "device": "*"}),)),
        Panel(title="Most frequent", description="The messages that came most often, with how many visits they met.", kind="table", width=24,
              queries=(Logs(expression='filter type = "page_error" | stats count(*) as errors, count_distinct(visit) as visits by message, release | sort errors desc | limit 25',
                            groups=LOGS),)),
        Panel(title="By page", description="The pages on which errors happened most.", kind="table", width=12,
              queries=(Logs(expression='filter type = "page_error" | stats count(*) as errors by path | sort errors desc | limit 25', groups=LOGS),)),
        Panel(title="Latest", description="The latest errors as they came, with the visit by which the recording is found.", kind="logs", width=12,
              queries=(Logs(expression='fields @timestamp, message, path, browser, visit | filter type = "page_error" | sort @timestamp desc | limit 50',
                            groups=LOGS),)),
    ),
)  # fmt: skip

# ---- logs, Sightline itself, cost ---------------------------------------------------------------------------------

SEARCH: Final = Dashboard(
    uid="sightline-logs", title="Log search", folder=Folder.APPLICATION,
    about="Log lines by level, pattern and word. Each look scans the range's logs ($0.005 a GB).",
    variables=(Variable(name="word", label="Word", default=""),), span="now-3h", refresh="",
    panels=(
        Panel(title="Lines by level", description="How many lines of each level were written.", width=16,
              queries=(Logs(expression="stats count(*) as lines by bin(5m), level | sort @timestamp", groups=LOGS),)),
        Panel(title="Errors by pattern", description="Messages of level ERROR, most frequent first.", kind="table",
              queries=(Logs(expression='filter level = "ERROR" | stats count(*) as lines by message | sort lines desc | limit 20', groups=LOGS),)),
        Panel(title="Lines", description="Lines with the word above, latest first; a word matches anywhere in the line.", kind="logs", width=24, height=14,
              queries=(Logs(expression='fields @timestamp, level, message, service | filter @message like "$word" | sort @timestamp desc | limit 200',
                            groups=(*LOGS, *LAMBDA_LOGS)),)),
        Panel(title="Bytes taken in", description="Bytes of logs of all groups; they are billed at $0.50 a GB beyond 5 GB.", unit="bytes", width=24,
              queries=(Search(namespace="AWS/Logs", name="IncomingBytes", stat="Sum", dimensions=("LogGroupName",)),)),
    ),
)  # fmt: skip

SELF: Final = Dashboard(
    uid="sightline-self", title="Sightline itself", folder=Folder.INFRASTRUCTURE,
    about="What the service counts about itself: what it takes in, what it refuses, and how far behind reports are.",
    panels=(
        Panel(title="Committed", description="Signals that are durable, by kind.", queries=(_each("SignalsCommitted", "Sum", "Kind"),)),
        Panel(title="Not stored", description="Batches that were refused: full, value, database or error. Told by an alarm.",
              queries=(_each("JournalRefused", "Sum", "Reason"),), limit=1),
        Panel(title="Time of commits", description="How long a group commit took, p50 and p99.", unit="ms",
              queries=(_own("CommitDuration", "p50"), _own("CommitDuration", "p99"))),
        Panel(title="Hits kept out", description="Hits that were not stored, by the reason that the answer's header names.",
              queries=(_each("HitsDropped", "Sum", "Reason"),)),
        Panel(title="Lost in browsers", description="Items that browsers could not keep until they were sent.", queries=(_own("ItemsLost", "Sum"),)),
        Panel(title="Reports behind", description="Age of the oldest commit that the warehouse has not read yet.", unit="ms",
              queries=(_own("WarehouseLag", "Maximum"),), limit=60_000),
        Panel(title="Requests", description="Answered requests by route and class of status.", width=12,
              queries=(_each("Requests", "Sum", "Route", "Status"),)),
        Panel(title="Time of requests", description="p95 by route, from the first byte of a request to the last of its answer.", unit="ms", width=12,
              queries=(_each("RequestDuration", "p95", "Route"),)),
        Panel(title="Jobs that failed", description="Runs of background jobs by result.", queries=(_each("JobRuns", "Sum", "Job", "Result"),)),
        Panel(title="Leader", description="1 while a task holds the lock under which jobs run; never 1 means that nothing is sealed.", kind="stat",
              queries=(_own("Leader", "Maximum"),)),
        Panel(title="Recordings", description="Bytes of all sealed recordings.", unit="bytes", queries=(_own("RecordingsStored", "Maximum"),)),
        Panel(title="Recordings full", description="Over 0 while recordings are over their budget and none may go, or their disk is full.",
              kind="stat", queries=(_own("RecordingsFull", "Maximum"),), limit=1),
        Panel(title="Vault readings", description="Values read from the vault: ok, refused or failed.", width=8,
              queries=(_each("VaultReads", "Sum", "Result"),)),
        Panel(title="Honeytokens", description="Readings of subjects that nobody has a reason to read: one is an incident.", kind="stat", width=8,
              queries=(_own("VaultHoneytokens", "Sum"),), limit=1),
        Panel(title="Audit of the vault", description="What the daily verification found not as sealed: one is an incident.", kind="stat", width=8,
              queries=(_own("VaultAuditWrong", "Maximum"),), limit=1),
    ),
)  # fmt: skip


def _charges(service: str, *, hidden: bool = False) -> Metric:
    return Metric(
        namespace="AWS/Billing", name="EstimatedCharges", stat="Maximum", label=service, hidden=hidden,
        dimensions={"ServiceName": service, "Currency": "USD"}, region="us-east-1",
    )  # fmt: skip


_TOTAL: Final = Metric(
    namespace="AWS/Billing", name="EstimatedCharges", stat="Maximum", label="total", dimensions={"Currency": "USD"},
    region="us-east-1",
)  # fmt: skip

COST: Final = Dashboard(
    uid="sightline-cost", title="Cost", folder=Folder.INFRASTRUCTURE,
    about="What the account has cost this month. Billing is the whole account's: by tag it is in `sightline aws cost report`.",
    span="now-30d", refresh="6h",
    panels=(
        Panel(title="This month", description="Charges of the account since the first of the month, all services. The budget is $150.",
              kind="stat", unit="currencyUSD", queries=(_TOTAL,), limit=150),
        Panel(title="By service", description="Charges of the month so far by service.", unit="currencyUSD", width=16,
              queries=tuple(_charges(service) for service in _BILLED)),
        Panel(title="A day, by service", description="What each day added; a month's first day begins anew.", unit="currencyUSD", width=24,
              queries=(*(_charges(service, hidden=True) for service in _BILLED),
                       *(Math(expression=f"IF(DIFF({letter}) > 0, DIFF({letter}), 0)", label=service, region="us-east-1")
                         for letter, service in zip("abcdefg", _BILLED, strict=True)))),
    ),
)  # fmt: skip

ALL: Final = (LAMBDA, API, CLOUDFRONT, SYSTEM, VITALS, FRONTEND, SEARCH, SELF, COST)
