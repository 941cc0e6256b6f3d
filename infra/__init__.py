"""The AWS foundation as code: four stacks without assets, for any account and region, with no bootstrap.

`make infra` makes the environment and writes the templates that the package ships. The CDK runs in Node.js: the one
beside this interpreter, so that no system Node is needed.
"""

import os
import sys
from pathlib import Path

_NODE = Path(sys.executable).with_name("node")
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))
