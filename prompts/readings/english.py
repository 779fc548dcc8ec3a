"""English readings: digits one by one in groups, cardinals, ordinals, dates and times."""

from collections.abc import Iterator, Mapping

from prompts.catalogue import Kind
from prompts.readings import telephone, values
from prompts.readings.reading import (
    BETWEEN_GROUPS,
    BETWEEN_KEYS,
    Reading,
    Recipe,
    Sound,
    Take,
    words,
)

DIGITS = words("zero one two three four five six seven eight nine")
_TEENS = words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = words("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")
_MONTHS = words(
    "January February March April May June July August September October November December"
)
_UNITS = {
    Kind.COUNT: ("item", "items"),
    Kind.SECONDS: ("second", "seconds"),
    Kind.MINUTES: ("minute", "minutes"),
    Kind.YEN: ("yen", "yen"),
}
_KEY_IDS = {"*": "star", "#": "pound"}
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


class English:
    """Reads values in English."""

    def read(self, kind: Kind, value: object) -> Reading:
        """Read a value; `ValueError` when it is not what the kind asks for."""
        match kind:
            case Kind.NUMBER:
                groups = telephone.groups(value)
                return Reading("-".join(groups), tuple(_digits(groups)))
            case Kind.KEYS:
                keys = values.keys(value)
                return Reading(" ".join(keys), tuple(_keys(keys)))
            case Kind.ORDINAL:
                number = values.whole(kind, value)
                return Reading(_numbered(number), tuple(_ordinal(number)))
            case Kind.DATE:
                day = values.day(value)
                text = f"{_MONTHS[day.month - 1]} {day.day}"
                return Reading(text, (f"month-{day.month}", *_ordinal(day.day)))
            case Kind.TIME:
                return _time(value)
            case _:
                return _counted(kind, values.whole(kind, value))

    def fillers(self) -> Mapping[str, Recipe]:
        """Every clip that `read` can name, and how it is recorded."""
        return dict([*_digit_clips(), *_number_clips(), *_word_clips()])


def _digits(groups: tuple[str, ...]) -> Iterator[Sound]:
    for index, group in enumerate(groups):
        if index:
            yield BETWEEN_GROUPS
        for digit in group[:-1]:
            yield f"digit-{digit}-next"
        yield f"digit-{group[-1]}-{'last' if index == len(groups) - 1 else 'more'}"


def _keys(keys: str) -> Iterator[Sound]:
    for key in keys[:-1]:
        yield f"digit-{_KEY_IDS.get(key, key)}-more"
        yield BETWEEN_KEYS
    yield f"digit-{_KEY_IDS.get(keys[-1], keys[-1])}-last"


def _cardinal(number: int) -> Iterator[str]:
    """Name the clips of 0–99,999,999."""
    if number >= 1_000_000:
        yield from _cardinal(number // 1_000_000)
        yield "million"
        number %= 1_000_000
    elif not number:
        yield "number-0"
    if number >= 1000:
        yield from _cardinal(number // 1000)
        yield "thousand"
        number %= 1000
    if number >= 100:
        yield f"number-{number // 100}"
        yield "hundred"
        number %= 100
    if number > 20 and number % 10:
        yield f"number-{number // 10 * 10}"
        number %= 10
    if number:
        yield f"number-{number}"


def _ordinal(number: int) -> Iterator[str]:
    """Name the clips of 1st–999th."""
    if number >= 100:
        yield f"number-{number // 100}"
        yield "hundred" if number % 100 else "hundredth"
        number %= 100
    if number > 20 and number % 10:
        yield f"number-{number // 10 * 10}"
        number %= 10
    if number:
        yield f"ordinal-{number}"


def _numbered(number: int) -> str:
    teen = number // 10 % 10 == 1
    return f"{number}{'th' if teen else _SUFFIXES.get(number % 10, 'th')}"


def _counted(kind: Kind, number: int) -> Reading:
    unit = _UNITS[kind][number != 1]
    return Reading(f"{number} {unit}", (*_cardinal(number), f"unit-{unit}"))


def _time(value: object) -> Reading:
    time = values.time_of_day(value)
    half = ("AM", "PM")[time.hour // 12]
    hour = time.hour % 12 or 12
    sounds = [f"number-{hour}"]
    if 0 < time.minute < 10:
        sounds.append("oh")
    if time.minute:
        sounds += _cardinal(time.minute)
    return Reading(f"{hour}:{time.minute:02} {half}", (*sounds, f"half-{half.lower()}"))


def _digit_clips() -> Iterator[tuple[str, Recipe]]:
    names = {str(digit): name for digit, name in enumerate(DIGITS)}
    for key, name in (names | {"star": "star", "pound": "pound"}).items():
        yield f"digit-{key}-next", Take(name, before="two", after="four, six seven.")
        yield f"digit-{key}-more", Take(name, before="two", after=", six seven.")
        yield f"digit-{key}-last", Take(name, before="two three, six", after=".")


def _number_clips() -> Iterator[tuple[str, Recipe]]:
    small = dict(enumerate([*DIGITS, *_TEENS]))
    tens = {20 + 10 * index: name for index, name in enumerate(_TENS)}
    for number, name in (small | tens).items():
        yield f"number-{number}", Take(name, before="the", after="seconds")
    tenths = {20 + 10 * index: name for index, name in enumerate(_TENTHS)}
    for number, name in (dict(enumerate(ORDINALS, start=1)) | tenths).items():
        yield f"ordinal-{number}", Take(name, before="May", after=".")


def _word_clips() -> Iterator[tuple[str, Recipe]]:
    for name in ("hundred", "thousand", "million"):
        yield name, Take(name, before="three", after="four yen.")
    yield "hundredth", Take("hundredth", before="three", after=".")
    yield "oh", Take("oh", before="three", after="four.")
    for unit in sorted({unit for pair in _UNITS.values() for unit in pair}):
        yield f"unit-{unit}", Take(unit, before="four", after=".")
    for index, month in enumerate(_MONTHS, start=1):
        yield f"month-{index}", Take(month, before="on", after="fourth.")
    for half, name in (("am", "A M"), ("pm", "P M")):
        yield f"half-{half}", Take(name, before="four", after=".")
