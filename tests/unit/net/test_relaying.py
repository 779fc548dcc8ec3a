"""Two legs coupled on real sockets: what one phone says, the other hears."""

import asyncio
from itertools import pairwise

import pytest
import uvloop

from ivr.media import source_lock, tones
from ivr.media.g711 import SILENCE_FRAME, to_wire
from ivr.media.relay import MOST_AT_ONCE
from ivr.media.rtp import build
from ivr.net import feed, media_engine
from ivr.net.media_engine import MediaEngine, RtpPorts
from tests.support.ports import free_range
from tests.unit.net.media_phone import PROMPT, Phone, join, locked, until
from tests.unit.net.relayed_phones import Make, assert_seamless, coupled, word, words_in


async def test_each_hears_the_other_as_one_stream_without_a_seam(
    engine: MediaEngine, phones: Make
) -> None:
    caller, _, callee, _ = await coupled(engine, phones, {}, {})
    await until(lambda: len(callee.listen()) >= 3 and len(caller.listen()) >= 3, "silence")
    for number in range(1, 9):
        caller.say(word(number))
        callee.say(word(number + 1))
    await until(lambda: len(words_in(callee.listen())) == 8, "the caller's words")
    await until(lambda: len(words_in(caller.listen())) == 8, "the callee's words")
    assert words_in(callee.got) == list(range(1, 9))
    assert words_in(caller.got) == list(range(2, 10))
    assert_seamless(caller.got)
    assert_seamless(callee.got)
    spoken = [p for p in callee.got if p.payload != SILENCE_FRAME]
    assert [p.marker for p in spoken] == [True] + [False] * 7
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(spoken)} == {160}


async def test_each_gets_its_own_law_and_payload_type(engine: MediaEngine, phones: Make) -> None:
    alaw: dict[str, object] = {"law": "PCMA", "payload_type": 8}
    caller, _, callee, _ = await coupled(engine, phones, alaw, {})
    callee.say(PROMPT)
    caller.say(to_wire(PROMPT, "PCMA"), 8)
    await until(lambda: PROMPT in [p.payload for p in callee.listen()], "the caller's word")
    heard = to_wire(PROMPT, "PCMA")
    await until(lambda: heard in [p.payload for p in caller.listen()], "the callee's word")
    assert {p.payload_type for p in caller.got} == {8}
    assert {p.payload_type for p in callee.got} == {0}


async def test_keys_pass_as_events_and_are_told_as_well(engine: MediaEngine, phones: Make) -> None:
    caller, one, callee, _ = await coupled(
        engine, phones, {"event_payload_type": 96}, {"event_payload_type": 101}
    )
    keys: list[str] = []
    one.on_key = lambda key, _: keys.append(key)
    caller.say(word(1))
    caller.press("5", 96)
    caller.say(word(2))
    await until(lambda: words_in(callee.listen()) == [1, 2], "the words around the key")
    events = [p for p in callee.got if p.payload_type == 101]
    assert [p.payload[0] for p in events] == [5] * 5
    assert len({p.timestamp for p in events}) == 1
    assert keys == ["5"]
    assert_seamless([p for p in callee.got if p not in events[1:]][:2])


async def test_a_prompt_goes_before_and_the_relay_goes_on_after_it(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    told: list[bool] = []
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word before")
    two.play(PROMPT * 5, told.append)
    before = one.facts().received
    caller.say(word(2))
    await until(lambda: one.facts().received > before, "the word that is dropped")
    await until(lambda: told == [True], "the prompt's end")
    caller.say(word(3))
    await until(lambda: words_in(callee.listen()) == [1, 3], "the word after")
    prompt = [p for p in callee.got if p.payload == PROMPT]
    assert len(prompt) == 5
    assert prompt[0].marker
    assert next(p for p in callee.got if p.payload == word(3)).marker
    assert_seamless(callee.got)


async def test_an_ended_relay_carries_nothing_and_the_leg_says_silence_again(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word")
    one.relay_to(None)
    caller.say(word(2))
    await until(lambda: callee.listen()[-1].payload == SILENCE_FRAME, "silence")
    assert words_in(callee.got) == [1]
    assert_seamless(callee.got)


async def test_a_quiet_speaker_leaves_the_other_silence_until_it_speaks_again(
    engine: MediaEngine, phones: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "QUIET_S", 0.05)
    monkeypatch.setattr(media_engine, "SWEEP_S", 0.05)
    caller, _, callee, _ = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word")
    await until(lambda: callee.listen()[-1].payload == SILENCE_FRAME, "silence")
    caller.say(word(2))
    await until(lambda: words_in(callee.listen()) == [1, 2], "the next word")
    assert_seamless(callee.got)
    assert next(p for p in callee.got if p.payload == word(2)).marker


async def test_while_a_relay_feeds_a_leg_it_says_no_silence(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word")
    before, own = len(callee.got), one.facts().sent
    for _ in range(10):
        caller.say(word(2))
        await until(lambda own=own: one.facts().sent > own, "a slot of the other leg")  # type: ignore[misc]
        own = one.facts().sent
    await until(lambda: words_in(callee.listen()).count(2) == 10, "the words")
    assert {p.payload for p in callee.got[before:]} == {word(2)}
    assert two.facts().sent == len(callee.got)


async def test_hold_stops_one_way_and_resume_starts_it_again(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word before")
    join(two, callee, can_send=False)
    heard = one.facts().received
    caller.say(word(2))
    callee.say(word(3))
    await until(lambda: words_in(caller.listen()) == [3], "the callee's word")
    await until(lambda: one.facts().received > heard, "the caller's word")
    join(two, callee)
    caller.say(word(4))
    await until(lambda: words_in(callee.listen()) == [1, 4], "the word after")


async def test_who_may_not_send_is_not_relayed(engine: MediaEngine, phones: Make) -> None:
    caller, one, callee, _ = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word before")
    join(one, caller, can_receive=False)
    heard = one.facts().received
    caller.say(word(2))
    await until(lambda: one.facts().received > heard, "the word that may not be")
    join(one, caller)
    caller.say(word(3))
    await until(lambda: words_in(callee.listen()) == [1, 3], "the word after")


async def test_a_re_invite_changes_the_law_within_the_stream(
    engine: MediaEngine, phones: Make
) -> None:
    caller, _, callee, two = await coupled(engine, phones, {}, {})
    caller.say(PROMPT)
    await until(lambda: PROMPT in [p.payload for p in callee.listen()], "µ-law")
    join(two, callee, law="PCMA", payload_type=8)
    caller.say(PROMPT)
    alaw = to_wire(PROMPT, "PCMA")
    await until(lambda: alaw in [p.payload for p in callee.listen()], "A-law")
    assert callee.got[-1].payload_type == 8
    assert_seamless(callee.got)


async def test_the_kernels_filter_holds_no_audio_of_a_relayed_leg_back(
    engine: MediaEngine, phones: Make
) -> None:
    caller, callee, one, two = phones(ssrc=1), phones(ssrc=2), engine.open(), engine.open()
    await locked(one, caller)
    await locked(two, callee)
    await until(lambda: one.facts().sampled, "the filter")
    one.relay_to(two)
    for number in range(1, 11):
        caller.say(word(number))
    await until(lambda: len(words_in(callee.listen())) == 10, "every word")
    facts = one.facts()
    assert (facts.sampled, facts.received, facts.lost) == (False, 10, 0)
    one.relay_to(None)
    await until(lambda: one.facts().sampled, "the filter again")


async def test_keys_are_heard_of_a_leg_that_is_fed_and_feeds_nobody(
    engine: MediaEngine, phones: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "QUIET_S", 1000.0)
    monkeypatch.setattr(source_lock, "SILENCE_S", 1000.0)
    caller, _, callee, two = await coupled(engine, phones, {}, {})
    two.relay_to(None)
    keys = list[str]()
    two.on_key = lambda key, _: keys.append(key)
    await until(lambda: two.facts().sampled, "the filter of the leg that is fed")
    caller.say(word(2))
    await until(lambda: 2 in words_in(callee.listen()), "the word")
    callee.press("8")
    await until(lambda: keys == ["8"], "the key")


async def test_a_relayed_leg_can_be_recorded_and_heard_for_tones(
    engine: MediaEngine, phones: Make
) -> None:
    plain: dict[str, object] = {"event_payload_type": None, "detect_inband": True}
    caller, one, callee, _ = await coupled(engine, phones, plain, {})
    keys, kept = list[str](), list[bytes]()
    one.on_key = lambda key, _: keys.append(key)
    one.record(lambda _, ulaw: kept.append(ulaw))
    audio = tones.key_tone("7", 80, 80)
    for at in range(0, len(audio), 160):
        caller.say(audio[at : at + 160])
    await until(lambda: keys == ["7"], "the key")
    await until(lambda: audio in b"".join(p.payload for p in callee.listen()), "the tones")
    assert audio in b"".join(kept)


async def test_keys_we_press_go_before_the_relay(engine: MediaEngine, phones: Make) -> None:
    caller, _, callee, two = await coupled(engine, phones, {}, {"event_payload_type": None})
    told: list[bool] = []
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the word before")
    caller.press("9")
    two.send_keys("9", told.append)
    await until(lambda: told == [True], "the key as a tone")
    caller.say(word(2))
    await until(lambda: words_in(callee.listen()) == [1, 2], "the word after")
    assert {p.payload_type for p in callee.got} == {0}
    assert_seamless(callee.got)


async def test_a_new_speaker_takes_over_in_the_same_stream(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    third, three = phones(ssrc=3), engine.open()
    await locked(three, third)
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) == [1], "the first speaker")
    three.relay_to(two)
    before = one.facts().received
    caller.say(word(2))
    await until(lambda: one.facts().received > before, "a word that goes nowhere")
    third.say(word(3))
    await until(lambda: words_in(callee.listen()) == [1, 3], "the second speaker")
    one.relay_to(None)
    third.say(word(4))
    await until(lambda: words_in(callee.listen()) == [1, 3, 4], "the second speaker still")
    assert_seamless(callee.got)


@pytest.mark.parametrize("first", [True, False])
async def test_a_closed_leg_leaves_the_other_alone(
    engine: MediaEngine, phones: Make, first: bool
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    callee.say(word(1))
    await until(lambda: words_in(callee.listen()) == words_in(caller.listen()) == [1], "words")
    gone, left, phone = (one, two, callee) if first else (two, one, caller)
    gone.close()
    gone.relay_to(left)
    left.relay_to(gone)
    phone.say(word(2))
    await until(lambda: phone.listen()[-1].payload == SILENCE_FRAME, "silence")
    assert engine.stats().streams == 1
    assert left.fed_by is None
    assert_seamless(phone.got)


async def test_a_phone_that_is_gone_is_counted_and_the_other_way_lives(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    callee.say(word(1))
    await until(lambda: words_in(callee.listen()) == words_in(caller.listen()) == [1], "words")
    callee.close()
    while two.facts().refused < 2:
        caller.say(word(2))
        await asyncio.sleep(0)
    assert one.facts().refused == 0


async def test_what_goes_round_between_two_phones_that_send_all_back_is_cut_short(
    engine: MediaEngine, phones: Make
) -> None:
    caller, one, callee, two = await coupled(engine, phones, {}, {})
    caller.say(word(1))
    while one.facts().excess + two.facts().excess == 0:
        for phone in (caller, callee):
            for packet in phone.listen():
                phone.socket.sendto(build(packet), phone.to)
            phone.got.clear()
        await asyncio.sleep(0)
    assert one.facts().received + two.facts().received <= 4 * MOST_AT_ONCE


async def test_a_phone_that_says_it_is_at_a_port_of_ours_gains_nothing(
    engine: MediaEngine, phones: Make
) -> None:
    _, one, _, two = await coupled(engine, phones, {}, {})
    for leg, other in ((one, two), (two, one)):
        leg.connect(
            ("127.0.0.1", other.port),
            law="PCMU",
            payload_type=0,
            event_payload_type=None,
            detect_inband=False,
        )
    await until(lambda: one.facts().excess + two.facts().excess > 0, "the limit")
    sent = engine.stats().sent
    await until(lambda: engine.stats().sent > sent + 100, "what time allows")


def test_a_phone_whose_port_was_closed_for_a_moment_is_heard_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """uvloop gives a socket up once the network answered that nobody listens."""
    monkeypatch.setattr(source_lock, "SILENCE_S", 1000.0)

    async def call() -> None:
        engine = MediaEngine(RtpPorts("127.0.0.1", *free_range(4)))
        made: list[Phone] = []

        def make(**how: object) -> Phone:
            made.append(Phone(**how))  # type: ignore[arg-type]
            return made[-1]

        caller, one, callee, _ = await coupled(engine, make, {}, {})
        for _ in range(3):
            caller.close()
            failed = one.facts().refused
            while one.facts().refused == failed:
                callee.say(word(1))
                await asyncio.sleep(0.001)
            caller.socket = Phone(port=caller.address[1]).socket
            callee.got.clear()
            caller.say(word(2))
            await until(lambda: 2 in words_in(callee.listen()), "the word")
        engine.close()
        for phone in made:
            phone.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(call())
