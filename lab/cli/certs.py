"""`tokuban certs`: the laboratory's certificates for TLS and secure WebSocket."""

import os
from typing import Annotated

import typer

from lab.cli import options
from lab.configuration import load
from lab.errors import Refused
from lab.sip_settings import HOST_NAME, SipSettings

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", help="Further names or addresses by which phones reach the carrier."
    ),
]


def certs(
    names: Names = None,
    config: options.Config = None,
    data: options.Data = None,
    host: options.Host = None,
    advertise: options.Advertise = None,
) -> None:
    """Make an authority for phones to import and the carrier's certificate, or renew them."""
    from ivr.net import clock
    from lab import certificates

    settings = load(config, os.environ, options.flags(data, host, None, None, None, advertise))
    if settings.sip.certificate is not None:
        raise Refused(
            f"sip.certificate is set to {settings.sip.certificate}: renew it where it comes from"
        )
    folder = settings.storage.folder / certificates.FOLDER
    try:
        done = certificates.renew(folder, _wanted(settings.sip, names or []), clock.wall())
    except certificates.Unusable as error:
        raise Refused(str(error)) from None
    for file, held, fresh in (
        (certificates.AUTHORITY, done.authority, done.authority_is_new),
        (certificates.SERVER, done.server, done.server_is_new),
    ):
        verdict = "made" if fresh else "kept"
        typer.echo(f"{verdict}  {folder / file}  good until {held.not_valid_after_utc:%Y-%m-%d}")
    typer.echo(f"names    {', '.join(certificates.names_of(done.server))}")
    typer.echo(f"SHA-256  {certificates.fingerprint(done.authority)}")
    typer.echo(_IMPORT.format(authority=folder / certificates.AUTHORITY))
    if done.server_is_new:
        typer.echo("A carrier that is up serves the new certificate once it is started again.")


_IMPORT = """
Import {authority} into each phone as a trusted authority:
  Linphone   root_ca= in [sip] of linphonerc, or the desktop's own store of authorities
  baresip    sip_cafile in its config
  browsers   settings, certificates, authorities, import
  Android    settings, security, install a certificate, CA certificate
  iOS        open the file, install the profile, then trust it under About
Whoever has the key beside it can pose as any host to these phones: keep it, and remove the
authority from a phone that leaves the laboratory."""


def _wanted(sip: SipSettings, further: list[str]) -> list[str]:
    """The names a phone may connect to, the one it is told first."""
    from lab.certificates import ALWAYS

    told = [] if sip.needs_advertise else [sip.public_host]
    bare = [name.removeprefix("[").removesuffix("]") for name in further]
    for name in bare:
        if not _is_name(name):
            raise Refused(f"{name!r} is no host name or address, as pbx.example.com or 192.0.2.10")
    return list(dict.fromkeys([*told, *bare, *ALWAYS]))


def _is_name(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return HOST_NAME.fullmatch(text) is not None
    return True
