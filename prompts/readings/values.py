"""Which values the kinds accept; an unfitting one raises `ValueError` that says what would fit."""

from datetime import date, time

from prompts.catalogue import Kind

LIMITS: dict[Kind, tuple[int, int]] = {
    Kind.COUNT: (0, 999),
    Kind.ORDINAL: (1, 999),
    Kind.SECONDS: (0, 999),
    Kind.MINUTES: (0, 999),
    Kind.YEN: (0, 99_999_999),
}
_KEYS = frozenset("0123456789*#")
MOST_KEYS = 32


def whole(kind: Kind, value: object) -> int:
    """Take an int within the limits of its kind."""
    least, most = LIMITS[kind]
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{kind} is a whole number from {least} to {most}, not {value!r}")
    return value


def keys(value: object) -> str:
    """Take the keys of a telephone, at least one."""
    if not isinstance(value, str) or not value or len(value) > MOST_KEYS or set(value) - _KEYS:
        raise ValueError(f"keys are 1 to {MOST_KEYS} of 0-9, * and #, not {value!r}")
    return value


def day(value: object) -> date:
    """Take a date."""
    if not isinstance(value, date):
        raise ValueError(f"a date is a datetime.date, not {value!r}")
    return value


def time_of_day(value: object) -> time:
    """Take a time of day."""
    if not isinstance(value, time):
        raise ValueError(f"a time is a datetime.time, not {value!r}")
    return value
