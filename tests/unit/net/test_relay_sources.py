"""Whose packets are relayed, on real sockets: strangers, silence, a NAT that rebinds."""

import asyncio

import pytest

from ivr.media import source_lock
from ivr.media.pacer import TICK_S
from ivr.net import media_engine
from ivr.net.media_engine import MediaEngine
from tests.unit.net.media_phone import join, locked, until
from tests.unit.net.relayed_phones import Make, assert_seamless, coupled, word, words_in


async def test_none_of_a_strangers_packets_is_relayed(engine: MediaEngine, phones: Make) -> None:
    caller, _, callee, _ = await coupled(engine, phones, {}, {})
    stranger = phones(ssrc=caller.ssrc)
    stranger.to, stranger.sequence = caller.to, caller.sequence
    for _ in range(250):
        stranger.say(word(9))
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) != [], "the caller")
    assert words_in(callee.got) == [1]


async def test_nor_before_the_phones_first_word(engine: MediaEngine, phones: Make) -> None:
    caller, callee, one, two = phones(), phones(), engine.open(), engine.open()
    stranger = phones(host="127.0.0.2")
    await locked(two, callee)
    join(one, caller, learn_from="127.0.0.1")
    one.relay_to(two)
    stranger.to = caller.to
    while one.facts().foreign < 250:
        stranger.say(word(9))
        await asyncio.sleep(0)
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) != [], "the caller")
    assert words_in(callee.got) == [1]


async def test_a_phone_takes_its_call_back_from_who_spoke_first(
    engine: MediaEngine, phones: Make
) -> None:
    caller, callee, one, two = phones(ssrc=1), phones(ssrc=2), engine.open(), engine.open()
    stranger = phones(ssrc=3)
    await locked(two, callee)
    join(one, caller, learn_from="127.0.0.1")
    one.relay_to(two)
    two.relay_to(one)
    stranger.to = caller.to
    for _ in range(source_lock.PROBATION_PACKETS):
        stranger.say(word(9))
    await until(lambda: one.facts().locked == stranger.address, "the stranger's lock")
    callee.say(word(3))
    await until(lambda: words_in(stranger.listen()) == [3], "the callee where a NAT might be")
    for said in range(1, 21):
        caller.say(word(1))
        stranger.say(word(8))
        callee.say(word(4))
        await until(lambda said=said: words_in(callee.listen()).count(1) == said, "the caller")  # type: ignore[misc]
    await until(lambda: words_in(caller.listen()) == [4] * 20, "the callee at the caller")
    assert words_in(callee.got) == [9] + [1] * 20
    assert words_in(stranger.listen()) == [3]
    assert_seamless(callee.got)


async def test_a_phone_behind_a_nat_is_relayed(engine: MediaEngine, phones: Make) -> None:
    """Its SDP names an address that never sends: it speaks and hears where it was learned."""
    caller, callee, one, two = phones(ssrc=1), phones(ssrc=2), engine.open(), engine.open()
    private = phones()
    await locked(two, callee)
    join(one, private, learn_from="127.0.0.1")
    one.relay_to(two)
    two.relay_to(one)
    caller.to = private.to
    for _ in range(source_lock.PROBATION_PACKETS):
        caller.say(word(1))
    await until(lambda: one.facts().locked == caller.address, "the caller")
    for said in range(1, 21):
        caller.say(word(2))
        callee.say(word(4))
        await until(lambda said=said: words_in(callee.listen()).count(2) == said, "the caller")  # type: ignore[misc]
    await until(lambda: words_in(caller.listen()) == [4] * 20, "the callee")
    assert words_in(private.listen()) == []


async def test_nor_while_the_phone_is_silent(
    engine: MediaEngine, phones: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_lock, "SILENCE_S", 0.05)
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    stranger = phones(ssrc=99)
    stranger.to, stranger.sequence = caller.to, caller.sequence
    while one.facts().foreign < 250:
        stranger.say(word(9))
        await asyncio.sleep(0)
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) != [], "the caller")
    assert words_in(callee.got) == [1]


async def test_a_nat_that_rebinds_is_followed_after_a_long_talk(
    engine: MediaEngine, phones: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long enough that only packets which took the short way tell where the phone was."""
    monkeypatch.setattr(source_lock, "SILENCE_S", 0.05)
    monkeypatch.setattr(source_lock, "KIN_SEQUENCES", 250)
    monkeypatch.setattr(media_engine, "SWEEP_S", 0.05)
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    for said in range(10, 301, 10):
        for _ in range(10):
            caller.say(word(1))
        await until(lambda said=said: len(words_in(callee.listen())) == said, "the talk")  # type: ignore[misc]
    moved = phones(ssrc=caller.ssrc)
    moved.to = caller.to
    moved.sequence, moved.timestamp = caller.sequence, caller.timestamp

    def followed() -> bool:
        moved.say(word(2))
        return one.facts().locked == moved.address

    await until(followed, "the new address")
    callee.say(word(3))
    await until(lambda: words_in(moved.listen()) == [3], "the callee at the new address")
    await until(lambda: 2 in words_in(callee.listen()), "the caller from the new address")


def test_media_is_back_within_two_seconds_of_a_rebinding() -> None:
    """The silence that opens the lock, the sweeps until it is seen, and a packet."""
    sweep_s = media_engine.SWEEP_S + media_engine.SWEEP_TICKS * TICK_S
    assert source_lock.SILENCE_S + sweep_s + 0.02 <= 2.0


async def test_a_port_that_expects_nobody_answers_nothing(
    engine: MediaEngine, phones: Make
) -> None:
    stranger, phone, leg = phones(), phones(), engine.open()
    await locked(leg, phone)
    idle = engine.open()
    for port in (idle.port, idle.port + 1):
        stranger.to = "127.0.0.1", port
        for _ in range(20):
            stranger.say(word(9))
        stranger.socket.sendto(b"\x80\xc9\x00\x01" + bytes(4), stranger.to)
    await until(lambda: len(phone.listen()) >= 10, "the engine's time")
    assert stranger.listen() == []


async def test_what_waited_long_is_not_relayed_late(engine: MediaEngine, phones: Make) -> None:
    """A stall of the host leaves a gap behind it, not a delay: at most half a second is kept."""
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    for _ in range(100):
        caller.say(word(1))
    await until(lambda: words_in(callee.listen()) != [], "what was kept")
    await until(lambda: len(callee.listen()) > 40, "silence again")
    assert len(words_in(callee.got)) <= 25
    one.relay_to(None)
    heard: list[bytes] = []
    one.record(lambda _, ulaw: heard.append(ulaw))
    for _ in range(75):
        caller.say(word(2))
    await until(lambda: len(heard) == 75, "all that is recorded")


async def test_a_phone_that_moves_by_re_invite_goes_on_in_the_same_stream(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word before")
    moved = phones(ssrc=55)
    join(one, moved)
    callee.say(word(3))
    await until(lambda: words_in(moved.listen()) == [3], "the callee before the phone spoke")
    moved.say(word(2))
    await until(lambda: words_in(callee.listen()) == [1, 2], "the word from there")
    caller.say(word(9))
    moved.say(word(2))
    await until(lambda: words_in(callee.listen()) == [1, 2, 2], "no word from the old place")
    assert_seamless(callee.got)
