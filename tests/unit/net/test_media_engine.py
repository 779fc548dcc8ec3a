"""The media engine on real sockets of the loopback interface."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from ivr.media import tones
from ivr.media.chorus import FEW
from ivr.media.g711 import SILENCE_FRAME, to_wire
from ivr.media.pacer import PHASES
from ivr.media.rtcp import Block, Sent, report
from ivr.net import media_engine
from ivr.net.media_engine import MediaEngine, NoPortsLeft, RtpPorts
from tests.support.ports import free_range
from tests.unit.net.media_phone import PROMPT, Phone, join, left_out, locked, prompt_in, until


class TestPlaying:
    async def test_a_prompt_arrives_whole_without_a_seam(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, told = phones(), engine.open(), list[bool]()
        join(leg, phone)
        leg.play(PROMPT * 10, told.append)
        await until(lambda: bool(told), "the end of the prompt")
        await until(lambda: len(phone.listen()) >= 15, "silence after the prompt")
        assert told == [True]
        missed = left_out(phone.got)
        assert 10 - missed <= prompt_in(phone.got) <= 10
        assert phone.got[0].marker
        assert sum(packet.marker for packet in phone.got[1:10]) <= missed

    async def test_alaw_on_the_wire(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg = phones(), engine.open()
        join(leg, phone, law="PCMA", payload_type=8)
        leg.play(PROMPT)
        await until(lambda: len(phone.listen()) >= 2, "packets")
        assert [p.payload for p in phone.got[:2]] == [to_wire(PROMPT, "PCMA"), b"\xd5" * 160]
        assert {p.payload_type for p in phone.got} == {8}

    async def test_a_key_stops_the_prompt_before_another_packet_of_it(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, told = phones(), engine.open(), list[bool]()
        await locked(leg, phone)
        sent_at_key: list[int] = []

        def barge_in(key: str, _: int) -> None:
            leg.stop()
            sent_at_key.append(leg.facts().sent)

        leg.on_key = barge_in
        leg.play(PROMPT * 3000, told.append)
        await until(lambda: prompt_in(phone.listen()) >= 3, "the prompt")
        before = prompt_in(phone.listen())
        phone.press("3")
        await until(lambda: len(phone.listen()) >= (sent_at_key or [1 << 30])[0] + 10, "silence")
        after_event = prompt_in(phone.got) - before
        assert after_event * 20 <= 40
        assert prompt_in(phone.got[sent_at_key[0] :]) == 0
        assert told == [False]
        assert len(sent_at_key) == 1

    async def test_what_is_sent_is_counted_across_hold_and_resume(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg = phones(), engine.open()
        await locked(leg, phone)
        await until(lambda: len(phone.listen()) >= 5, "silence")
        join(leg, phone, can_send=False)
        held = leg.facts().sent
        leg.play(PROMPT * 3)
        join(leg, phone)
        await until(lambda: len(phone.listen()) >= held + 5, "silence again")
        leg.close()
        assert leg.facts().sent == len(phone.listen())
        assert engine.stats().sent == leg.facts().sent

    async def test_reports_begin_once_the_call_lasts(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg = phones(), engine.open()
        mine = Block(7, 0, 3, 1, 2, 0, 0)
        join(leg, phone)
        await until(lambda: len(phone.listen()) >= 1, "the leg's SSRC")
        early = report(9, "p", Sent(0.0, 0, 1, 160), (mine._replace(ssrc=phone.got[0].ssrc),))
        phone.socket.sendto(early, (phone.to[0], phone.to[1] + 1))
        await until(lambda: leg.facts().remote is not None, "the report that came early")
        assert leg.facts().remote == mine._replace(ssrc=phone.got[0].ssrc)

    async def test_nothing_is_sent_on_hold_and_the_prompt_ends_all_the_same(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, told = phones(), engine.open(), list[bool]()
        join(leg, phone, can_send=False)
        leg.play(PROMPT * 2, told.append)
        await until(lambda: bool(told), "the end of the prompt")
        assert phone.listen() == []

    async def test_a_closed_port_of_one_phone_disturbs_no_other(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        gone, here = phones(), phones()
        dead, alive = engine.open(), engine.open()
        await locked(dead, gone)
        await locked(alive, here)
        gone.close()
        dead.play(PROMPT, loop=True)
        alive.play(PROMPT * 20)
        await until(lambda: prompt_in(here.listen()) == 20, "the living leg's prompt")
        assert dead.facts().refused > 0
        assert alive.facts().refused == 0


class TestHearing:
    async def test_each_key_once(self, engine: MediaEngine, phones: Callable[..., Phone]) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        join(leg, phone, event_payload_type=96)
        for key in "1100#":
            phone.press(key, 96)
        await until(lambda: len(keys) >= 5, "the keys")
        assert "".join(keys) == "1100#"

    async def test_keys_pass_the_filter_that_holds_audio_back(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        await locked(leg, phone)
        await until(lambda: leg.facts().sampled, "the filter")
        before = leg.facts().received
        for _ in range(256):
            phone.say(PROMPT)
        phone.press("9")
        await until(lambda: keys == ["9"], "the key")
        assert leg.facts().received - before == 1 + 5

    async def test_a_phone_the_filter_holds_back_is_known_to_live(
        self, engine: MediaEngine, phones: Callable[..., Phone], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(media_engine, "SWEEP_S", 0.05)
        phone, leg = phones(), engine.open()
        await locked(leg, phone)
        await until(lambda: leg.facts().sampled, "the filter")
        phone.sequence, heard, received = 1, leg.last_received, leg.facts().received
        phone.say(PROMPT)
        await until(lambda: leg.last_received > heard, "the sign of life")
        assert leg.facts().received == received

    async def test_the_filter_follows_a_new_event_number_and_goes_when_somebody_listens(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        await locked(leg, phone)
        await until(lambda: leg.facts().sampled, "the filter")
        join(leg, phone, event_payload_type=96)
        phone.press("4", 96)
        await until(lambda: keys == ["4"], "the key by its new number")
        leg.record(lambda *_: None)
        before = leg.facts().received
        for _ in range(20):
            phone.say(PROMPT)
        await until(lambda: leg.facts().received - before == 20, "every packet")

    async def test_in_band_keys_when_no_event_was_negotiated(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        join(leg, phone, event_payload_type=None, detect_inband=True, law="PCMA", payload_type=8)
        audio = b"".join(tones.key_tone(key, 60, 60) for key in "4711#")
        for at in range(0, len(audio), 160):
            phone.say(to_wire(audio[at : at + 160], "PCMA"), 8)
        await until(lambda: len(keys) >= 5, "the keys")
        assert "".join(keys) == "4711#"

    async def test_nothing_is_heard_while_the_peer_must_not_send(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        await locked(leg, phone, can_receive=False)
        phone.press("1")
        await until(lambda: leg.facts().received >= 6, "the events")
        assert keys == []

    async def test_echo_sends_back_what_was_said(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg = phones(), engine.open()
        join(leg, phone)
        leg.echo(True)
        said = [bytes([number]) * 160 for number in range(1, 9)]
        for frame in said:
            phone.say(frame)
        await until(lambda: len([p for p in phone.listen() if p.payload in said]) == 8, "the echo")
        assert [p.payload for p in phone.got if p.payload in said] == said

    async def test_a_recording_gets_all_audio_with_its_place(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, heard = phones(), engine.open(), list[tuple[int, bytes]]()
        await locked(leg, phone)
        leg.record(lambda offset, ulaw: heard.append((offset, ulaw)))
        for number in range(5):
            phone.say(bytes([number]) * 160)
        phone.timestamp += 800
        phone.say(PROMPT)
        await until(lambda: len(heard) >= 6, "the recording")
        assert [offset for offset, _ in heard] == [0, 160, 320, 480, 640, 1600]
        assert [ulaw[0] for _, ulaw in heard] == [0, 1, 2, 3, 4, 0x11]

    @pytest.mark.parametrize(
        "datagram",
        [b"", b"\x80", b"\x80\x00" * 9, bytes(12), b"\x80\x65" + bytes(11), b"\x00" * 99],
    )
    async def test_garbage_is_counted_and_nothing_else(
        self, engine: MediaEngine, phones: Callable[..., Phone], datagram: bytes
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()
        leg.on_key = lambda key, _: keys.append(key)
        join(leg, phone)
        phone.socket.sendto(datagram, phone.to)
        phone.press("8")
        await until(lambda: bool(keys), "the key behind the garbage")
        assert keys == ["8"]


class TestLifecycle:
    async def test_closing_cancels_everything_and_gives_the_port_back(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, told = phones(), engine.open(), list[bool]()
        free = engine.stats().free_ports
        await locked(leg, phone)
        leg.on_key = lambda key, at: told.append(True)
        leg.play(PROMPT * 100, told.append)
        leg.send_keys("12", told.append)
        leg.close()
        leg.close()
        await until(lambda: len(told) == 2, "the cancelled")
        assert told == [False, False]
        stats = engine.stats()
        assert (stats.streams, stats.free_ports) == (0, free + 1)

    async def test_a_leg_may_close_in_the_key_that_it_hears(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        phone, leg, keys = phones(), engine.open(), list[str]()

        def hang_up(key: str, _: int) -> None:
            keys.append(key)
            leg.close()

        leg.on_key = hang_up
        join(leg, phone)
        phone.press("1")
        phone.press("2")
        await until(lambda: leg.closed, "the hang-up")
        assert keys == ["1"]

    async def test_the_wheel_starts_again_after_it_stood_still(
        self, engine: MediaEngine, phones: Callable[..., Phone]
    ) -> None:
        for _ in range(3):
            phone, leg = phones(), engine.open()
            join(leg, phone)
            leg.play(PROMPT)
            await until(lambda phone=phone: prompt_in(phone.listen()) == 1, "the prompt")  # type: ignore[misc]
            leg.close()
        assert engine.stats().skipped_rounds == 0

    async def test_no_ports_left(self) -> None:
        engine = MediaEngine(RtpPorts("127.0.0.1", *free_range(4)))
        engine.open()
        engine.open()
        with pytest.raises(NoPortsLeft):
            engine.open()
        engine.close()

    @pytest.mark.parametrize(
        "remote", [("phone.example", 4000), ("192.0.2.1", 0), ("192.0.2.1", 70000), ("::1", 4000)]
    )
    async def test_an_address_nobody_can_send_to_is_refused(
        self, engine: MediaEngine, remote: tuple[str, int]
    ) -> None:
        leg = engine.open()
        with pytest.raises(ValueError, match=r"."):
            leg.connect(
                remote, law="PCMU", payload_type=0, event_payload_type=None, detect_inband=False
            )


@pytest.mark.parametrize("host", ["::1", "::"])
async def test_ipv6(phones: Callable[..., Phone], host: str) -> None:
    engine = MediaEngine(RtpPorts(host, *free_range(4)))
    phone, leg, keys = phones(host="::1"), engine.open(), list[str]()
    leg.on_key = lambda key, _: keys.append(key)
    await locked(leg, phone)
    phone.press("6")
    leg.play(PROMPT)
    await until(lambda: keys == ["6"] and prompt_in(phone.listen()) == 1, "both ways")
    engine.close()


async def test_ipv4_phones_reach_a_dual_stack_engine(phones: Callable[..., Phone]) -> None:
    engine = MediaEngine(RtpPorts("::", *free_range(4)))
    phone, leg, keys = phones(), engine.open(), list[str]()
    leg.on_key = lambda key, _: keys.append(key)
    join(leg, phone)
    leg.play(PROMPT)
    await until(lambda: prompt_in(phone.listen()) == 1, "the prompt before the lock")
    phone.press("6")
    leg.play(PROMPT)
    await until(lambda: keys == ["6"] and prompt_in(phone.listen()) == 2, "both ways")
    assert leg.facts().locked == phone.address
    engine.close()


async def test_of_many_legs_each_gets_its_own_and_stops_alone(
    phones: Callable[..., Phone],
) -> None:
    """As many as go through arrays: nobody hears another's prompt, or his own after its end."""
    many = PHASES * FEW
    engine = MediaEngine(RtpPorts("127.0.0.1", *free_range(2 * many)))
    calls = [(phones(), engine.open(), bytes([n]) * 160) for n in range(1, many + 1)]
    for phone, leg, sound in calls:
        join(leg, phone)
        leg.play(sound * 500)
    await until(lambda: all(len(phone.listen()) > 20 for phone, _, _ in calls), "every prompt")
    stopped = calls[::2]
    for _, leg, _ in stopped:
        leg.stop()
    sent = [leg.facts().sent for _, leg, _ in stopped]
    await until(lambda: all(len(p.listen()) > 60 for p, _, _ in calls), "what comes after")
    for (phone, _, sound), until_stop in zip(stopped, sent, strict=True):
        assert {p.payload for p in phone.got[:until_stop]} == {sound}
        assert {p.payload for p in phone.got[until_stop:]} == {SILENCE_FRAME}
    for phone, _, sound in calls[1::2]:
        assert {p.payload for p in phone.got} == {sound}
    for phone, _, _ in calls:
        first = phone.got[0].sequence
        assert [p.sequence for p in phone.got] == list(range(first, first + len(phone.got)))
        assert len({p.ssrc for p in phone.got}) == 1
    engine.close()


async def test_two_engines_talk_keys_to_each_other() -> None:
    engine = MediaEngine(RtpPorts("127.0.0.1", *free_range(4)))
    caller, callee, keys, told = engine.open(), engine.open(), list[str](), list[bool]()
    callee.on_key = lambda key, _: keys.append(key)
    for leg, other in ((caller, callee), (callee, caller)):
        leg.connect(
            ("127.0.0.1", other.port),
            law="PCMU",
            payload_type=0,
            event_payload_type=97,
            detect_inband=False,
        )
    caller.send_keys("1429##", told.append, duration_ms=40, gap_ms=60)
    await until(lambda: len(keys) >= 6 and bool(told), "the keys")
    assert "".join(keys) == "1429##"
    assert told == [True]
    engine.close()


def test_on_uvloop() -> None:
    async def call() -> int:
        engine = MediaEngine(RtpPorts("127.0.0.1", *free_range(4)))
        phone, leg = Phone(), engine.open()
        await locked(leg, phone)
        leg.play(PROMPT * 10)
        await until(lambda: prompt_in(phone.listen()) == 10, "the prompt")
        engine.close()
        phone.close()
        return leg.facts().sent

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(call()) >= 10
