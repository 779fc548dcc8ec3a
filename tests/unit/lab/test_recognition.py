"""Prompts recognised by a piece of their sound."""

from datetime import date, time

import pytest

from lab.recognition import EXAMPLES, Recogniser
from prompts.catalogue import SIGNATURES, Kind, Prompt
from prompts.voice import VoiceBank

FIRST = {kind: values[0] for kind, values in EXAMPLES.items()}
OTHERS: dict[Kind, object] = {
    Kind.NUMBER: "+819012345678",
    Kind.KEYS: "9#",
    Kind.COUNT: 99,
    Kind.ORDINAL: 1,
    Kind.SECONDS: 120,
    Kind.DATE: date(2026, 1, 1),
    Kind.TIME: time(0, 0),
}


@pytest.fixture(scope="module")
def bank() -> VoiceBank:
    return VoiceBank()


@pytest.fixture(scope="module")
def recogniser(bank: VoiceBank) -> Recogniser:
    return Recogniser.of(*(bank.of(language) for language in bank.languages()))


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("values", [FIRST, OTHERS])
@pytest.mark.parametrize("prompt", Prompt)
def test_every_prompt_is_told_from_all_others(
    bank: VoiceBank,
    recogniser: Recogniser,
    language: str,
    values: dict[Kind, object],
    prompt: Prompt,
) -> None:
    read = [values[value.kind] for value in SIGNATURES.get(prompt, ())]
    assert recogniser.heard(bank.of(language).speech(prompt, *read).ulaw) == [prompt]


def test_every_kind_of_value_has_examples() -> None:
    assert EXAMPLES.keys() == set(Kind)


def test_prompts_one_after_the_other_come_in_order(bank: VoiceBank, recogniser: Recogniser) -> None:
    said = [Prompt.INVALID_KEY, Prompt.FORWARDING_MENU, Prompt.GOODBYE]
    voice = bank.of("ja")
    assert recogniser.heard(b"".join(voice.speech(prompt).ulaw for prompt in said)) == said


def test_a_prompt_cut_short_is_recognised_and_silence_is_none(
    bank: VoiceBank, recogniser: Recogniser
) -> None:
    menu = bank.of("ja").speech(Prompt.FORWARDING_MENU).ulaw
    assert recogniser.heard(menu[:6000]) == [Prompt.FORWARDING_MENU]
    assert recogniser.heard(b"\xff" * 80_000) == []
