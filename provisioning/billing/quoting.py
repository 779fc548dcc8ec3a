"""A call that nobody made yet, as the record it would leave. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from provisioning.billing.model import national
from provisioning.contract import E164, Access, CallRecord, CarrierProfile

NOBODY_HEARD = "voicemail-check"
"""What a call to 1417 is as long as there is nothing to hear (VM-05)."""

PLAYBACK = "voicemail-playback"
REMOTE = "voicemail-remote"
ORDINARY = "line"
CALL_ID = "00000000-0000-4000-8000-000000000000"
PREFIXES = ("184", "186")


@dataclass(frozen=True, slots=True)
class Question:
    """Who would call what for how long; `at` is business time, UTC epoch seconds.

    `empty_box`: the line has no message to hear.
    """

    line: E164
    dialled: str
    seconds: float
    at: float
    access: Access = Access.OS
    empty_box: bool = False


def record_of(
    question: Question, profile: CarrierProfile, remote: Collection[str] = ()
) -> CallRecord:
    """The record the call would leave if it were answered at once.

    Args:
        remote: the numbers, as dialled in Japan, of boxes for other phones.
    """
    prefix, digits = split(question.dialled)
    service = _service(digits, profile, remote, empty_box=question.empty_box)
    at = question.at
    return CallRecord(
        call_id=CALL_ID,
        leg=1,
        linked_id=CALL_ID,
        sip_call_id="",
        calling=question.line,
        called=question.dialled,
        destination=digits,
        presented=None,
        prefix=prefix,
        line=question.line,
        access=question.access,
        service=service,
        payer=question.line,
        started_at=at,
        answered_at=at,
        ended_at=at + question.seconds,
        business_started_at=at,
        business_answered_at=at,
        business_ended_at=at + question.seconds,
        seconds=question.seconds,
        cause="quoted",
        sip_status=200,
        q850=16,
    )


def split(dialled: str) -> tuple[str, str]:
    """184 or 186 where it stands in front, and the number: `0…`, a code, or `+` abroad."""
    keys = re.sub(r"[\s().-]", "", dialled)
    prefix = next((each for each in PREFIXES if keys.startswith(each)), "")
    number = national(keys.removeprefix(prefix))
    return prefix, re.sub(r"\A010", "+", number)


def _service(
    digits: str, profile: CarrierProfile, remote: Collection[str], *, empty_box: bool
) -> str:
    """The service that a record of the call would name."""
    service = REMOTE if digits in remote else profile.services.get(digits)
    if service is None:
        behind = (name for code, name in profile.numbered.items() if digits.startswith(code))
        service = next(behind, ORDINARY)
    return NOBODY_HEARD if service == PLAYBACK and empty_box else service
