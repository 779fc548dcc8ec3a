"""What lab tells a person when it cannot go on."""

from collections.abc import Iterable
from difflib import get_close_matches


class Refused(Exception):
    """The user's own words cannot be followed; the text says where, why and what to do."""

    status = 2
    """What the command ends with."""


class TurnedDown(Refused):
    """The carrier understood and said no; the text has its reason."""

    status = 1


class Unreachable(Refused):
    """No carrier answers at the address."""

    status = 3


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest known word, or the list of all when none is near."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known: {', '.join(names)}" if names else ""
