"""Sets of addresses: one's own, and those of data centres, read from a file of one network a line."""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sightline.errors import SettingError
from sightline.privacy.memo import Memo

_MAPPED: Final = ipaddress.ip_network("::ffff:0:0/96")


class Networks:
    """Whether an address lies in one of many networks: one search in sorted bounds."""

    def __init__(self, networks: Iterable[str], *, setting: str) -> None:
        found = [_network(text, setting) for text in networks]
        ranges = sorted((int(network.network_address), int(network.broadcast_address)) for network in map(_wide, found))
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)
        self._known: Memo[str, bool] = Memo(16_384)

    @classmethod
    def of_file(cls, file: str, *, setting: str) -> "Networks":
        """Read a file of networks; what follows the first word of a line, or a #, is a remark."""
        if not file:
            return cls((), setting=setting)
        try:
            lines = Path(file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingError(f"{setting}: cannot read {file!r}", hint="Name a readable text file.") from exc
        words = (line.split("#")[0].replace(",", " ").split() for line in lines)
        return cls((found[0] for found in words if found), setting=setting)

    def __len__(self) -> int:
        return len(self._starts)

    def __contains__(self, address: str) -> bool:
        if not self._starts:
            return False
        found = self._known.get(address, None)
        return self._known.put(address, self._holds(address)) if found is None else found

    def _holds(self, address: str) -> bool:
        try:
            number = int(_wide(ipaddress.ip_network(address)).network_address)
        except ValueError:
            return False
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ends[at]


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str, setting: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as exc:
        raise SettingError(f"{setting}: {text[:60]!r} is no network", hint="Write it as 192.0.2.0/24.") from exc


def _wide(network: Network) -> ipaddress.IPv6Network:
    """The network among the addresses of IPv6, so that both families are one order."""
    if isinstance(network, ipaddress.IPv6Network):
        return network
    base = int(_MAPPED.network_address) + int(network.network_address)
    return ipaddress.IPv6Network((base, 96 + network.prefixlen))
