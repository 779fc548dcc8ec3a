"""The text files: complete, with the values their prompts take, or refused with the reason."""

import json

import pytest

from prompts.catalogue import SIGNATURES, Prompt
from prompts.readings.reading import Take
from prompts.script import LANGUAGES, Fixed, ScriptError, load, parse

FAULTLESS = {
    prompt.value: "x " + " ".join(f"{{{value.name}}}" for value in SIGNATURES.get(prompt, ()))
    for prompt in Prompt
}


def toml(texts: dict[str, str], extra: str = "") -> str:
    """Write a text file; a JSON string is a TOML string."""
    tables = (f"[{json.dumps(name)}]\ntext = {json.dumps(text)}\n" for name, text in texts.items())
    return "".join(tables) + extra


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_has_a_text_with_the_values_it_takes(language: str) -> None:
    lines = load(language).lines
    assert set(lines) == set(Prompt)
    for prompt, line in lines.items():
        named = {part.name for part in line.parts if not isinstance(part, Fixed)}
        assert named == {value.name for value in SIGNATURES.get(prompt, ())}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_clips_share_a_name(language: str) -> None:
    spoken = load(language)
    fixed = [p.clip for line in spoken.lines.values() for p in line.parts if isinstance(p, Fixed)]
    assert len(fixed) == len(set(fixed))
    assert len(spoken.clips()) == len(fixed) + len(spoken.readings.fillers())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("prompt", "keys"),
    [(Prompt.FORWARDING_MENU, "12345"), (Prompt.DISPLAY_MENU, "10")],
)
def test_a_menu_names_every_key(language: str, prompt: Prompt, keys: str) -> None:
    text = load(language).lines[prompt].text
    assert [character for character in text if character.isdigit()] == list(keys)


def test_values_stand_in_the_text_and_pauses_around_them() -> None:
    reading = load("ja").compose(Prompt.FORWARDING_ON, ("+81312345678", 15))
    assert "転送先は、03-1234-5678です。呼び出し時間は、15秒です。" in reading.text
    assert reading.sounds[0] == "forwarding.on.1"
    assert "fillers/tail-78-last" in reading.sounds
    assert reading.sounds[-1] == "forwarding.on.3"


@pytest.mark.parametrize("values", [(), ("+81312345678", 15, 1), (15, "+81312345678")])
def test_values_that_do_not_fit_are_refused(values: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"takes target, ring_time|digits"):
        load("ja").compose(Prompt.FORWARDING_ON, values)


def test_words_between_values_are_recorded_within_a_sentence() -> None:
    recipe = load("ja").clips()["forwarding.on.2"]
    assert recipe == Take("です。呼び出し時間は、", before="ゼロ", after="ゼロです。")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("text =", "texts: "),
        (toml(FAULTLESS, '["nobody.says"]\ntext = "x"\n'), "no prompt is called 'nobody.says'"),
        (toml({k: v for k, v in FAULTLESS.items() if k != "goodbye"}), "goodbye has no text"),
        (toml(FAULTLESS | {"goodbye": "bye {target}"}), "goodbye must have each of"),
        (toml(FAULTLESS | {"goodbye": "bye {"}), "goodbye must have each of"),
        (toml(FAULTLESS | {"forwarding.started": "x"}), r"must have each of \['target'\]"),
        (
            toml(FAULTLESS | {"forwarding.started": "{target} {target}"}),
            r"must have each of \['target'\] once",
        ),
        ("goodbye = 1\n" + toml({k: v for k, v in FAULTLESS.items() if k != "goodbye"}), "needs a"),
    ],
)
def test_a_wrong_text_file_is_refused_with_the_reason(source: str, said: str) -> None:
    with pytest.raises(ScriptError, match=said):
        parse("ja", source)


def test_a_faultless_file_is_taken() -> None:
    assert set(parse("en", toml(FAULTLESS)).lines) == set(Prompt)


def test_say_is_spoken_and_text_is_shown() -> None:
    texts = toml({k: v for k, v in FAULTLESS.items() if k != "goodbye"})
    spoken = parse("en", texts + '["goodbye"]\ntext = "Bye 1"\nsay = "bye one"\n')
    assert spoken.compose(Prompt.GOODBYE, ()).text == "Bye 1"
    assert spoken.clips()["goodbye.1"] == Take("bye one")
