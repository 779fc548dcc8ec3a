"""What `tokuban up` prints: who can register, with which password, and what to dial."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

BOX = ROUNDED
TEST_NUMBERS: Sequence[tuple[str, str, str]] = (
    ("000001", "エコーテスト", "echo test: you hear yourself"),
    ("000002", "400 Hz", "a steady tone"),
    ("000003", "キー確認", "reads back the keys you press"),
    ("0399999999", "欠番案内", "unassigned: announcement, then 404"),
)
DIAL: dict[str, Sequence[tuple[str, str, str]]] = {
    "docomo": (
        ("1429", "転送でんわ", "forwarding: the spoken menu"),
        ("1421 / 1420", "開始 / 停止", "start / stop forwarding"),
    ),
    "ntt": (
        ("135", "特定番号通知", "show the freephone number: menu"),
        ("1351 / 1350", "開始 / 停止", "start / stop showing it"),
    ),
}
"""What each profile's lines can dial, by profile: digits, Japanese, English."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One row of the table of SIP accounts; `password` None is not shown."""

    user: str
    line: str
    profile: str
    access: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the carrier stands, as a phone and a browser reach it."""

    sip: str
    http: str
    rtp: str
    storage: str


def show(console: Console, standing: Standing, phones: Sequence[Phone]) -> None:
    """Print it; made for 80 columns."""
    console.print(Group(*_parts(standing, phones)))


def _parts(standing: Standing, phones: Sequence[Phone]) -> list[RenderableType]:
    return [
        Text.assemble(("特番 tokuban", "bold"), "  the carrier is up · 通信網が立ち上がりました"),
        _places(standing),
        _accounts(phones),
        _numbers(phones),
        Text("Ctrl-C ends it · 終了は Ctrl-C", style="dim"),
    ]


def _places(standing: Standing) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("  SIP server", Text(standing.sip, style="bold"), "UDP, TCP")
    table.add_row("  HTTP", Text(standing.http, style="bold"), "/ready /metrics /v1/lines")
    table.add_row("  RTP", standing.rtp, "UDP")
    table.add_row("  storage", standing.storage, "")
    return table


def _accounts(phones: Sequence[Phone]) -> Table:
    table = Table(box=BOX, title="Register a softphone as · 端末の登録", title_justify="left")
    table.add_column("user", style="bold", no_wrap=True)
    table.add_column("password", no_wrap=True)
    table.add_column("line · 回線", no_wrap=True)
    table.add_column("carrier", no_wrap=True)
    table.add_column("access", no_wrap=True)
    for phone in phones:
        hidden = Text("(as seeded)", style="dim")
        table.add_row(phone.user, phone.password or hidden, phone.line, phone.profile, phone.access)
    return table


def _numbers(phones: Sequence[Phone]) -> Table:
    table = Table(box=BOX, title="Then dial · 発信", title_justify="left")
    table.add_column("dial", style="bold", no_wrap=True)
    table.add_column("from", no_wrap=True)
    table.add_column("案内", no_wrap=True)
    table.add_column("you hear", no_wrap=True)
    for profile in dict.fromkeys(phone.profile for phone in phones):
        for digits, japanese, english in DIAL.get(profile, ()):
            table.add_row(digits, profile, japanese, english)
    table.add_section()
    for digits, japanese, english in TEST_NUMBERS:
        table.add_row(digits, "any", japanese, english)
    return table
