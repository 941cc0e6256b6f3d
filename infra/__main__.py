"""`python -m infra [--stage STAGE] [--out FOLDER]`: write the four templates; below `cdk --app` write its assembly.

Without `--out` they go into the package, which ships them for those who have no CDK.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from infra.app import build
from infra.stack import STAGES, Stage

SHIPPED = Path(__file__).resolve().parent.parent / "src/sightline/cloud/templates"
# What CloudFormation takes without a bucket.
MOST_BYTES = 51_200


def write(stage: Stage, folder: Path) -> dict[str, int]:
    """Write each template as PART.json and return the sizes."""
    sizes = {}
    with tempfile.TemporaryDirectory() as assembly:
        app, parts = build(stage, assembly)
        app.synth()
        folder.mkdir(parents=True, exist_ok=True)
        for part in parts:
            text = spread(json.loads((Path(assembly) / part.template_file).read_text("utf-8")))
            (folder / f"{part.part}.json").write_text(text, "utf-8")
            sizes[part.part] = len(text.encode())
    return sizes


def spread(template: Mapping[str, Any]) -> str:
    """A template with one resource on a line: a change is seen as one, and it stays below what needs a bucket."""

    def short(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    sections = []
    for name, section in template.items():
        if isinstance(section, dict):
            entries = ",\n".join(f"  {short(key)}: {short(value)}" for key, value in section.items())
            sections.append(f"{short(name)}: {{\n{entries}\n}}")
        else:
            sections.append(f"{short(name)}: {short(section)}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m infra")
    options.add_argument("--stage", choices=STAGES, default="prod")
    options.add_argument("--out", type=Path, default=SHIPPED)
    chosen = options.parse_args()
    stage = cast("Stage", chosen.stage)
    if "CDK_OUTDIR" in os.environ:
        build(stage)[0].synth()
        return 0
    sizes = write(stage, chosen.out)
    for part, size in sizes.items():
        print(f"{part}: {size:,} of {MOST_BYTES:,} bytes")
    return int(max(sizes.values()) > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
