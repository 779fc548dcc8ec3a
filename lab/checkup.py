"""The checks of `tokuban doctor`: what could keep a carrier from working on this machine."""

import asyncio
import importlib.util
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence

from lab import seeds
from lab.encryption_checkup import encryption
from lab.errors import Refused
from lab.finding import Finding, fail, ok, warn
from lab.office_part import office_settings
from lab.safety import refuse_public_passwords, refuse_shared_port
from lab.settings import Settings
from provisioning.contract import ContractError
from provisioning.db.engine import BadDatabaseUrl
from provisioning.db.migrate import known, present
from provisioning.db.unit_of_work import Database
from provisioning.office import DATABASE_FILE

SIP_AND_RTP_FILES = 4096
"""Descriptors for about two thousand calls at two sockets each."""

FREE_BYTES = 200 * 1024 * 1024
RTP_SAMPLE = 8


def examine(settings: Settings, prompt_problems: Callable[[], Sequence[str]]) -> Iterator[Finding]:
    """Every check, in the order a person would ask."""
    yield python()
    yield event_loop()
    yield from ports(settings)
    yield own_ports(settings)
    yield advertised(settings)
    yield from encryption(settings, _bindable)
    yield rtp_range(settings)
    yield open_files()
    yield public_passwords(settings)
    yield seed_file(settings)
    yield data_folder(settings)
    yield schema(settings)
    yield prompts(prompt_problems())


def python() -> Finding:
    """Version and virtual environment."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.prefix == sys.base_prefix:
        return warn(f"Python {version}, no virtual environment", "use `make run`, which makes one")
    return ok(f"Python {version} in {sys.prefix}")


def event_loop() -> Finding:
    """uvloop halves the cost of a packet."""
    if importlib.util.find_spec("uvloop") is None:
        return warn("uvloop is not installed: asyncio's own loop runs", "pip install uvloop")
    return ok("uvloop is installed")


def ports(settings: Settings) -> Iterator[Finding]:
    """SIP over UDP and TCP, and HTTP."""
    sip, http = settings.sip, settings.http
    yield _bindable("SIP over UDP", socket.SOCK_DGRAM, sip.host, sip.port, "--sip-port")
    yield _bindable("SIP over TCP", socket.SOCK_STREAM, sip.host, sip.port, "--sip-port")
    yield _bindable("HTTP", socket.SOCK_STREAM, http.host, http.port, "--http-port")


def _bindable(what: str, kind: socket.SocketKind, host: str, port: int, option: str) -> Finding:
    error = try_bind(kind, host, port)
    place = f"{what} {host} port {port}"
    if error is None:
        return ok(f"{place} is free")
    return fail(
        f"{place}: {error.strerror}",
        f"is a carrier up already? end it, or choose another with {option} PORT or --host ADDRESS",
    )


def try_bind(kind: socket.SocketKind, host: str, port: int) -> OSError | None:
    """Take the address for a moment; the error when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def own_ports(settings: Settings) -> Finding:
    """SIP and HTTP do not ask for the same port."""
    return _unless_refused(refuse_shared_port, settings, "SIP and HTTP have ports of their own")


def public_passwords(settings: Settings) -> Finding:
    """The demo lines stay on this host unless told otherwise."""
    return _unless_refused(refuse_public_passwords, settings, "no unwanted public passwords")


def seed_file(settings: Settings) -> Finding:
    """The seed file can be read and is right."""
    try:
        seed = seeds.chosen(settings.seed)
    except Refused as refused:
        return fail(f"seed: {refused}", "correct the seed file, or choose another with --seed")
    logins = sum(1 for each in seed.customers for contract in each.contracts if contract.login)
    found = f"lines {len(seed.lines)}, portal logins {logins}"
    return ok(f"seed: {found} of {settings.seed.file or 'the demo'}")


def _unless_refused(check: Callable[[Settings], None], settings: Settings, fine: str) -> Finding:
    """What `tokuban up` would say."""
    try:
        check(settings)
    except Refused as refused:
        what, _, remedy = str(refused).rpartition(": ")
        return fail(what, remedy)
    return ok(fine)


def advertised(settings: Settings) -> Finding:
    """The address phones are told must lead back to this host."""
    sip = settings.sip
    if sip.needs_advertise:
        return fail(
            f"sip.host {sip.host} is every address; phones must be told one",
            "set sip.advertise to the address phones reach, or --advertise ADDRESS",
        )
    if sip.advertise is None:
        return ok(f"phones are told {sip.public_host}, the address listened on")
    try:
        resolved = socket.getaddrinfo(sip.advertise, sip.port, type=socket.SOCK_DGRAM)
    except OSError as error:
        return fail(f"sip.advertise {sip.advertise}: {error.strerror}", "correct the name")
    return _leads_here(sip.advertise, str(resolved[0][4][0]), sip.host)


def _leads_here(advertise: str, address: str, host: str) -> Finding:
    error = try_bind(socket.SOCK_DGRAM, address, 0)
    if error is not None:
        return warn(
            f"phones are told {advertise}, which is no address of this host",
            "right behind a NAT or in a container that forwards SIP and RTP ports; else correct it",
        )
    if address != host and host not in ("0.0.0.0", "::"):
        return fail(
            f"phones are told {advertise}, but SIP listens on {host} only",
            f"listen there too: --host {address}, or on every address: --host 0.0.0.0",
        )
    return ok(f"phones are told {advertise}, an address of this host")


def rtp_range(settings: Settings) -> Finding:
    """Room, and no clash with the ports the kernel gives to others."""
    media = settings.media
    calls = (media.high - media.low + 1) // 2
    step = max(2, (media.high - media.low) // RTP_SAMPLE // 2 * 2)
    sample = range(media.low + media.low % 2, media.high, step)
    taken = [p for p in sample if try_bind(socket.SOCK_DGRAM, settings.sip.host, p)]
    place = f"RTP {media.rtp_ports}: {calls} calls"
    if len(taken) == len(sample):
        return fail(
            f"{place}, but none of its ports is free", "choose others: --rtp-ports LOW-HIGH"
        )
    if taken:
        return warn(
            f"{place}; {taken[0]} is taken, others are free", "it is skipped; nothing to do"
        )
    if _overlaps_ephemeral(media.low, media.high):
        return warn(
            f"{place}; overlaps the ports Linux gives to clients",
            "choose a range outside /proc/sys/net/ipv4/ip_local_port_range",
        )
    return ok(place)


def _overlaps_ephemeral(low: int, high: int) -> bool:
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            first, last = map(int, file.read().split())
    except OSError:
        return False
    return low <= last and first <= high


def open_files() -> Finding:
    """Two descriptors a call; the soft limit is raised at start, the hard one is the bound."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < SIP_AND_RTP_FILES:
        return warn(
            f"at most {hard} open files: about {hard // 2} calls", "raise it: ulimit -Hn 65536"
        )
    return ok(f"open files: {'no limit' if hard == resource.RLIM_INFINITY else hard}")


def data_folder(settings: Settings) -> Finding:
    """The folder, or the nearest one above it that exists, takes files and has room."""
    folder = settings.storage.folder.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        return fail(f"data folder {folder}: {there} is no folder", "choose another with --data")
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return fail(
            f"data folder {folder}: {error.strerror} (as user {os.getuid()})",
            "give the user the right to write there, or choose another with --data",
        )
    if free < FREE_BYTES:
        return warn(f"data folder {folder}: {free >> 20} MiB free", "make room for recordings")
    return ok(f"data folder {folder}")


def schema(settings: Settings) -> Finding:
    """The database, when there is one, can be read by this program."""
    office = office_settings(settings)
    if office.database is None and not (office.data / DATABASE_FILE).exists():
        return ok("database: made at the first start")
    try:
        there = asyncio.run(_revision(office.url))
    except (ContractError, BadDatabaseUrl) as error:
        return fail(f"database: {error}", "correct storage.url, or start the database")
    if there in (known(), None):
        return ok(f"database: schema {there or 'made at the first start'}")
    return warn(
        f"database: schema {there}, this program knows {known()}",
        "an older one is brought up to date at start, a newer one is refused: keep a copy",
    )


async def _revision(url: str) -> str | None:
    database = Database.at(url, wait_s=1.0)
    try:
        return await present(database)
    finally:
        await database.close()


def prompts(problems: Sequence[str]) -> Finding:
    """Text and sound belong together."""
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return fail(f"prompts: {problems[0]}{more}", "run `tokuban prompts check` for the list")
    return ok("prompts: every text has its sound")
