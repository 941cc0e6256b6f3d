"""`sightline aws`: the foundation on AWS. Each command has a module of its own, which this group takes up."""

import click

from sightline.cli.aws_cost import cost
from sightline.cli.aws_database import database
from sightline.cli.aws_grafana import grafana
from sightline.cli.aws_inventory import inventory
from sightline.cli.aws_logs import logs
from sightline.cli.aws_opensearch import opensearch
from sightline.cli.aws_package import package
from sightline.cli.aws_plan import plan
from sightline.cli.aws_smoke import smoke
from sightline.cli.aws_stacks import deploy, destroy, rollback
from sightline.cli.aws_tags import tags
from sightline.cli.aws_verify import verify


@click.group()
def aws() -> None:
    """Plan, deploy, measure and take away what runs on AWS."""


for command in (
    plan, deploy, rollback, destroy, cost, tags, inventory, grafana, opensearch, logs, database, package, smoke, verify,
):  # fmt: skip
    aws.add_command(command)
