"""Networks that hosts are looked up in, once a host."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

_KNOWN = 4096
"""Hosts remembered; a flood of forged ones makes it forget them all."""


class Networks:
    """`host in networks`, for literal addresses; a name is in none."""

    def __init__(self, networks: Iterable[str]) -> None:
        """`networks`: as `192.0.2.0/24`, or one address.

        Raises:
            ValueError: one of them is neither.
        """
        self._networks = tuple(ip_network(each) for each in networks)
        self._known: dict[str, bool] = {}

    def __contains__(self, host: object) -> bool:
        if not self._networks or not isinstance(host, str):
            return False
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[host] = self._holds(host)
        return known

    def _holds(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)
