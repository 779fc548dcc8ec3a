"""Where the portal may be reached and what its pages name."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What the operator settles about the portal.

    `hosts`: names a browser may call it by, besides this host's own. `public_url`: its address
    behind a proxy that speaks HTTPS, never served by plain HTTP. `insecure_http`: allow plain HTTP
    from other hosts by the other names (a lab only). `sip`: where phones register, as HOST:PORT,
    once that is known. `support`: whom a customer asks. `mailbox`: the page of the lab's own mail
    catcher, where there is one.
    """

    sip: Callable[[], str]
    hosts: frozenset[str] = frozenset()
    public_url: str | None = None
    insecure_http: bool = False
    support: str = "support@tokuban.example"
    mailbox: str | None = None

    def knows(self, host: str) -> bool:
        """Whether `host`, from a Host header, is one of the portal's names."""
        return is_loopback(host) or host in self.hosts or host == self._public.hostname

    def is_public(self, host: str) -> bool:
        """Whether `host` is the one that the HTTPS proxy serves."""
        return self._public.scheme == "https" and host == self._public.hostname

    @property
    def _public(self) -> "_Address":
        parts = urlsplit(self.public_url or "")
        return _Address(parts.scheme, parts.hostname)


@dataclass(frozen=True, slots=True)
class _Address:
    scheme: str
    hostname: str | None


def host_of(authority: str) -> str:
    """The host of `host:port` or `[host]:port`, in small letters."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this very machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
