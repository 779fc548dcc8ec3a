"""SIP over TLS and WebSocket: what the settings ask for beyond the port of UDP and TCP."""

import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ivr.net import clock
from ivr.net.driver import Driver
from ivr.net.tcp import StreamLimits, StreamTransport
from ivr.net.tls import Tls, contexts
from ivr.net.transport import Told
from ivr.net.websocket import WebSocketTransport
from ivr.sip.framing import FrameLimits
from ivr.ua.log import Log, Sparing
from lab import certificates
from lab.errors import Refused
from lab.settings import Settings
from lab.sip_settings import SipSettings
from lab.web import bind_failure

_ANY_ORIGIN = "*"


class CertificateFiles(NamedTuple):
    """The carrier's certificate and key, and the laboratory's authority where there is one."""

    certificate: Path
    key: Path
    authority: Path | None


class Place(NamedTuple):
    """A transport by name, the port it is to have, and the setting that says so."""

    name: str
    port: int
    setting: str


def certificate_files(settings: Settings) -> CertificateFiles | None:
    """The files that are named, or those of `tokuban certs`; None when there are none.

    Raises:
        Refused: a certificate is named without its key, or the other way round.
    """
    sip, folder = settings.sip, settings.storage.folder / certificates.FOLDER
    authority = folder / certificates.AUTHORITY
    trusted = authority if authority.exists() else None
    if sip.certificate is not None and sip.certificate_key is not None:
        return CertificateFiles(sip.certificate, sip.certificate_key, trusted)
    if sip.certificate is not None or sip.certificate_key is not None:
        raise Refused("sip.certificate and sip.certificate_key belong together: set both")
    made = CertificateFiles(folder / certificates.SERVER, folder / certificates.SERVER_KEY, trusted)
    return made if made.certificate.exists() else None


def stream_limits(sip: SipSettings) -> StreamLimits:
    """What one peer may cost over a stream."""
    return StreamLimits(
        connections=sip.tcp_connections,
        connections_per_host=sip.tcp_connections,
        idle_s=float(sip.tcp_idle_s),
        frame=FrameLimits(body=sip.message_bytes),
    )


async def listen_further(settings: Settings, driver: Driver, port: int, log: Log) -> None:
    """Serve TLS and WebSocket as the settings say.

    Args:
        port: where UDP and TCP are served.
    Raises:
        Refused: a port or certificate is not to be had.
    """
    sip, limits = settings.sip, stream_limits(settings.sip)
    tls, origins, told = tls_of(settings), allowed_origins(sip), _turned_away(log)
    if tls is not None:
        tls = replace(tls, told=told)
    makers: dict[str, Callable[[], StreamTransport]] = {
        "TLS": lambda: StreamTransport(driver, limits, tls),
        "WS": lambda: WebSocketTransport(driver, limits, origins, told=told),
        "WSS": lambda: WebSocketTransport(driver, limits, origins, tls, told),
    }
    for place in places(sip, port, certified=tls is not None):
        transport = makers[place.name]()
        try:
            await transport.listen(sip.host, place.port)
        except OSError as error:
            await driver.close()
            what = f"SIP over {place.name}"
            why = bind_failure(error, what, sip.host, place.port, place.setting)
            raise Refused(why) from None
        driver.add(transport)


def _turned_away(log: Log) -> Told:
    """Say who was not let in, as sparingly as a flood of them asks for."""
    sparing = Sparing()

    def told(peer: tuple[str, int], why: Exception) -> None:
        # OpenSSL's own word tells a phone that does not believe us from one that speaks no TLS.
        reason = getattr(why, "reason", None) or str(why) or type(why).__name__
        host, port = peer
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        sparing.warning(log, clock.monotonic(), "connection.refused", peer=shown, why=reason)

    return told


def places(sip: SipSettings, port: int, *, certified: bool) -> Iterator[Place]:
    """Where TLS and WebSocket are served.

    Args:
        port: where UDP and TCP are served.
        certified: there is a certificate, without which there is no TLS.
    """
    if certified:
        above = port + 1 if sip.port and port < 65535 else 0
        yield Place("TLS", above if sip.tls_port is None else sip.tls_port, "sip.tls_port")
    if sip.ws_port is not None:
        yield Place("WS", sip.ws_port, "sip.ws_port")
    if sip.wss_port is not None:
        yield Place("WSS", sip.wss_port, "sip.wss_port")


def tls_of(settings: Settings) -> Tls | None:
    """The carrier's TLS; None without certificates, where no setting needs them.

    Raises:
        Refused: the certificates cannot be used, or a setting needs them and there are none.
    """
    sip, files = settings.sip, certificate_files(settings)
    if files is None:
        if sip.tls_port is None and sip.wss_port is None:
            return None
        needs = "sip.tls_port" if sip.tls_port is not None else "sip.wss_port"
        raise Refused(f"{needs} needs a certificate, and there is none: make one by tokuban certs")
    try:
        return contexts(*files)
    except ssl.SSLError:
        raise Refused(
            f"{files.certificate} and {files.key} are no certificate with its key: correct "
            "sip.certificate and sip.certificate_key, or remove both files and use tokuban certs"
        ) from None
    except OSError as error:
        raise Refused(f"{error.filename or files.certificate}: {error.strerror}") from None


def allowed_origins(sip: SipSettings) -> re.Pattern[str] | None:
    """Which pages may open a WebSocket, as a pattern of their `Origin`; None for all."""
    wanted = [part.strip().rstrip("/").lower() for part in sip.ws_origins.split(",")]
    if _ANY_ORIGIN in wanted:
        return None
    hosts = (*certificates.ALWAYS, sip.public_host)
    spelled = (f"[{host}]" if ":" in host else host for host in hosts)
    own = "|".join(re.escape(host.lower()) for host in spelled)
    named = [re.escape(origin) for origin in wanted if origin]
    return re.compile("|".join([rf"https?://(?:{own})(?::\d+)?", *named]), re.IGNORECASE)
