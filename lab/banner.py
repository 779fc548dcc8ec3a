"""What `tokuban up` prints: who can register and log in, by which password, and what to dial."""

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
    ("000003", "キー確認", "reads back the keys pressed"),
    ("0399999999", "欠番案内", "announcement, then 404"),
    ("a line above", "通話", "its phone rings"),
)
DIAL: dict[str, Sequence[tuple[str, str, str]]] = {
    "docomo": (
        ("1429", "転送でんわ", "forwarding: the spoken menu"),
        ("1421 / 1420", "開始 / 停止", "start / stop forwarding"),
        ("1417", "留守番電話", "voicemail: play messages"),
        ("1411 / 1410", "開始 / 停止", "start / stop voicemail"),
    ),
    "rakuten": (
        ("1417", "留守番電話", "voicemail: play messages"),
        ("1411 / 1410", "開始 / 停止", "start / stop voicemail"),
    ),
    "au": (
        ("1424 + number", "フル転送", "forward all calls to it"),
        ("1422, 1423 + number", "無応答 / 話中", "the same: no answer, busy"),
        ("1420", "停止", "stop forwarding, voicemail"),
        ("1417", "留守番電話", "voicemail: play messages"),
        ("1411 / 1412", "開始", "voicemail: missed / all"),
    ),
    "ntt": (
        ("142", "ボイスワープ", "forwarding: the spoken menu"),
        ("135", "特定番号通知", "show freephone number: menu"),
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
class Login:
    """One row of the table of portal logins; `password` None is not shown."""

    id: str
    customer: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the carrier stands, as a phone and a browser reach it.

    `mailbox`: the page of the caught mails, None when mail leaves; `token_file`: where the lab
    token lies, None when it is set or the lab is off.
    """

    sip: str
    http: str
    rtp: str
    storage: str
    portal: str
    mailbox: str | None = None
    token_file: str | None = None
    further: tuple[tuple[str, str], ...] = ()
    """Transports besides UDP and TCP: name and address."""


def show(
    console: Console, standing: Standing, phones: Sequence[Phone], logins: Sequence[Login] = ()
) -> None:
    """Print it; made for 80 columns."""
    console.print(Group(*_parts(standing, phones, logins)))


def _parts(
    standing: Standing, phones: Sequence[Phone], logins: Sequence[Login]
) -> list[RenderableType]:
    return [
        Text.assemble(("特番 tokuban", "bold"), "  the carrier is up · 通信網が立ち上がりました"),
        _places(standing),
        *([_accounts(phones), _numbers(phones)] if phones else []),
        *([_logins(logins, standing)] if logins else []),
        Text("Ctrl-C ends it · 終了は Ctrl-C", style="dim"),
    ]


def _places(standing: Standing) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("  SIP server", Text(standing.sip, style="bold"), "UDP, TCP")
    for name, address in standing.further:
        table.add_row("", Text(address, style="bold"), name)
    table.add_row("  HTTP", Text(standing.http, style="bold"), "/ready /metrics /v1/lines")
    table.add_row("  portal", Text(standing.portal, style="bold"), "050 numbers · 050番号")
    if standing.mailbox:
        table.add_row("  mail", Text(standing.mailbox, style="bold"), "codes arrive here · 受信")
    table.add_row("  RTP", standing.rtp, "UDP")
    table.add_row("  storage", standing.storage, "")
    if standing.token_file:
        table.add_row("  lab token", standing.token_file, "for programs under /lab")
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


def _logins(logins: Sequence[Login], standing: Standing) -> Table:
    table = Table(box=BOX, title="Log in to the portal · セルフケア", title_justify="left")
    table.add_column("self-care ID", style="bold", no_wrap=True)
    table.add_column("password", no_wrap=True)
    table.add_column("customer", no_wrap=True, overflow="ellipsis", max_width=20)
    table.add_column("then the code", no_wrap=True)
    code = "tokuban mail code" if standing.mailbox else "by mail"
    for login in logins:
        hidden = Text("(as seeded)", style="dim")
        table.add_row(login.id, login.password or hidden, login.customer, code)
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
