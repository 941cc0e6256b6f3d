"""Keys for what a serving process starts itself, as the example shop: in memory, and gone with the process.

Each allows one permission on one site. None is stored, so none can be found in a backup, and nobody has to own it.
"""

from sightline.accounts import tokens
from sightline.accounts.permissions import Permission

_PREFIX = "sl_inner_"


class InnerKeys:
    """The keys of one process."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, Permission]] = {}

    def make(self, site: int, permission: Permission) -> str:
        """A new key; whoever started its holder drops it when that has ended."""
        token = tokens.new(_PREFIX)
        self._known[tokens.digest(token)] = (site, permission)
        return token

    def drop(self, token: str) -> None:
        self._known.pop(tokens.digest(token), None)

    def allows(self, token: str, site: int, permission: Permission) -> bool:
        return token.startswith(_PREFIX) and self._known.get(tokens.digest(token)) == (site, permission)
