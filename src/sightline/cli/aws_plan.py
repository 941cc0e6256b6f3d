"""`sightline aws plan`: what will exist, and what each part of it costs."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import click

from sightline.cli.aws_options import profile, settings
from sightline.cli.output import as_json, print_json, print_table
from sightline.cloud import cost, templates


@click.command()
@profile("small")
@settings
@click.option("--parameters", "only_parameters", is_flag=True, help="Show the parameters that the templates have.")
@as_json
def plan(*, profile_name: str, given: Mapping[str, str], only_parameters: bool, json: bool) -> None:
    """Show every resource that a deployment makes, and its monthly cost; AWS is not asked.

    \b
    Example: sightline aws plan --set Database=new
    """
    if only_parameters:
        _parameters(json=json)
        return
    chosen = cost.profile(profile_name)
    estimate = cost.estimate(chosen, given)
    usd: dict[str, float] = defaultdict(float)
    for line in estimate.lines:
        usd[line.resource] += line.usd
    found = list(templates.existing({**chosen.parameters, **given}))
    rows = [
        {"part": one.part, "resource": one.name, "type": one.type, "usd": round(usd.pop(one.name, 0), 2)}
        for one in found
    ]
    rows += [{"part": "account", "resource": name, "type": "-", "usd": round(sum_, 2)} for name, sum_ in usd.items()]
    if json:
        print_json({"resources": rows, "total": estimate.total, "prices_read": estimate.prices_read})
        return
    print_table(rows)
    counted = Counter(one.part for one in found)
    parts = ", ".join(f"{count} in {part}" for part, count in counted.items())
    click.echo(f"\n{len(found)} resources ({parts}); {estimate.total:.2f} USD a month: {estimate.about}.")


def _parameters(*, json: bool) -> None:
    rows = [
        {"part": part, "parameter": name, "default": declared.get("Default"), "meaning": declared["Description"]}
        for part in templates.PARTS
        for name, declared in templates.document(part)["Parameters"].items()
    ]
    if json:
        print_json(rows)
    else:
        print_table(rows)
