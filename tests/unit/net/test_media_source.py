"""Whose packets reach a leg, on real sockets: injection, silence, NAT, re-INVITE."""

import asyncio
from collections.abc import Callable

import pytest

from ivr.media import source_lock
from ivr.net.media_engine import MediaEngine
from tests.unit.net.media_phone import EVENTS, PROMPT, Phone, join, locked, prompt_in, until


class TestSourceLock:
    async def test_none_of_a_strangers_packets_gets_through(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, heard = phones(), engine.open(), list[bytes]()
        stranger = phones(ssrc=phone.ssrc)
        leg.record(lambda _, ulaw: heard.append(ulaw))
        await locked(leg, phone)
        stranger.to = phone.to
        stranger.sequence = phone.sequence
        for _ in range(250):
            stranger.say(b"\x66" * 160)
        phone.say(b"\x22" * 160)
        await until(lambda: b"\x22" * 160 in heard, "the phone")
        assert b"\x66" * 160 not in heard
        assert leg.facts().locked == phone.address

    async def test_a_silent_phone_gives_a_stranger_no_chance(
        self,
        engine: MediaEngine,
        phones: Callable[..., Phone],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(source_lock, "SILENCE_S", 0.05)
        phone, stranger, leg, keys = phones(), phones(ssrc=1), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        await locked(leg, phone)
        stranger.to = phone.to
        while leg.facts().foreign < 250:
            stranger.press("9")
            await asyncio.sleep(0)
        phone.press("1")
        await until(lambda: bool(keys), "the phone's key")
        assert keys == ["1"]

    async def test_a_nat_that_rebinds_is_followed(
        self,
        engine: MediaEngine,
        phones: Callable[..., Phone],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(source_lock, "SILENCE_S", 0.05)
        old, new, leg = phones(), phones(), engine.open()
        await locked(leg, old)
        new.to, new.sequence, new.timestamp = old.to, old.sequence, old.timestamp

        def moved() -> bool:
            new.say(PROMPT)
            return leg.facts().locked == new.address

        await until(moved, "the new address")
        leg.play(PROMPT * 5)
        await until(lambda: prompt_in(new.listen()) == 5, "the prompt at the new address")
        assert prompt_in(old.listen()) == 0

    async def test_a_phone_behind_a_nat_is_learned(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        join(leg, phone)
        leg.connect(
            ("192.0.2.55", 4000),
            law="PCMU",
            payload_type=0,
            event_payload_type=EVENTS,
            detect_inband=False,
            learn_from="127.0.0.1",
        )
        for _ in range(source_lock.PROBATION_PACKETS):
            phone.say(PROMPT)
        phone.press("5")
        await until(lambda: keys == ["5"], "the key")
        assert leg.facts().locked == phone.address

    async def test_a_phone_takes_its_leg_back_from_who_spoke_first(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, stranger, leg, heard = phones(ssrc=1), phones(ssrc=2), engine.open(), list[bytes]()
        leg.record(lambda _, ulaw: heard.append(ulaw))
        join(leg, phone, learn_from="127.0.0.1")
        stranger.to = phone.to
        for _ in range(source_lock.PROBATION_PACKETS):
            stranger.say(b"\x66" * 160)
        await until(lambda: leg.facts().locked == stranger.address, "the stranger's lock")
        phone.say(b"\x22" * 160)
        await until(lambda: leg.facts().locked == phone.address, "the phone's lock")
        heard.clear()
        leg.play(PROMPT * 5)
        for _ in range(50):
            stranger.say(b"\x66" * 160)
            phone.say(b"\x33" * 160)
        await until(lambda: len(heard) >= 50, "the phone")
        assert set(heard) == {b"\x33" * 160}
        await until(lambda: prompt_in(phone.listen()) == 5, "the prompt at the phone")
        assert prompt_in(stranger.listen()) == 0

    async def test_what_waited_to_be_read_at_the_lock_is_judged_as_well(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, stranger, leg, heard = phones(ssrc=1), phones(ssrc=2), engine.open(), list[bytes]()
        leg.record(lambda _, ulaw: heard.append(ulaw))
        join(leg, phone)
        stranger.to = phone.to
        phone.say(b"\x22" * 160)
        for _ in range(20):
            stranger.say(b"\x66" * 160)
        phone.say(b"\x33" * 160)
        await until(lambda: b"\x33" * 160 in heard, "the phone's second word")
        assert heard == [b"\x22" * 160, b"\x33" * 160]
        assert leg.facts().foreign == 20

    async def test_a_re_invite_moves_the_media(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        first, second, leg, keys = phones(), phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        await locked(leg, first)
        await locked(leg, second)
        await until(lambda: leg.facts().locked == second.address, "the move")
        first.press("1")
        second.press("2")
        await until(lambda: bool(keys), "the key of the new address")
        assert keys == ["2"]
