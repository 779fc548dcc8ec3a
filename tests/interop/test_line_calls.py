"""Lines call lines with real softphones: each is heard by the other, through all that happens."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.interop.room import (
    BOB,
    BOB_HZ,
    CAROL_HZ,
    HOLD_HZ,
    Room,
    connect,
    hold_and_resume,
)
from tests.interop.talkers import Pjsua2, Talker, heard_key, hears, talk
from tests.support.carrier import Carrier
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.listens]

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
    """Each is asked to send to the other, and, when one holds, the other to come back.

    Which way they then hear each other is up to them: after a new description PJSIP sends to who
    sends to it first, which may be the carrier with the last packet that was on its way.
    """
    alice, bob = room.pjsua2(lines.DIRECT[0]), room.pjsua2(lines.DIRECT[1], BOB_HZ)
    connect(alice, bob)
    for phone, other in ((alice, bob), (bob, alice)):
        until(partial(was_sent_to, room, phone, other), "one phone being offered the other's port")
    talk(alice, bob)
    alice.hold()
    until(lambda: not sent_to(room, bob, alice)[-1], "the other being offered our port")
    bob.hang_up()
    alice.wait_ended()


def was_sent_to(room: Room, phone: Talker, other: Pjsua2) -> bool:
    """Whether any INVITE that the phone got has one of the other's RTP ports."""
    return any(sent_to(room, phone, other))


def sent_to(room: Room, phone: Talker, other: Pjsua2) -> list[bool]:
    """Which INVITEs that the phone got have one of the other's RTP ports, in order."""
    ours = f":{room.carrier.sip_port} ".encode()
    shown = room.carrier.fetch("/lab/trace?follow=false").splitlines()
    messages = [b64decode(seen["data"]) for seen in map(json.loads, shown)]
    offers = [
        message
        for message in messages
        if message.startswith(f"INVITE sip:{phone.line.number}".encode())
        and ours not in message.partition(b"\r\n")[0]
    ]
    found = [re.search(rb"m=audio (\d+)", offer) for offer in offers]
    return [each is not None and int(each[1]) in other.phone.rtp_ports for each in found]


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
