"""Write the OpenAPI document of `/api/v1`, from which the dashboard's client is generated: `python -m tools.openapi`.

With `--check` nothing is written: it fails when the committed document is not what the server says today.
"""

import json
import sys
from pathlib import Path

from fastapi import FastAPI

from sightline import __version__
from sightline.server.api import routers

DOCUMENT = Path(__file__).resolve().parent.parent / "dashboard/openapi.json"


def document() -> str:
    app = FastAPI(title="Sightline", version=__version__)
    for router in routers():
        app.include_router(router)
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    wanted = document()
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(wanted, "utf-8")
    elif not DOCUMENT.is_file() or DOCUMENT.read_text("utf-8") != wanted:
        sys.exit(f"{DOCUMENT.name} is not what the server says: run python -m tools.openapi, then npm run client")


if __name__ == "__main__":
    main()
