"""Two legs coupled on real sockets: what one phone says, the other hears."""

from collections.abc import Callable
from itertools import pairwise

from ivr.media.g711 import SILENCE_FRAME, to_wire
from ivr.media.rtp import Packet
from ivr.net.media_engine import MediaEngine, MediaLeg
from tests.unit.net.media_phone import PROMPT, Phone, locked, until

Make = Callable[..., Phone]


def word(number: int) -> bytes:
    """Audio that no prompt and no silence is like."""
    return bytes([number]) * 160


def words_in(packets: list[Packet]) -> list[int]:
    """Which words of 1 to 15 were heard, in order."""
    return [p.payload[0] for p in packets if len(p.payload) == 160 and 0 < p.payload[0] < 16]


async def coupled(
    engine: MediaEngine, phones: Make, first: dict[str, object], second: dict[str, object]
) -> tuple[Phone, MediaLeg, Phone, MediaLeg]:
    """Two phones whose legs know them and are relayed to each other."""
    caller, callee = phones(ssrc=1), phones(ssrc=2)
    one, two = engine.open(), engine.open()
    await locked(one, caller, **first)
    await locked(two, callee, **second)
    one.relay_to(two)
    two.relay_to(one)
    return caller, one, callee, two


def assert_seamless(packets: list[Packet]) -> None:
    assert len({packet.ssrc for packet in packets}) == 1
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 < (after.timestamp - before.timestamp) & 0xFFFFFFFF < 8000 * 60


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


async def test_none_of_a_strangers_packets_is_relayed(engine: MediaEngine, phones: Make) -> None:
    caller, _, callee, _ = await coupled(engine, phones, {}, {})
    stranger = phones(ssrc=caller.ssrc)
    stranger.to, stranger.sequence = caller.to, caller.sequence
    for _ in range(250):
        stranger.say(word(9))
    caller.say(word(1))
    await until(lambda: words_in(callee.listen()) != [], "the caller")
    assert words_in(callee.got) == [1]
