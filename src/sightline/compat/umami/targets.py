"""What stands where Umami has a website's id: a site, or a link or pixel, whose numbers are those of its address."""

import uuid
from typing import Final

from sightline.compat.umami.calls import Call
from sightline.sql import queries

SQL: Final = queries("sightline.compat.umami", "targets.sql")


async def site_of(call: Call, reference: str) -> str:
    """The site's UUID; for a link or pixel that of its site, and every report of the call is narrowed to it."""
    row = await call.database.fetchrow(SQL["link"], uuid.UUID(reference))
    if row is None:
        return reference
    # Whoever holds the share of another link still sees no more than that one.
    call.only = (
        *(call.caller.share.only if call.caller.share else ()),
        f"path:eq:/{'q' if row['kind'] == 'link' else 'p'}/{row['slug']}",
    )
    return str(row["site"])
