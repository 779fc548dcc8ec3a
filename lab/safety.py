"""Settings that are each right and together not: refused before anything is opened."""

import ipaddress

from lab.errors import Refused
from lab.settings import Settings


def refuse_unsafe(settings: Settings) -> None:
    """All of the checks below.

    Raises:
        Refused: the first that fails, with what to change.
    """
    refuse_untold_address(settings)
    refuse_shared_port(settings)
    refuse_public_passwords(settings)


def refuse_untold_address(settings: Settings) -> None:
    """Refuse to listen on every address without one that phones are told."""
    if settings.sip.needs_advertise:
        raise Refused(
            f"sip.host {settings.sip.host} is every address of this host, and phones must be told "
            "one: name it with --advertise ADDRESS"
        )
    if settings.sip.needs_host:
        raise Refused(
            f"sip.host {settings.sip.host} is every address of this host, and the phones of "
            "sip.inside must be told one: name it with --host ADDRESS"
        )


def refuse_shared_port(settings: Settings) -> None:
    """Refuse one TCP port for both SIP and HTTP."""
    sip, http = settings.sip, settings.http
    if sip.port == http.port != 0 and _overlap(sip.host, http.host):
        raise Refused(
            f"sip.port and http.port are both {sip.port}, and each needs its own: choose another "
            "with --sip-port PORT or --http-port PORT"
        )


def refuse_public_passwords(settings: Settings) -> None:
    """Refuse passwords that everyone knows on an address that others reach."""
    if settings.seed.file is None and not settings.seed.demo and not settings.loopback_only:
        raise Refused(
            f"the demo lines have public passwords and {_open_host(settings)} can be reached by "
            "other hosts: bring your own lines with --seed FILE, or allow them with --demo"
        )


def _overlap(one: str, other: str) -> bool:
    """Whether two addresses to listen on have one in common."""
    return one == other or any(ipaddress.ip_address(each).is_unspecified for each in (one, other))


def _open_host(settings: Settings) -> str:
    hosts = (settings.sip.host, settings.http.host)
    return next(host for host in hosts if not ipaddress.ip_address(host).is_loopback)
