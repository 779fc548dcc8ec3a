"""Readings: every value of a kind is read from clips that exist; everything else is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.catalogue import Kind
from prompts.readings import telephone
from prompts.readings.reading import BETWEEN_GROUPS, BETWEEN_KEYS, Pause, Readings, Sound
from prompts.readings.values import LIMITS, MOST_KEYS
from prompts.script import READINGS

VALUES: dict[Kind, st.SearchStrategy[object]] = {
    **{kind: st.integers(*limits) for kind, limits in LIMITS.items()},
    Kind.NUMBER: st.from_regex(r"\+?[0-9]{1,20}", fullmatch=True),
    Kind.KEYS: st.text("0123456789*#", min_size=1, max_size=MOST_KEYS),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
}
FILLERS = {language: readings.fillers() for language, readings in READINGS.items()}

each_language = pytest.mark.parametrize("language", READINGS)
each_kind = pytest.mark.parametrize("kind", Kind)


@each_language
@each_kind
@given(data=st.data())
def test_every_value_is_read_from_clips_that_exist(
    language: str, kind: Kind, data: st.DataObject
) -> None:
    reading = READINGS[language].read(kind, data.draw(VALUES[kind]))
    assert reading.text
    clips = [sound for sound in reading.sounds if not isinstance(sound, Pause)]
    assert clips
    assert set(clips) <= set(FILLERS[language])


@each_language
@each_kind
@given(
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.binary(), st.booleans())
)
def test_anything_at_all_is_read_or_refused_with_a_value_error(
    language: str, kind: Kind, value: object
) -> None:
    sounds: tuple[Sound, ...] = ()
    with suppress(ValueError):
        sounds = READINGS[language].read(kind, value).sounds
    assert set(sounds) <= {*FILLERS[language], BETWEEN_GROUPS, BETWEEN_KEYS}


def all_of(readings: Readings, kind: Kind) -> list[tuple[object, ...]]:
    least, most = LIMITS[kind]
    return [readings.read(kind, number).sounds for number in range(least, min(most, 999) + 1)]


@each_language
@pytest.mark.parametrize("kind", LIMITS)
def test_no_two_numbers_are_read_alike(language: str, kind: Kind) -> None:
    sounds = all_of(READINGS[language], kind)
    assert len(set(sounds)) == len(sounds)


@given(st.from_regex(r"\+81[1-9][0-9]{7,9}", fullmatch=True))
def test_the_groups_of_a_number_are_its_digits(number: str) -> None:
    groups = telephone.groups(number)
    assert "".join(groups) == "0" + number[3:]
    assert all(groups)


@given(st.from_regex(r"[0-9]{1,20}", fullmatch=True))
def test_dialled_digits_are_neither_lost_nor_added(digits: str) -> None:
    assert telephone.written(digits).replace("-", "") == digits


@pytest.mark.parametrize("kind", LIMITS)
@given(data=st.data())
def test_a_japanese_number_ends_with_its_counter_and_has_no_other(
    kind: Kind, data: st.DataObject
) -> None:
    number = data.draw(st.integers(*LIMITS[kind]))
    *places, last = READINGS["ja"].read(kind, number).sounds
    assert str(last).startswith(f"{kind}-")
    assert all(str(place).startswith(("place-", "man")) for place in places)
