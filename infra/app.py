"""The CDK app: `python -m infra --stage dev|staging|prod`, also what `cdk --app` runs."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.acknowledged import acknowledge
from infra.data import Data
from infra.network import Network
from infra.observe import Observe
from infra.service import Service
from infra.stack import Part, Stage


def build(stage: Stage, outdir: str | None = None, *, validated: bool = False) -> tuple[App, list[Part]]:
    """All four stacks in the order in which they are deployed; `validated` runs the CDK's validator and cdk-nag."""
    app = App(
        outdir=outdir,
        analytics_reporting=False,
        tree_metadata=False,
        builtin_cloud_formation_validation=validated,
        context={"aws:cdk:enable-path-metadata": False, "aws:cdk:enable-asset-metadata": False},
    )
    network, data = Network(app, stage), Data(app, stage)
    service, observe = Service(app, stage), Observe(app, stage)
    data.add_stack_dependency(network)
    service.add_stack_dependency(data)
    observe.add_stack_dependency(service)
    if validated:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        acknowledge([network, data, service, observe])
    return app, [network, data, service, observe]
