"""English readings: what the clips of a value sound like, one after the other."""

from datetime import date, time

import pytest

from prompts.catalogue import Kind
from prompts.readings.english import English
from prompts.readings.reading import Pause, Take

ENGLISH = English()
FILLERS = ENGLISH.fillers()


def heard(kind: Kind, value: object) -> str:
    """What a value sounds like; a comma is a pause."""
    spoken = ""
    for sound in ENGLISH.read(kind, value).sounds:
        if isinstance(sound, Pause):
            spoken += ","
        else:
            recipe = FILLERS[sound]
            assert isinstance(recipe, Take)
            spoken += " " + recipe.words
    return spoken.strip()


@pytest.mark.parametrize(
    ("kind", "value", "text", "sound"),
    [
        (Kind.COUNT, 0, "0 items", "zero items"),
        (Kind.COUNT, 1, "1 item", "one item"),
        (Kind.SECONDS, 20, "20 seconds", "twenty seconds"),
        (Kind.SECONDS, 120, "120 seconds", "one hundred twenty seconds"),
        (Kind.MINUTES, 21, "21 minutes", "twenty one minutes"),
        (Kind.YEN, 1_000_000, "1000000 yen", "one million yen"),
        (
            Kind.YEN,
            12_345_678,
            "12345678 yen",
            "twelve million three hundred forty five thousand six hundred seventy eight yen",
        ),
        (Kind.ORDINAL, 1, "1st", "first"),
        (Kind.ORDINAL, 12, "12th", "twelfth"),
        (Kind.ORDINAL, 22, "22nd", "twenty second"),
        (Kind.ORDINAL, 30, "30th", "thirtieth"),
        (Kind.ORDINAL, 100, "100th", "one hundredth"),
        (Kind.ORDINAL, 111, "111th", "one hundred eleventh"),
        (Kind.ORDINAL, 203, "203rd", "two hundred third"),
        (Kind.DATE, date(2026, 5, 20), "May 20", "May twentieth"),
        (Kind.TIME, time(0, 0), "12:00 AM", "twelve A M"),
        (Kind.TIME, time(16, 5), "4:05 PM", "four oh five P M"),
        (Kind.TIME, time(9, 30), "9:30 AM", "nine thirty A M"),
        (Kind.NUMBER, "+81312345678", "03-1234-5678", "zero three, one two three four, "
         "five six seven eight"),
        (Kind.KEYS, "1*#", "1 * #", "one, star, pound"),
    ],
)  # fmt: skip
def test_a_value_is_read(kind: Kind, value: object, text: str, sound: str) -> None:
    assert ENGLISH.read(kind, value).text == text
    assert heard(kind, value) == sound


@pytest.mark.parametrize(
    ("kind", "value"), [(Kind.COUNT, -1), (Kind.TIME, "noon"), (Kind.NUMBER, "abc")]
)
def test_an_unfitting_value_is_refused(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError, match="not"):
        ENGLISH.read(kind, value)
