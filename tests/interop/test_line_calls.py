"""Lines call lines with real softphones: each is heard by the other, through all that happens."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.interop.talkers import (
    Baresip,
    Linphone,
    Pjsua2,
    Talker,
    heard_key,
    hears,
    hears_no_more,
    talk,
)
from tests.support.carrier import Carrier
from tests.support.phones import sipp
from tests.support.waiting import until
from tests.support.wire import WirePhone

pytestmark = pytest.mark.interop

HOLD_HZ = 400
ALICE, BOB, CAROL = lines.PJSUA2, lines.BARESIP, lines.LINPHONE
ALICE_HZ, BOB_HZ, CAROL_HZ = 700, 1000, 1300

Row = dict[str, Any]


class Room:
    """Phones of one test, which are closed at its end."""

    def __init__(self, carrier: Carrier, folder: Path, stack: ExitStack) -> None:
        self.carrier = carrier
        self._folder = folder
        self._stack = stack
        self._before = {row["call_id"] for row in self._records()}

    def pjsua2(self, line: lines.TestLine = ALICE, hertz: int = ALICE_HZ, **options: Any) -> Pjsua2:
        phone = Pjsua2(self._folder / line.number, line, hertz, self.carrier, **options)
        self._stack.callback(phone.close)
        return phone

    def baresip(self, line: lines.TestLine = BOB, hertz: int = BOB_HZ) -> Baresip:
        phone = Baresip(self._folder / line.number, line, hertz, self.carrier)
        self._stack.callback(phone.close)
        return phone

    def linphone(self, line: lines.TestLine = CAROL, hertz: int = CAROL_HZ) -> Linphone:
        phone = Linphone(self._folder / line.number, line, hertz, self.carrier)
        self._stack.callback(phone.close)
        return phone

    def legs(self, called: str) -> list[Row]:
        """The records of the test's one call of a number, leg by leg."""
        rows = [row for row in self._records() if row["call_id"] not in self._before]
        calls = {row["call_id"] for row in rows if row["called"] == called and row["leg"] == 1}
        return sorted(
            (row for row in rows if row["call_id"] in calls), key=lambda row: int(row["leg"])
        )

    def _records(self) -> list[Row]:
        rows: list[Row] = self.carrier.get("/v1/cdrs?limit=1000")["items"]
        return rows


@pytest.fixture
def room(carrier: Carrier, tmp_path: Path) -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(carrier, tmp_path, stack)


def connect(caller: Talker, called: Talker) -> None:
    caller.dial(called.line.number)
    called.take()
    caller.speak()
    talk(caller, called)


def hold_and_resume(holder: Talker, held: Talker) -> None:
    holder.hold()
    hears_no_more(held, holder.hertz)
    hears(held, HOLD_HZ)
    holder.resume()
    hears(held, holder.hertz)
    if holder.records_on:
        hears(holder, held.hertz)


PAIRS: dict[str, Callable[[Room], tuple[Talker, Talker]]] = {
    "pjsua2-baresip": lambda room: (room.pjsua2(), room.baresip()),
    "baresip-pjsua2 over TCP, A-law": lambda room: (
        room.baresip(),
        room.pjsua2(tcp=True, codecs=("PCMA",)),
    ),
    "linphone-pjsua2": lambda room: (room.linphone(), room.pjsua2()),
}


@pytest.mark.rule("CALL-01")
@pytest.mark.parametrize("pair", PAIRS)
def test_two_lines_talk_hold_and_hang_up(room: Room, pair: str) -> None:
    caller, called = PAIRS[pair](room)
    connect(caller, called)
    hold_and_resume(caller, called)
    called.hang_up()
    caller.wait_ended()
    until(lambda: len(room.legs(called.line.number)) == 2, "the records of both legs")
    first, second = room.legs(called.line.number)
    assert (first["cause"], second["cause"]) == ("far-hung-up", "hung-up")


@pytest.mark.rule("CALL-01")
def test_phones_speak_past_the_carrier_until_one_holds(room: Room) -> None:
    """Each is asked to send to the other, and, when one holds, to come back."""
    alice, bob = room.pjsua2(lines.DIRECT[0]), room.pjsua2(lines.DIRECT[1], BOB_HZ)
    connect(alice, bob)
    for phone, other in ((alice, bob), (bob, alice)):
        until(partial(speaks_to, phone, other), "one phone being offered the other's address")
    talk(alice, bob)
    hold_and_resume(alice, bob)
    bob.hang_up()
    alice.wait_ended()


def speaks_to(phone: Pjsua2, other: Pjsua2) -> bool:
    """Whether the phone was last offered one of the other's ports."""
    return offered_port(phone) in other.phone.rtp_ports


def offered_port(phone: Pjsua2) -> int:
    """The RTP port in the last INVITE that the phone got; 0 before the first."""
    said = phone.phone.program.output()
    ports = re.findall(r"RX \d+ bytes Request msg INVITE/.*?m=audio (\d+)", said, re.DOTALL)
    return int(ports[-1]) if ports else 0


@pytest.mark.rule("CALL-01")
def test_both_hold_each_other(room: Room) -> None:
    alice, bob = room.pjsua2(), room.pjsua2(lines.CODES, CAROL_HZ)
    connect(alice, bob)
    alice.hold()
    hears(bob, HOLD_HZ)
    bob.hold()
    bob.resume()
    hears(bob, HOLD_HZ)
    alice.resume()
    talk(alice, bob)
    alice.hang_up()
    bob.wait_ended()


@pytest.mark.rule("CALL-01")
def test_keys_arrive_once(room: Room) -> None:
    alice, carol = room.pjsua2(), room.pjsua2(lines.CODES, CAROL_HZ)
    connect(alice, carol)
    alice.call.keys("1590")
    until(lambda: len(carol.call.keys_heard) >= 4, "four keys")
    alice.call.keys("*#", "info")
    until(lambda: len(carol.call.keys_heard) >= 6, "six keys")
    carol.call.keys("42")
    until(lambda: alice.call.keys_heard == "42", "two keys the other way")
    assert carol.call.keys_heard == "1590*#"


def test_keys_become_tones_for_a_phone_without_events(room: Room) -> None:
    alice, carol = room.pjsua2(), room.pjsua2(lines.CODES, CAROL_HZ, events=False)
    connect(alice, carol)
    alice.call.keys("1")
    heard_key(carol, 1209)
    talk(alice, carol)


@pytest.mark.rule("CALL-01")
@pytest.mark.parametrize("caller_sends", [True, False])
def test_a_party_is_sent_to_a_third_line(room: Room, caller_sends: bool) -> None:
    alice, bob = room.pjsua2(), room.baresip()
    carol = room.pjsua2(lines.CODES, CAROL_HZ)
    connect(alice, bob)
    sender, sent = (alice, bob) if caller_sends else (bob, alice)
    sender.refer(carol.line.number)
    carol.take()
    talk(sent, carol)
    sender.wait_ended()
    hold_and_resume(carol, sent)
    carol.hang_up()
    sent.wait_ended()
    until(lambda: len(room.legs(carol.line.number)) == 2, "the records of the new call")
    first, second = room.legs(carol.line.number)
    assert first["payer"] == "+81" + sender.line.number[1:]
    assert first["linked_id"] == second["linked_id"] == room.legs(bob.line.number)[0]["linked_id"]


@pytest.mark.rule("CALL-01")
def test_a_transfer_to_a_busy_line_gives_the_call_back(room: Room) -> None:
    alice, bob = room.pjsua2(), room.baresip()
    carol = room.pjsua2(lines.CODES, CAROL_HZ)
    connect(alice, bob)
    alice.refer(carol.line.number)
    carol.reject(486)
    assert alice.call.wait_transferred() == 486
    talk(alice, bob)
    bob.hang_up()
    alice.wait_ended()


def test_nobody_is_sent_to_where_it_costs(room: Room) -> None:
    alice, bob = room.pjsua2(), room.baresip()
    connect(alice, bob)
    for number in ("110", "0990123456", "0570000000", "1429", "0102125550100"):
        alice.refer(number)
        assert alice.call.wait_transferred() == 403
        alice.forget_transfers()
    talk(alice, bob)


@pytest.mark.rule("CALL-02")
def test_a_phone_that_dies_ends_the_call_for_both(tmp_path: Path, seed: Path) -> None:
    settings = SETTINGS + "[media]\nsilence_s = 3\n"
    with (
        Carrier(tmp_path / "own", settings=settings, seed=seed, rtp_count=100) as carrier,
        ExitStack() as stack,
    ):
        room = Room(carrier, tmp_path, stack)
        alice, bob = room.pjsua2(), room.baresip()
        connect(alice, bob)
        bob.phone.program.kill()
        alice.wait_ended()
        until(lambda: len(room.legs(BOB.number)) == 2, "the records of both legs")
        assert [leg["cause"] for leg in room.legs(BOB.number)] == ["no-media", "no-media"]


def test_no_call_between_lines_fails_when_packets_are_lost(
    md5_carrier: Carrier, tmp_path: Path
) -> None:
    """Five of a hundred packets, on the caller's side and on the called one's."""
    called, callers = lines.CROWD[0], lines.CROWD[1:50]
    users = [(line.number, line.password) for line in callers]
    address = md5_carrier.address
    with WirePhone(address, called.number, called.password, algorithm="MD5") as phone:
        assert phone.register().status == 200
    with sipp.Answering(tmp_path / "called", phone.port, lost_percent=5):
        outcome = sipp.run(
            tmp_path / "calling",
            "call",
            address,
            sipp.users_file(tmp_path / "users.csv", users),
            calls=100,
            rate=50,
            hold_ms=300,
            lost_percent=5,
            service=called.number,
            patient=True,
            timeout_s=60,
        )
    assert (outcome.successful, outcome.failed) == (100, 0), outcome.screen
