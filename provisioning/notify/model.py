"""A mail, the states it passes in the outbox, and when it is tried again."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from provisioning.contract import OutOfRange

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
"""What the outbox takes as an address: RFC 5321 §4.1.2 without quoting, comments and SMTPUTF8."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `media_type` as `application/pdf`."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one recipient; `OutOfRange` where it could not be written as a message."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if not is_address(self.to):
            raise OutOfRange("the mail address is none that mail can be sent to; as a@b.example")
        if any(ord(each) < 0x20 for each in self.subject):
            raise OutOfRange("the subject of a mail is one line")


def is_address(text: str) -> bool:
    """Whether mail can be sent to `text`."""
    return ADDRESS.fullmatch(text) is not None


class MailState(StrEnum):
    """Where a mail is.

    WAITING: to be tried when its time comes. SENDING: the server may have taken it from now on.
    SENT: the server took it. UNSURE: the connection or this program ended between; nobody knows.
    FAILED: the server will never take it, or it grew too old.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNSURE = "unsure"
    FAILED = "failed"


class Event(StrEnum):
    """What happens to a mail; RELOADED: its row comes from a saved state, and it may have gone."""

    HAND_OVER = "hand-over"
    TAKEN = "taken"
    REFUSED_NOW = "refused-now"
    REFUSED = "refused"
    SILENCE = "silence"
    RESEND = "resend"
    AGED = "aged"
    RELOADED = "reloaded"


class Step(NamedTuple):
    """Where an event leads, whether the body is erased, and the clause that says so."""

    next: MailState
    erases: bool
    clause: str


STEPS: dict[tuple[MailState, Event], Step] = {
    (MailState.WAITING, Event.HAND_OVER): Step(MailState.SENDING, False, "RFC 5321 §4.1.1.4"),
    (MailState.WAITING, Event.REFUSED_NOW): Step(MailState.WAITING, False, "RFC 5321 §4.5.4.1"),
    (MailState.WAITING, Event.REFUSED): Step(MailState.FAILED, True, "RFC 5321 §4.2.1"),
    (MailState.WAITING, Event.AGED): Step(MailState.FAILED, True, "RFC 5321 §4.5.4.1"),
    (MailState.SENDING, Event.TAKEN): Step(MailState.SENT, True, "RFC 5321 §4.2.5"),
    (MailState.SENDING, Event.REFUSED_NOW): Step(MailState.WAITING, False, "RFC 5321 §4.2.5"),
    (MailState.SENDING, Event.REFUSED): Step(MailState.FAILED, True, "RFC 5321 §4.2.5"),
    (MailState.SENDING, Event.SILENCE): Step(MailState.UNSURE, False, "RFC 1047"),
    (MailState.WAITING, Event.RELOADED): Step(MailState.UNSURE, False, "RFC 1047"),
    (MailState.SENDING, Event.RELOADED): Step(MailState.UNSURE, False, "RFC 1047"),
    (MailState.UNSURE, Event.RESEND): Step(MailState.WAITING, False, "RFC 5322 §3.6.4"),
    (MailState.UNSURE, Event.AGED): Step(MailState.UNSURE, True, "RFC 5321 §4.5.4.1"),
}
"""A pair that is not here does not happen: a mail that was sent or has failed stays so."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an unsent mail waits before it is tried again, and when it is given up.

    The delay doubles. RFC 5321 §4.5.4.1 asks for 30 minutes between tries of one message and
    4 to 5 days in all; sooner at first, since a login code is worth nothing after ten minutes
    (A: the first delays).
    """

    first_s: float = 5.0
    longest_s: float = 1800.0
    give_up_s: float = 4 * 86_400.0

    def delay_s(self, attempts: int) -> float:
        """The delay after the attempt of this ordinal, from 1."""
        return float(min(self.longest_s, self.first_s * 2.0 ** min(attempts - 1, 30)))


_NAMED_CODE = re.compile(
    r"(?:コード|暗証番号|code)[^0-9]{0,60}?(?<![0-9A-Za-z-])([0-9]{4,8})(?![0-9A-Za-z-])", re.I
)
_CODE = re.compile(r"(?:コード|番号|code)[^0-9]{0,60}?(?<![0-9-])([0-9]{4,8})(?![0-9-])", re.I)
_CODE = re.compile(r"(?<![0-9A-Za-z-])([0-9]{6})(?![0-9A-Za-z-])")


def code_in(text: str) -> str | None:
    """The one-time code of a mail: digits that the text calls a code, else six on their own."""
    found = _NAMED_CODE.search(text) or _CODE.search(text)
    return found[1] if found else None
