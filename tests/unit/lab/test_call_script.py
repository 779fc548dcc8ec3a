"""`tokuban call`: the key script, the ear, and a whole conversation in virtual time."""

import asyncio
from collections.abc import Callable

import pytest

from lab.call_script import AwaitPrompt, Ear, Press, parse
from lab.conversation import Outcome, Patience, converse
from lab.errors import Refused
from lab.recognition import Recogniser
from prompts.catalogue import Prompt
from tests.support.virtual_loop import run_virtually

SPEECH = bytes([0x10, 0x90] * 80)
SILENCE = b"\xff" * 160


class TestScript:
    def test_a_comma_waits(self) -> None:
        assert parse("3,0312345678#,#,1") == [
            Press("3"),
            AwaitPrompt(),
            Press("0312345678#"),
            AwaitPrompt(),
            Press("#"),
            AwaitPrompt(),
            Press("1"),
        ]

    def test_commas_alone_and_spaces(self) -> None:
        assert parse(" ,, a ") == [AwaitPrompt(), AwaitPrompt(), Press("A")]
        assert parse("") == []

    def test_what_is_no_key_is_named_with_its_place(self) -> None:
        with pytest.raises(Refused, match="'x' at position 3 is no key"):
            parse("1,x")


class TestEar:
    def test_a_prompt_ends_after_900_ms_of_silence(self) -> None:
        ear = Ear()
        heard = [ear.hear(SPEECH)] + [ear.hear(SILENCE) for _ in range(45)]
        assert heard == [False] * 45 + [True]

    def test_a_pause_inside_a_prompt_is_no_end(self) -> None:
        ear = Ear()
        ear.hear(SPEECH)
        assert not any(ear.hear(SILENCE) for _ in range(25))
        ear.hear(SPEECH)
        assert not any(ear.hear(SILENCE) for _ in range(44))
        assert ear.hear(SILENCE)

    def test_silence_before_a_prompt_is_none(self) -> None:
        ear = Ear()
        assert not any(ear.hear(SILENCE) for _ in range(500))

    def test_both_zeros_of_mu_law_are_silence(self) -> None:
        ear = Ear()
        ear.hear(SPEECH)
        assert any(ear.hear(b"\x7f\xff" * 80) for _ in range(45))


REFUSAL = bytes([0x12]) * 160
KNOWN = Recogniser({Prompt.INVALID_KEY: [REFUSAL], Prompt.FORWARDING_MENU: [b"never said"]})


class FakeNetwork:
    """Speaks one second after the answer and after each burst of keys; may hang up."""

    def __init__(self, hang_up_after: int | None = None, refuses: str = "") -> None:
        self._refuses = refuses
        self.pressed: list[str] = []
        self.hung_up = False
        self._sink: Callable[[int, bytes], None] | None = None
        self._over = asyncio.get_running_loop().create_future()
        self._hang_up_after = hang_up_after
        self._voice = asyncio.create_task(self._speak())

    def listen(self, sink: Callable[[int, bytes], None]) -> None:
        self._sink = sink

    async def press(self, keys: str) -> None:
        await asyncio.sleep(0.16 * len(keys))
        self.pressed.append(keys)
        self._voice.cancel()
        if len(self.pressed) == self._hang_up_after:
            self._over.set_result("BYE from the network")
        self._voice = asyncio.create_task(self._speak())

    async def over(self) -> str:
        return str(await self._over)

    async def hang_up(self) -> None:
        self.hung_up = True

    async def end(self) -> None:
        self._voice.cancel()
        await asyncio.gather(self._voice, return_exceptions=True)

    async def _speak(self) -> None:
        refused = self.pressed[-1:] == [self._refuses]
        for frame in [REFUSAL if refused else SPEECH] * 50 + [SILENCE] * 3000:
            await asyncio.sleep(0.02)
            if self._sink:
                self._sink(0, frame)


async def hold(
    script: str, hang_up_after: int | None = None, refuses: str = ""
) -> tuple[Outcome, FakeNetwork, str]:
    network, told = FakeNetwork(hang_up_after, refuses), list[str]()
    outcome = await converse(network, parse(script), told.append, Patience(), KNOWN)
    await network.end()
    return outcome, network, "; ".join(told)


class FakeTone(FakeNetwork):
    """Sounds on and on."""

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            if self._sink:
                self._sink(0, SPEECH)


async def hold_tone() -> tuple[Outcome, FakeNetwork, str]:
    network, told = FakeTone(), list[str]()
    outcome = await converse(network, [], told.append, Patience(), KNOWN)
    await network.end()
    return outcome, network, "; ".join(told)


class TestConversation:
    def test_keys_go_out_between_prompts(self) -> None:
        outcome, network, told = run_virtually(hold(",3,0312345678#"))
        assert outcome == Outcome(True, "done")
        assert network.pressed == ["3", "0312345678#"]
        assert network.hung_up
        heard = "prompt.started; prompt.ended"
        assert told == (
            f"{heard}; key.sent 3; {heard}; key.sent 0312345678#; {heard}; call.ended hung up here"
        )

    def test_the_network_may_end_the_call_after_the_last_key(self) -> None:
        outcome, network, told = run_virtually(hold("1", hang_up_after=1))
        assert outcome.keys_taken
        assert not network.hung_up
        assert told.endswith("call.ended BYE from the network")

    def test_keys_that_could_not_be_sent_are_no_success(self) -> None:
        outcome, network, _ = run_virtually(hold("1,2", hang_up_after=1))
        assert outcome == Outcome(False, "the call ended first: BYE from the network")
        assert network.pressed == ["1"]

    @pytest.mark.parametrize("script", [",9", ",9,1"])
    def test_keys_that_the_network_refuses_are_no_success(self, script: str) -> None:
        outcome, network, told = run_virtually(hold(script, refuses="9"))
        assert outcome == Outcome(False, "the network refused them: invalid-key")
        assert network.pressed == ["9"]
        assert "prompt.heard invalid-key" in told

    def test_a_tone_is_listened_to_for_a_while(self) -> None:
        outcome, _, told = run_virtually(hold_tone())
        assert outcome == Outcome(True, "done")
        assert told == "prompt.started; call.ended hung up here"

    def test_a_prompt_that_never_comes(self) -> None:
        outcome, _, _ = run_virtually(hold(",,1"))
        assert outcome == Outcome(False, "no prompt ended within 60 s")
