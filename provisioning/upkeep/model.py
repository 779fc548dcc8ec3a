"""What the operator may make of a line, and why not (LINE-01)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from provisioning.contract import (
    E164,
    Access,
    CarrierProfile,
    ContractError,
    ContractKind,
    Geography,
    Language,
    Line,
    LineStatus,
    OutOfRange,
)
from provisioning.presentation.model import OPTION

PASSWORD_LEAST, PASSWORD_MOST = 8, 128
"""Lengths of a SIP password that the operator chooses (A)."""

USER = r"^[A-Za-z0-9_+][A-Za-z0-9_.!~*'()&=+$,;?-]{0,63}$"
"""A SIP user part without escapes (RFC 3261 §25.1), and without what splits an address."""

_SUBSCRIBER = re.compile(
    r"\+81(?:(?!120|180|570|990)(?:[1-9][1-9]|30)[0-9]{7}|(?!800)[5-9]0[0-9]{8})", re.ASCII
)
"""0AB-J of ten digits in all, or 050 to 090 of eleven, and no number of a service (LINE-04)."""
_FREEPHONE = re.compile(r"\+81(?:120[0-9]{6}|800[0-9]{7})", re.ASCII)
_USER = re.compile(USER, re.ASCII)


class LineExists(ContractError):
    """A line has this number already."""


class AccountExists(ContractError):
    """An account has this user already."""


class OfInventory(ContractError):
    """The number is of the 050 inventory: orders make its line, a cancellation ends it."""


@dataclass(frozen=True, slots=True)
class LineChanges:
    """What shall be different; None leaves a field as it is."""

    ma: str | None = None
    prefecture: str | None = None
    kind: ContractKind | None = None
    status: LineStatus | None = None
    options: frozenset[str] | None = None
    freephone: E164 | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account and its password, which is shown this once."""

    user: str
    line: E164
    access: Access
    password: str = field(repr=False)
    sources: tuple[str, ...] = ()


def changed(line: Line, changes: LineChanges) -> Line:
    """The line after `changes`; without the option to show it, its freephone number goes too."""
    given = {f.name: getattr(changes, f.name) for f in fields(changes)}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    location = {name: asked.pop(name) for name in ("ma", "prefecture") if name in asked}
    new = replace(line, location=replace(line.location, **location), **asked)
    if changes.options is not None and changes.freephone is None and OPTION not in new.options:
        new = replace(new, freephone=None)
    return new


def check_place(line: Line, geography: Geography) -> None:
    """Refuse (`OutOfRange`) a line whose MA lies in another prefecture (LINE-01)."""
    wrong = geography.misplaced(line.location.ma, line.location.prefecture)
    if wrong is not None:
        raise OutOfRange(": ".join(wrong))


def check(line: Line, profile: CarrierProfile) -> None:
    """Refuse (`OutOfRange`) a line that its profile does not have."""
    if not _SUBSCRIBER.fullmatch(line.number):
        raise OutOfRange(
            "number: must be a subscriber's number, of 10 digits as 0312345678, or with 050, 060, "
            "070, 080 or 090 of 11 as 09012345678"
        )
    if unknown := sorted(line.options - profile.options):
        offered = " or ".join(sorted(profile.options)) or "none"
        raise OutOfRange(f"options: {line.profile} has no {unknown[0]!r:.40}; it has {offered}")
    if line.freephone is not None and not _FREEPHONE.fullmatch(line.freephone):
        raise OutOfRange("freephone: must be 0120 and 6 digits or 0800 and 7, as +81120000003")
    if (line.freephone is None) == (OPTION in line.options):
        raise OutOfRange(f"freephone: the option {OPTION} and the number it shows come together")


def check_account(user: str, password: str | None) -> None:
    """Refuse (`OutOfRange`) a user or a password that no account can have."""
    if not _USER.fullmatch(user):
        raise OutOfRange("user: must be a SIP user part without escapes, of 1 to 64 characters")
    if password is None:
        return
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST or not password.isprintable():
        raise OutOfRange(
            f"password: must have {PASSWORD_LEAST} to {PASSWORD_MOST} printable characters"
        )


def words(line: Line) -> str:
    """The line as the audit shows it."""
    parts = [line.profile, line.location.ma, line.location.prefecture, line.kind, line.status]
    parts += [*_sorted(line.options), line.language]
    return ", ".join([*parts, *([f"shows {line.freephone}"] if line.freephone else [])])


def _sorted(options: Iterable[str]) -> list[str]:
    return sorted(options)
