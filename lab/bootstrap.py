"""The composition root: build the parts, start them, wait for a signal, stop them."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from rich.console import Console

from lab import banner, seeds
from lab.assembly import Assembly, Part
from lab.errors import Refused
from lab.settings import Settings
from lab.signals import stop_event
from provisioning.seeds import SeedLine

log = structlog.stdlib.get_logger("tokuban.lab")


def main(settings: Settings) -> None:
    """Run on uvloop where it is installed, else on asyncio's own loop."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        Refused: the settings do not fit together or a part cannot start; says what to change.
    """
    refuse_unsafe(settings)
    lines = seeds.load(settings.seed.file) if settings.seed.file else seeds.demo()
    assembly = Assembly(parts_of(settings, lines))
    with stop_event() as stopped:
        await assembly.start()
        try:
            banner.show(Console(), standing_of(settings), phones_of(settings, lines))
            log.info("carrier.ready", sip=settings.sip.port, http=settings.http.port)
            await stopped.wait()
        finally:
            log.info("carrier.stopping")
            await assembly.stop()
            log.info("carrier.stopped")


def parts_of(settings: Settings, lines: Sequence[SeedLine]) -> Sequence[Part]:
    """Every part in starting order: what a part needs stands before it."""
    return ()


def refuse_unsafe(settings: Settings) -> None:
    """Refuse public passwords on a reachable address, and an address no phone could be told."""
    if settings.sip.needs_advertise:
        raise Refused(
            f"sip.host {settings.sip.host} is every address of this host, and phones must be told "
            "one: name it with --advertise ADDRESS"
        )
    if settings.seed.file is None and not settings.seed.demo and not settings.loopback_only:
        raise Refused(
            f"the demo lines have public passwords and {_open_host(settings)} can be reached by "
            "other hosts: bring your own lines with --seed FILE, or allow them with --demo"
        )


def _open_host(settings: Settings) -> str:
    hosts = (settings.sip.host, settings.http.host)
    return next(host for host in hosts if not host.startswith("127.") and host != "::1")


def standing_of(settings: Settings) -> banner.Standing:
    """Where phones and browsers reach the carrier."""
    database = "PostgreSQL" if settings.storage.url else f"SQLite in {settings.storage.folder}/"
    return banner.Standing(
        sip=_authority(settings.sip.public_host, settings.sip.port),
        http="http://" + _authority(settings.http.host, settings.http.port),
        rtp=settings.media.rtp_ports,
        storage=database,
    )


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def phones_of(settings: Settings, lines: Sequence[SeedLine]) -> list[banner.Phone]:
    """The accounts as the banner shows them; only the demo's passwords, which all know."""
    return [
        banner.Phone(
            user=account.user,
            line=seeds.national(seeded.line.number),
            profile=seeded.line.profile.value,
            access=account.access.value,
            password=account.password if settings.seed.file is None else None,
        )
        for seeded in lines
        for account in seeded.accounts
    ]
