"""What `tokuban doctor` says of certificates and the ports they are for."""

import socket
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from ivr.net import clock
from lab import certificates, transports
from lab.errors import Refused
from lab.finding import Finding, fail, ok, warn
from lab.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ANEW = "`tokuban certs` makes it anew"


Bindable = Callable[[str, socket.SocketKind, str, int, str], Finding]
"""Whether an address is to be had: what for, kind, host, port, and the setting of the port."""


def encryption(settings: Settings, bindable: Bindable) -> Iterator[Finding]:
    """Certificate and key are there, are a pair, last, and name what phones connect to."""
    try:
        files = transports.certificate_files(settings)
        tls = transports.tls_of(settings)
    except Refused as refused:
        yield fail(f"TLS: {refused}", "or leave the setting out")
        return
    sip = settings.sip
    for place in transports.places(sip, sip.port, certified=tls is not None):
        what = f"SIP over {place.name}"
        yield bindable(what, socket.SOCK_STREAM, sip.host, place.port, place.setting)
    if files is None or tls is None:
        yield ok("no certificates: SIP without TLS (`tokuban certs` makes them)")
        return
    yield certificate(files.certificate, sip.public_host, clock.wall())
    yield private(files.key)


def certificate(path: Path, host: str, now: float) -> Finding:
    """It is valid now and for a while, and stands for the host phones are told.

    Args:
        now: UTC epoch seconds.
    """
    try:
        held = certificates.read_certificate(path)
    except certificates.Unusable as error:
        return fail(f"TLS: {error}", _ANEW)
    until = f"{held.not_valid_after_utc:%Y-%m-%d}"
    if _left(held, now) <= timedelta(0):
        return fail(f"TLS: {path} was good until {until}", _ANEW)
    if certificates.lacking(held, (host,)):
        return warn(
            f"TLS: {path} does not name {host}, which phones are told",
            f"phones that look refuse it; add the name: tokuban certs {host}",
        )
    if _left(held, now) < timedelta(days=certificates.RENEW_DAYS):
        return warn(f"TLS: {path} is good until {until}", _ANEW)
    return ok(f"TLS: {path} is good until {until}")


def private(path: Path) -> Finding:
    """Nobody but its owner reads the key."""
    if path.stat().st_mode & _OTHERS:
        return warn(f"TLS: others may read {path}", f"chmod 600 {path}")
    return ok(f"TLS: {path} is its owner's alone")


def _left(held: x509.Certificate, now: float) -> timedelta:
    return held.not_valid_after_utc - datetime.fromtimestamp(now, UTC)
