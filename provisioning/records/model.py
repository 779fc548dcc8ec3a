"""Call records as values: what an interrupted one says, and what a cell of a CSV file may hold."""

from collections.abc import Iterable
from typing import NamedTuple

from provisioning.contract import CallRecord, ContractError

INTERRUPTED = "interrupted"
"""The cause of a leg whose process was killed."""

TEMPORARY_FAILURE = 41
"""Its cause number: an interruption that says nothing of the called party (ITU-T Q.850)."""

LONGEST_TEXT = 256
"""What is kept of a text that a phone chose: a dialled string has at most 64 keys."""

FORMULA = tuple("=+-@＝＋－＠")
"""What a spreadsheet takes a cell for a formula by; a Japanese one takes the wide signs, too."""


class UnknownRecord(ContractError):
    """No such call record."""


class Kept(NamedTuple):
    """A record with its place among all of them: `id` grows as they are written."""

    id: int
    record: CallRecord


def storable(record: CallRecord) -> CallRecord:
    """The record without what no database takes, and with a phone's texts cut to their length."""
    called, sip_call_id = plain(record.called), plain(record.sip_call_id)
    if called is record.called and sip_call_id is record.sip_call_id:
        return record
    return record._replace(called=called, sip_call_id=sip_call_id)


def plain(text: str) -> str:
    """The text itself unless it is long or holds a NUL or half a character."""
    if len(text) <= LONGEST_TEXT and text.isascii() and "\0" not in text:
        return text
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def interrupted(record: CallRecord, seen_at: float) -> CallRecord:
    """What is recorded of a leg that was going on when its process was last seen at `seen_at`.

    A leg that said that it was silent, or over, by then ended at that instant (CALL-02).
    """
    begun = record.started_at if record.answered_at is None else record.answered_at
    over = record.ended_at > record.started_at
    ended_at = max(record.ended_at if over else seen_at, begun)
    return record._replace(
        ended_at=ended_at,
        business_ended_at=record.business_started_at + ended_at - record.started_at,
        seconds=0.0 if record.answered_at is None else ended_at - record.answered_at,
        cause=INTERRUPTED,
        q850=TEMPORARY_FAILURE,
        interrupted=True,
    )


def cell(text: str) -> str:
    """A CSV cell that no spreadsheet runs and no terminal obeys.

    A sign in front of a number goes into an apostrophe's shelter, as spreadsheets mark text;
    control characters, escapes among them, become U+FFFD.
    """
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA) else shown


def row(values: Iterable[object]) -> list[str]:
    """The cells of a row; what is not known is empty."""
    return ["" if value is None else cell(str(value)) for value in values]
