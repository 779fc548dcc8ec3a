"""The called party's half of a call: one INVITE of ours, while it rings and after the answer."""

from collections.abc import Callable
from enum import Enum, auto

from ivr.net.driver import Driver
from ivr.sip.message import Response
from ivr.sip.session import Session
from ivr.ua.side import Side
from ivr.ua.sound import NotAcceptable, Sound
from ivr.ua.ticket import Ticket
from ivr.ua.ways import Way

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
"""Why a phone stops ringing when another one was answered: it shows no missed call (RFC 3326)."""
_RINGING = 180
_MOST_FORKS = 20


class Early(Enum):
    """What a provisional response brings."""

    NOTHING = auto()
    SOUND = auto()
    PERHAPS = auto()
    """A 180 with a description: the phone may send its own ring-back or leave it to us."""


class FarLeg(Side):
    """A branch of a forked call; the one that is answered is a `FarLeg` of `ivr.call.party`.

    Attributes:
        whose: the user, or the key of the trunk, it counts for.
        rang: an 18x came.
        weaker: the way to ask again, should SRTP alone be refused.
    """

    def __init__(
        self, driver: Driver, session: Session, sound: Sound, ticket: Ticket, whose: str
    ) -> None:
        super().__init__(driver, session, sound, ticket)
        self.whose = whose
        self.rang = False
        self.weaker: Way | None = None
        self._heard: str | None = None
        self._described: dict[str, bytes] = {}

    def progressed(self, response: Response) -> Early:
        """Take an 18x; of several phones behind the contact the first that is heard stays so."""
        self.rang = True
        tag = response.to_tag or ""
        if not response.body or len(self._described) >= _MOST_FORKS:
            return Early.NOTHING
        self._described[tag] = response.body
        if self._heard not in (None, tag) or not self._accept(response.body):
            return Early.NOTHING
        self._heard = tag
        if self.sound.audio is None or not self.sound.audio.can_receive:
            return Early.NOTHING
        return Early.PERHAPS if response.status == _RINGING else Early.SOUND

    def answered(self, response: Response, now: float) -> bool:
        """Take the 2xx; False when no sound can be agreed on, and the call is to end."""
        tag = response.to_tag or ""
        description = response.body or self._described.get(tag, b"")
        if not description or not self._accept(description):
            return False
        self._described.clear()
        self.media.record(None)
        self.established_at = now
        return True

    def when_heard(self, told: Callable[[], None]) -> None:
        """Call `told` at the first sound of the party, if any comes before the answer."""

        def heard(offset: int, ulaw: bytes) -> None:
            self.media.record(None)
            told()

        self.media.record(heard)

    def _accept(self, description: bytes) -> bool:
        try:
            self.sound.accept(description)
        except NotAcceptable:
            return False
        return True
