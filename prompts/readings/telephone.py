"""Telephone numbers as Japan writes and says them: national form, in groups."""

import re

from prompts.readings.area_codes import area_code_length

MOST_DIGITS = 20
"""E.164 allows 15 digits; a dialled string may carry an international prefix before them."""

_NUMBER = re.compile(rf"\+?[0-9]{{1,{MOST_DIGITS}}}", re.ASCII)

_GROUPS: tuple[tuple[re.Pattern[str], tuple[int, ...]], ...] = (
    (re.compile(r"0800\d{7}"), (4, 3, 4)),
    (re.compile(r"0(?:120|170|180|570|990)\d{6}"), (4, 3, 3)),
    (re.compile(r"0(?:20|50|60|70|80|90)\d{8}"), (3, 4, 4)),
)
"""Numbers without an area code, by the national numbering plan (番号規則, MIC)."""
_AREA_NUMBER = re.compile(r"0[1-9]\d{8}")


def groups(number: object) -> tuple[str, ...]:
    """Split a number into the groups it is read in, in national form.

    `number` is E.164 (`+81312345678`) or a string of digits as dialled. A foreign number gets
    Japan's international prefix 010. Anything else raises `ValueError`.
    """
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise ValueError(f"a number is + and digits, or digits, at most 20; not {number!r}")
    if number.startswith("+81"):
        return _national("0" + number[3:])
    if number.startswith("+"):
        return ("010", *_fours(number[1:]))
    return _national(number)


def written(number: object) -> str:
    """Write a number as a person does: `03-1234-5678`."""
    return "-".join(groups(number))


def _national(digits: str) -> tuple[str, ...]:
    for pattern, lengths in _GROUPS:
        if pattern.fullmatch(digits):
            return _cut(digits, lengths)
    if _AREA_NUMBER.fullmatch(digits):
        area = area_code_length(digits)
        return _cut(digits, (area, 6 - area, 4))
    return _fours(digits)


def _cut(digits: str, lengths: tuple[int, ...]) -> tuple[str, ...]:
    ends = [sum(lengths[: count + 1]) for count in range(len(lengths))]
    return tuple(digits[end - length : end] for end, length in zip(ends, lengths, strict=True))


def _fours(digits: str) -> tuple[str, ...]:
    """Cut into fours, and let no digit stand alone at the end."""
    if len(digits) <= 5:
        return (digits,)
    return (digits[:4], *_fours(digits[4:]))
