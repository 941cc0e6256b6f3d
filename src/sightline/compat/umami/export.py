"""The export of a site's tables as CSV files in one zip, as Umami's button sends them; raw rows come from `/api/v1`."""

import base64
import io
import zipfile
from typing import Any, Final

from sightline.accounts.permissions import Permission
from sightline.analytics.export import as_csv
from sightline.analytics.reports.breakdown import BreakdownParams, breakdown
from sightline.compat.umami.asking import ask
from sightline.compat.umami.calls import Call
from sightline.compat.umami.routes import route

_FILES: Final = {
    "events": "event", "pages": "path", "referrers": "referrer", "browsers": "browser", "os": "os",
    "devices": "device", "countries": "country",
}  # fmt: skip


async def export(call: Call) -> dict[str, Any]:
    asking, found = await ask(call)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, dimension in _FILES.items():
            counted = "events" if dimension == "event" else "visitors"
            params = found.params(BreakdownParams, by=[dimension], metric=[counted], limit=500)
            rows = [{"x": row[dimension], "y": row[counted]} for row in (await breakdown(asking, params)).rows]
            file.writestr(f"{name}.csv", as_csv(rows))
    return {"zip": base64.b64encode(out.getvalue()).decode()}


ROUTES = (route("GET", "/websites/{site}/export", Permission.SITE_READ, export, "overview"),)
