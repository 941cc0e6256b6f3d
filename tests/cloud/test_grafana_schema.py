"""The dashboards against Grafana's own types, by the TypeScript compiler: no server, and no key that Grafana lacks."""

import copy
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sightline.cloud.grafana.alerts import GROUPS, group_document
from sightline.cloud.grafana.dashboards import ALL
from sightline.cloud.grafana.model import document
from tests.browser_packages import browser_package

FOLDER = Path(__file__).parents[1] / "grafana-schema"


def compiled(folder: Path, documents: Mapping[str, tuple[str, Any]]) -> dict[str, list[str]]:
    """What the compiler says of each document, by name; each is held against a type of shapes.ts."""
    compiler = browser_package("typescript", FOLDER) / "bin/tsc"
    for name in ("node_modules", "shapes.ts"):
        if not (folder / name).exists():
            (folder / name).symlink_to(FOLDER / name)
    for name, (shape, found) in documents.items():
        text = f"import type {{ {shape} }} from './shapes.ts';\n({json.dumps(found, indent=1)}) satisfies {shape};\n"
        (folder / f"{name}.ts").write_text(text, "utf-8")
    run = subprocess.run(
        ["node", str(compiler), "--noEmit", "--strict", "--skipLibCheck", "--exactOptionalPropertyTypes", "false",
         "--module", "nodenext", "--allowImportingTsExtensions", "--target", "es2022", "--preserveSymlinks",
         "--pretty", "false", *(f"{name}.ts" for name in documents)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said: dict[str, list[str]] = {}
    for line in run.stdout.splitlines():
        if ".ts(" in line:
            said.setdefault(line.partition(".ts(")[0], []).append(line)
    assert run.returncode == 0 or said, run.stdout + run.stderr
    return said


def _first(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for one in ALL:
        found = copy.deepcopy(document(one))
        for panel in found["panels"]:
            if panel["type"] == kind:
                return found, panel
    raise LookupError(kind)


BREAKS: dict[str, tuple[str, Callable[[dict[str, Any], dict[str, Any]], object]]] = {
    "a-misspelt-key-of-a-panel": ("timeseries", lambda _, panel: panel.update(descripton="x")),
    "a-misspelt-option": ("stat", lambda _, panel: panel["options"].update(colourMode="value")),
    "a-wrong-choice": ("timeseries", lambda _, panel: panel["options"]["legend"].update(placement="top")),
    "a-misspelt-key-of-a-metric": ("timeseries", lambda _, panel: panel["targets"][0].update(metric="Errors")),
    "no-namespace": ("timeseries", lambda _, panel: panel["targets"][0].pop("namespace")),
    "log-groups-as-text": ("logs", lambda _, panel: panel["targets"][0].update(logGroupNames="/a")),
    "a-number-as-text": ("table", lambda _, panel: panel["gridPos"].update(h="8")),
    "a-misspelt-key-of-the-dashboard": ("logs", lambda found, _: found.update(timezones="utc")),
    "a-variable-of-no-kind": ("logs", lambda found, _: found["templating"]["list"][0].update(type="text")),
    "another-data-source": ("stat", lambda _, panel: panel.update(datasource={"type": "prometheus", "uid": "x"})),
}


def dashboards() -> dict[str, tuple[str, Any]]:
    return {one.uid: ("OurDashboard", document(one)) for one in ALL}


def queries() -> dict[str, tuple[str, Any]]:
    """Those of alert rules. Two fields come with every query that a rule asks, beside those of the data source."""
    found = {}
    for group in GROUPS:
        for rule in group_document(group)["rules"]:
            model = dict(rule["data"][0]["model"])
            assert isinstance(model.pop("intervalMs"), int)
            assert isinstance(model.pop("maxDataPoints"), int)
            found[f"rule-{rule['uid']}"] = ("Query", model)
    return found


def broken() -> dict[str, tuple[str, Any]]:
    documents = {}
    for name, (kind, change) in BREAKS.items():
        found, panel = _first(kind)
        change(found, panel)
        documents[name] = ("OurDashboard", found)
    return documents


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """All in one run: most of its time is reading Grafana's types."""
    parts = (dashboards(), queries(), broken())
    every = {name: one for part in parts for name, one in part.items()}
    assert len(every) == sum(map(len, parts))
    return compiled(tmp_path_factory.mktemp("shapes"), every)


def test_the_dashboards_are_what_grafana_takes(said: Mapping[str, list[str]]) -> None:
    assert {name: said[name] for name in dashboards() if name in said} == {}


def test_the_queries_of_alert_rules_are_what_grafana_takes(said: Mapping[str, list[str]]) -> None:
    assert {name: said[name] for name in queries() if name in said} == {}


def test_the_compiler_finds_each_fault(said: Mapping[str, list[str]]) -> None:
    assert set(BREAKS) - set(said) == set()
