"""One leg's sound: the descriptions exchanged (RFC 3264) and the media that follows them."""

import secrets
from collections.abc import Container
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from ivr.media.g711 import Law
from ivr.net.media_leg import MediaLeg
from ivr.sip import offer_answer
from ivr.sip.media_address import Ends, corrected, objection
from ivr.sip.offer_answer import Capabilities, Negotiated
from ivr.sip.sdes import KEY_OCTETS, Securing
from ivr.sip.sdp import Sdp, SdpError
from ivr.sip.session import Session

NOT_ACCEPTABLE_HERE = 488
_WARNING = (("Warning", '305 tokuban "No audio stream with PCMU or PCMA over RTP/AVP"'),)
_WARNING_SECURE = (
    ("Warning", '305 tokuban "SRTP alone is taken here: AES_CM_128_HMAC_SHA1_80, SIP over TLS"'),
)
_WARNING_KEY = (
    (
        "Warning",
        '305 tokuban "SRTP is taken with a=crypto AES_CM_128_HMAC_SHA1_80 over TLS, without MKI"',
    ),
)
_LAWS: dict[str, Law] = {"PCMU": "PCMU", "PCMA": "PCMA"}


class NotAcceptable(Exception):
    """The peer's description cannot be agreed to: 488, with `warning` as headers."""

    def __init__(self, why: str, warning: tuple[tuple[str, str], ...] = _WARNING) -> None:
        super().__init__(why)
        self.warning = warning


class Srtp(Enum):
    """Whether sound is encrypted; a key is told over TLS alone (RFC 4568 §7, RFC 5630 §3)."""

    OFF = auto()
    ALLOWED = auto()
    """Offered to phones on TLS and taken from them."""
    REQUIRED = auto()
    """No call without."""


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """`address` is where peers send RTP, as they see it; those `inside` see `inner` instead."""

    address: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    srtp: Srtp = Srtp.OFF
    inside: Container[str] = ()
    inner: str = ""

    def told(self, peer: str) -> str:
        """The address a host is told to send RTP to."""
        return self.inner if self.inner and peer in self.inside else self.address


class Sound:
    """Descriptions and media of one leg; every agreement is put into effect at once.

    `learn_from` is the host the peer's signalling comes from: RTP from there is believed
    when the description's address is one behind a NAT. `secured`: that signalling is encrypted.
    `outward`: the peer is another carrier, which may send a call of ours back to us as it is.
    """

    def __init__(
        self,
        media: MediaLeg,
        settings: SoundSettings,
        learn_from: str,
        *,
        secured: bool = False,
        outward: bool = False,
    ) -> None:
        self.media = media
        if outward:
            media.pair.outward.add(media.port)
        self.audio: Negotiated | None = None
        self._settings = settings
        self._learn_from = learn_from
        self._address = settings.told(learn_from)
        self._session_id = secrets.randbits(31)
        self._securing: Securing | None = None
        self._forbidden = settings.srtp is Srtp.REQUIRED and not secured
        if secured and settings.srtp is not Srtp.OFF:
            required = settings.srtp is Srtp.REQUIRED
            self._securing = Securing(secrets.token_bytes(KEY_OCTETS), required)
        self._elsewhere = False
        self._ours: Sdp | None = None
        self._text: bytes | None = None

    @property
    def description(self) -> bytes:
        """Our latest description.

        Raises:
            RuntimeError: nothing was offered or answered yet.
        """
        if self._ours is None:
            raise RuntimeError("no description before the first offer or answer")
        if self._text is None:
            self._text = self._ours.encode()
        return self._text

    @property
    def held(self) -> bool:
        """Whether the peer holds the call or has no audio: it may send nothing for long."""
        return self.audio is None or not (self.audio.can_send and self.audio.can_receive)

    def answer(self, offer: bytes) -> bytes:
        """Agree to an offer; the first one must have audio, a later one may switch it off.

        Raises:
            NotAcceptable: nothing in it can be agreed to; what was agreed before stands.
        """
        self._check_allowed()
        try:
            answer = offer_answer.answer(
                Sdp.parse(offer),
                self._settings.capabilities,
                address=self._address,
                port=self.media.port,
                session_id=self._session_id,
                previous=self._ours,
                securing=self._securing,
            )
            if answer.audio is None and self._ours is None:
                raise NotAcceptable("the offer has no audio")
            self._agree(answer.audio)
        except (SdpError, offer_answer.NotAcceptable, ValueError) as error:
            raise NotAcceptable(str(error), self._warning(error)) from error
        self._ours, self._text = answer.sdp, None
        self._elsewhere = False
        return self.description

    def describe(self, theirs: bytes) -> bytes:
        """Answer the peer's offer, or offer audio to a peer that sent none.

        Raises:
            NotAcceptable: as `answer`.
        """
        return self.answer(theirs) if theirs else self.offer()

    @property
    def may_weaken(self) -> bool:
        """Whether plain RTP will do where SRTP is offered."""
        return self._securing is not None and not self._securing.required

    def offer(self, *, srtp_alone: bool = False) -> bytes:
        """Offer audio, for the first time or as it stands.

        Args:
            srtp_alone: as RTP/SAVP, where SRTP is offered at all; else as a key beside RTP/AVP.
        Raises:
            NotAcceptable: sound must be encrypted, and nobody may read the key here.
        """
        self._check_allowed()
        if self._ours is None:
            securing = self._securing
            if securing is not None and srtp_alone:
                securing = replace(securing, required=True)
            self._ours = offer_answer.make_offer(
                self._settings.capabilities,
                address=self._address,
                port=self.media.port,
                session_id=self._session_id,
                securing=securing,
            )
        return self.description

    def redirect(self, address: tuple[str, int] | None, events: int | None = None) -> bytes:
        """Our description to be offered anew, so that the peer's sound goes to `address`.

        None: to us. While it goes elsewhere nothing is sent to the peer either, from now on: a
        phone that still heard us would answer to us (RFC 4961). `events`: the payload type of
        keys there (RFC 4733).
        """
        if self._ours is None:
            raise RuntimeError("nothing was described that could be redirected")
        self._elsewhere = address is not None
        self._follow(self.audio)
        host, port = address or (self._address, self.media.port)
        ours = self._ours if events is None else offer_answer.renumbered(self._ours, events)
        self._ours, self._text = offer_answer.reoffer(ours, address=host, port=port), None
        return self.description

    def _warning(self, error: Exception) -> tuple[tuple[str, str], ...]:
        if self._settings.srtp is Srtp.REQUIRED:
            return _WARNING_SECURE
        keyless = isinstance(error, offer_answer.NoKey) and self._settings.srtp is Srtp.ALLOWED
        return _WARNING_KEY if keyless else _WARNING

    def _check_allowed(self) -> None:
        if self._forbidden:
            raise NotAcceptable("SRTP is required, and SIP does not come over TLS", _WARNING_SECURE)

    def accept(self, answer: bytes) -> None:
        """Put the peer's answer to `offer` into effect.

        Raises:
            NotAcceptable: it refuses the audio or answers something else.
        """
        if self._ours is None:
            raise NotAcceptable("an answer to nothing that was offered")
        try:
            self._agree(offer_answer.accept_answer(self._ours, Sdp.parse(answer)))
        except (SdpError, offer_answer.NotAcceptable, ValueError) as error:
            raise NotAcceptable(str(error)) from error

    def _agree(self, audio: Negotiated | None) -> None:
        """Follow a description, unless its sound would go where it must not."""
        if audio is not None and audio.remote is not None:
            audio = audio._replace(remote=self._checked(audio.remote))
        self._follow(audio)

    def _checked(self, remote: tuple[str, int]) -> tuple[str, int]:
        """Where sound for that address goes."""
        pair = self.media.pair
        ours = (self._address, self._settings.address, pair.host)
        spirals = pair.outward - {pair.port} if pair.port in pair.outward else ()
        ends = Ends(self._learn_from, ours, pair.own, spirals)
        if (said := objection(remote, ends)) is not None:
            warning = (("Warning", f'{said.code} tokuban "{said.why}"'),)
            raise NotAcceptable(f"{said.why}: {remote[0]}", warning)
        return corrected(remote, ends)

    def _follow(self, audio: Negotiated | None) -> None:
        if audio is not None:
            self.media.connect(
                audio.remote,
                law=_LAWS[audio.codec_name],
                payload_type=audio.payload_type,
                event_payload_type=audio.event_payload_type,
                detect_inband=audio.event_payload_type is None,
                can_send=audio.can_send and not self._elsewhere,
                can_receive=audio.can_receive,
                learn_from=self._learn_from,
                keys=audio.keys,
            )
        elif self.audio is not None:
            self._silence(self.audio)
        self.audio = audio

    def _silence(self, before: Negotiated) -> None:
        self.media.connect(
            None,
            law=_LAWS[before.codec_name],
            payload_type=before.payload_type,
            event_payload_type=before.event_payload_type,
            detect_inband=False,
            can_send=False,
            can_receive=False,
            keys=before.keys,
        )


def renegotiate(session: Session, sound: Sound, theirs: bytes, now: float) -> None:
    """Answer a re-INVITE or UPDATE: hold, resume, a moved address, or a mere refresh."""
    try:
        ours = sound.describe(theirs)
    except NotAcceptable as error:
        session.refuse_reoffer(NOT_ACCEPTABLE_HERE, now, error.warning)
    else:
        session.accept_reoffer(ours, now)
