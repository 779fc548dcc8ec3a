"""What one check of `tokuban doctor` found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` says what to do when it is not ok."""

    verdict: Verdict
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, what)


def warn(what: str, remedy: str) -> Finding:
    """It works, but not as well as it could."""
    return Finding(Verdict.WARN, what, remedy)


def fail(what: str, remedy: str) -> Finding:
    """It will not work."""
    return Finding(Verdict.FAIL, what, remedy)
