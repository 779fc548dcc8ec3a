"""Fields of a profile file's tables."""

from enum import StrEnum
from typing import Any, TypeVar

N = TypeVar("N", bound=StrEnum)


class BadProfile(ValueError):
    """A profile file is wrong; the message names file, field and what is expected."""


def named(
    source: str,
    table: str,
    given: dict[str, Any],
    field: str,
    kind: type[N],
    default: tuple[N, ...],
) -> tuple[N, ...]:
    """Take the members of `kind` that a list of the table names; each once, in its order."""
    names = given.pop(field, None)
    if names is None:
        return default
    known = {member.value: member for member in kind}
    whole = isinstance(names, list) and all(isinstance(each, str) for each in names)
    if not whole or len(set(names)) < len(names) or not set(names) <= known.keys():
        raise BadProfile(f"{source}: {table}.{field}: name each once, of {', '.join(known)}")
    return tuple(known[name] for name in names)
