"""A call's tape: recording until something ends it, playing from any second on."""

import asyncio

import pytest

from ivr.call import tape
from ivr.call.tape import Take, TakeEnd
from ivr.media import tones
from tests.unit.call.talking import Talk, talk

SPEECH = tones.tone(500, 0.5)
SOUND = b"".join(bytes([second]) * 8000 for second in range(10))


def after(talking: Talk, seconds: float, ulaw: bytes) -> None:
    asyncio.get_running_loop().call_later(seconds, talking.leg.say, ulaw)


class TestRecording:
    def record(self, prepare: object, **limits: float) -> tuple[Take, bytes, float]:
        async def script(talking: Talk) -> tuple[Take, bytes, float]:
            written: list[bytes] = []
            prepare(talking)  # type: ignore[operator]
            began = talking.now
            take = await talking.call.tape.record(
                written.append, **{"longest_s": 60, "silence_s": 5, **limits}
            )
            assert talking.leg.hear is None
            return take, b"".join(written), talking.now - began

        return talk(script)

    def test_the_pound_key_ends_it(self) -> None:
        def prepare(talking: Talk) -> None:
            after(talking, 1, SPEECH)
            talking.after(3, "#")

        take, sound, lasted_s = self.record(prepare)
        assert (take, sound) == (Take(TakeEnd.KEY, 0.5), SPEECH)
        assert lasted_s == pytest.approx(3)

    def test_other_keys_end_nothing(self) -> None:
        take, _, lasted_s = self.record(lambda talking: talking.after(2, "1*0A"))
        assert take.end is TakeEnd.SILENCE
        assert lasted_s == pytest.approx(5)

    def test_silence_counts_from_the_last_speech(self) -> None:
        def prepare(talking: Talk) -> None:
            after(talking, 1, SPEECH)
            after(talking, 4, SPEECH)
            after(talking, 6, b"\xff" * 8000)

        take, _, lasted_s = self.record(prepare)
        assert take.end is TakeEnd.SILENCE
        assert lasted_s == pytest.approx(9)

    def test_the_limit_counts_by_the_clock(self) -> None:
        def prepare(talking: Talk) -> None:
            for at in range(40):
                after(talking, at / 2, SPEECH)

        take, sound, lasted_s = self.record(prepare, longest_s=10)
        assert take.end is TakeEnd.LIMIT
        assert lasted_s == pytest.approx(10)
        assert len(sound) <= 80_000

    def test_what_it_is_written_to_ends_it(self) -> None:
        def prepare(talking: Talk) -> None:
            asyncio.get_running_loop().call_later(2, talking.call.tape.failed)

        take, _, lasted_s = self.record(prepare)
        assert take.end is TakeEnd.FAILED
        assert lasted_s == pytest.approx(2)

    def test_failed_before_it_begins_it_ends_at_once(self) -> None:
        take, _, lasted_s = self.record(lambda talking: talking.call.tape.failed())
        assert (take.end, lasted_s) == (TakeEnd.FAILED, 0)

    def test_keys_typed_ahead_do_not_end_it(self) -> None:
        take, _, _ = self.record(lambda talking: talking.leg.press("#"))
        assert take.end is TakeEnd.SILENCE

    def test_hanging_up_writes_what_was_heard(self) -> None:
        async def script(talking: Talk) -> bytes:
            written: list[bytes] = []
            recording = asyncio.ensure_future(
                talking.call.tape.record(written.append, longest_s=60, silence_s=5)
            )
            await asyncio.sleep(1)
            assert talking.leg.hear is not None
            talking.leg.hear(0, b"a" * 160)
            talking.leg.hear(320, b"c" * 160)  # one is missing, and might still come
            recording.cancel()
            await asyncio.wait([recording])
            assert talking.leg.hear is None
            return b"".join(written)

        assert talk(script) == b"a" * 160 + b"\xff" * 160 + b"c" * 160


class TestPlaying:
    def test_it_plays_to_its_end(self) -> None:
        async def script(talking: Talk) -> tuple[float | None, float]:
            return await talking.call.tape.play(SOUND), talking.now

        at_s, ended_s = talk(script)
        assert at_s is None
        assert ended_s == pytest.approx(10)

    def test_a_key_tells_where_it_stood(self) -> None:
        async def script(talking: Talk) -> tuple[float | None, bytes | None]:
            talking.after(3, "7")
            at_s = await talking.call.tape.play(SOUND, at_s=2.0)
            return at_s, talking.leg.heard[-1]

        at_s, sound = talk(script)
        assert at_s == pytest.approx(5)
        assert sound == SOUND[16_000:]

    def test_a_key_typed_ahead_keeps_it_from_beginning(self) -> None:
        async def script(talking: Talk) -> tuple[float | None, list[bytes]]:
            talking.leg.press("7")
            return await talking.call.tape.play(SOUND, at_s=4.0), talking.leg.heard

        assert talk(script) == (4.0, [])

    @pytest.mark.parametrize(("keys", "left"), [("8", ""), ("5", "5"), ("", "")])
    def test_a_pause_takes_the_key_that_resumes_alone(self, keys: str, left: str) -> None:
        async def script(talking: Talk) -> tuple[float, str]:
            talking.after(3, keys)
            await talking.call.tape.pause(20, resume="8")
            ended_s = talking.now
            talking.leg.press("#")
            return ended_s, await talking.call.keys()

        ended_s, rest = talk(script)
        assert ended_s == pytest.approx(3 if keys else 20)
        assert rest == left + "#"


def test_lengths_are_told_in_seconds() -> None:
    assert tape.length_s(SOUND) == 10
    assert tape.first(SOUND, 0.5) == b"\x00" * 4000
