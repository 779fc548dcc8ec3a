"""Offers and answers: what two ends agree to send each other (RFC 3264).

One audio stream is taken, every other stream of an offer is refused with port 0. Codecs are
matched by name and clock rate, never by number, and the answerer uses the offerer's numbers.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ivr.sip.media_address import is_held, is_literal
from ivr.sip.sdes import SECURE, Crypto, Keys, Securing, usable
from ivr.sip.sdp import STATIC_PAYLOADS, Attribute, Codec, Direction, Media, Origin, Sdp, SdpError

_EVENT = "telephone-event"
_EVENTS = "0-15"
"""The DTMF events (RFC 4733 §3.2)."""
_OFFERED_EVENT_NUMBER = 101
_PLAIN_RTP = "RTP/AVP"
_SPOKEN_PROTOCOLS = frozenset((_PLAIN_RTP, "RTP/AVPF"))
"""AVPF only adds feedback nobody is obliged to send (RFC 4585 §3)."""
_SECURE_PROTOCOLS = frozenset(SECURE.values())
_OFFERED_TAG = 1
_STATIC_BY_NAME = {codec.name: codec for codec in STATIC_PAYLOADS.values() if codec.channels == 1}


class NotAcceptable(Exception):
    """No audio stream that both ends can carry: answered 488 (RFC 3261 §21.4.26)."""


class NoKey(NotAcceptable):
    """The audio is encrypted in a way not spoken here, or not to be had on this leg."""


class Capabilities(NamedTuple):
    """What we can carry: static codec names, best first; DTMF events; one packet time."""

    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    telephone_event: bool = True
    ptime_ms: int = 20


class Negotiated(NamedTuple):
    """The audio stream both ends agreed to, seen from us.

    `payload_type` and `event_payload_type` are what we write into packets, the `local_…` ones
    what the peer writes; they differ only where an answerer chose numbers of its own. `remote`
    and `remote_rtcp` are literal addresses, None while the peer holds us with `c=0.0.0.0`.
    """

    codec_name: str
    payload_type: int
    event_payload_type: int | None
    remote: tuple[str, int] | None
    remote_rtcp: tuple[str, int] | None
    ptime_ms: int
    can_send: bool
    can_receive: bool
    local_payload_type: int
    local_event_payload_type: int | None
    keys: Keys | None = None
    """Of SRTP; None for RTP in the clear."""


class Answer(NamedTuple):
    """An answer, and the audio it settles; None when the offer has no live audio stream at all."""

    sdp: Sdp
    audio: Negotiated | None


def answer(
    offer: Sdp,
    ours: Capabilities,
    *,
    address: str,
    port: int,
    session_id: int,
    version: int = 1,
    direction: Direction = Direction.SENDRECV,
    previous: Sdp | None = None,
    securing: Securing | None = None,
) -> Answer:
    """Answer an offer (RFC 3264 §6): every m-line mirrored, one audio stream taken.

    Args:
        address, port: where we receive RTP.
        direction: what we want; the answer is the part of it that the offer allows.
        previous: our last description in this session; its version is kept when nothing changed
            and counted up when something did (RFC 3264 §8).
        securing: take SRTP where it is offered, or insist on it; None takes RTP alone.
    Raises:
        NotAcceptable: there is live audio, none of it with a codec of ours.
    """
    media: list[Media] = []
    audio = None
    for line in offer.media:
        taken = _taken(line, ours, securing) if audio is None else None
        if taken is None:
            media.append(_refused(line))
            continue
        codec, event, theirs = taken
        audio = _settle(offer, line, codec, event, ours, direction)
        flow = Direction.of(sends=audio.can_send, receives=audio.can_receive)
        mine = _audio_media(port, (codec,), event, ours.ptime_ms, flow, line.proto)
        audio, mine = _sealed(audio, mine, theirs, securing)
        media.append(mine)
    if audio is None:
        _refuse_audio([line for line in offer.media if line.kind == "audio" and line.port], ours)
    sdp = Sdp(Origin(session_id, version, address), tuple(media), address, times=offer.times)
    return Answer(sdp if previous is None else _versioned(sdp, previous), audio)


def _refuse_audio(live: Sequence[Media], ours: Capabilities) -> None:
    """Say why none of the live audio was taken."""
    secure = [line for line in live if _is_secure(line)]
    if any(_best(line.codecs(), ours) is not None for line in secure):
        raise NoKey("no key of the encrypted audio can be used")
    if live:
        raise NotAcceptable("no audio stream with a codec of ours")


def _is_secure(media: Media) -> bool:
    """Whether it is SRTP, keyed here or by DTLS (RFC 5764 §8)."""
    return media.proto.upper().removeprefix("UDP/TLS/") in _SECURE_PROTOCOLS


def make_offer(
    ours: Capabilities,
    *,
    address: str,
    port: int,
    session_id: int,
    version: int = 1,
    direction: Direction = Direction.SENDRECV,
    securing: Securing | None = None,
) -> Sdp:
    """A first offer of one audio stream (RFC 3264 §5).

    SRTP that is not insisted on is offered as a key beside plain RTP: phones that have it take it,
    others pass over what they do not know (RFC 4568 §7.1.1 would have a stream of each).
    """
    codecs = tuple(_STATIC_BY_NAME[name] for name in ours.codecs)
    event = Codec(_EVENT, 8000, _OFFERED_EVENT_NUMBER) if ours.telephone_event else None
    proto = SECURE[_PLAIN_RTP] if securing is not None and securing.required else _PLAIN_RTP
    media = _audio_media(port, codecs, event, ours.ptime_ms, direction, proto)
    if securing is not None:
        media = media._replace(crypto=(Crypto(_OFFERED_TAG, securing.key).value,))
    return Sdp(Origin(session_id, version, address), (media,), address)


def reoffer(
    previous: Sdp,
    direction: Direction = Direction.SENDRECV,
    *,
    address: str | None = None,
    port: int | None = None,
) -> Sdp:
    """Our last description offered again with another direction or address (RFC 3264 §8).

    Every m-line and every payload number stays; the version counts up when something changed.
    """
    media = tuple(_redirected(line, direction, port) for line in previous.media)
    address = address or previous.origin.address
    sdp = previous._replace(
        origin=previous.origin._replace(address=address), connection=address, media=media
    )
    return _versioned(sdp, previous)


def renumbered(sdp: Sdp, events: int) -> Sdp:
    """The same with `events` as the payload type of telephone-event, where that is free."""
    return sdp._replace(media=tuple(_renumbered(line, events) for line in sdp.media))


def _renumbered(media: Media, events: int) -> Media:
    number = str(events)
    codecs = [codec for codec in media.codecs() if codec.name.lower() == _EVENT]
    if len(codecs) != 1 or number in media.formats:
        return media
    old = str(codecs[0].payload_type)
    attributes = [
        (name, f"{number} {value.partition(' ')[2]}")
        if value is not None and name in ("rtpmap", "fmtp") and value.split()[0] == old
        else (name, value)
        for name, value in media.attributes
    ]
    formats = tuple(number if each == old else each for each in media.formats)
    return media._replace(formats=formats, attributes=tuple(attributes))


def accept_answer(offer: Sdp, theirs: Sdp, ptime_ms: int = 20) -> Negotiated:
    """What an answer to our offer settles (RFC 3264 §7).

    Raises:
        NotAcceptable: the answer refuses the audio, or takes what we never offered.
        SdpError: its m-lines are not the offer's.
    """
    if len(theirs.media) != len(offer.media):
        raise SdpError("the answer has another number of m-lines than the offer")
    for mine, line in zip(offer.media, theirs.media, strict=True):
        if mine.kind != "audio" or not mine.port:
            continue
        if line.kind != "audio":
            raise SdpError("the answer's m-lines are not in the offer's order")
        if line.port:
            if line.proto.upper() in _SECURE_PROTOCOLS and usable(mine.crypto) is None:
                raise NotAcceptable("the answer is encrypted, and no key was offered")
            return _settle_answer(offer, mine, theirs, line, ptime_ms)
    raise NotAcceptable("the answer refuses the audio")


def _settle_answer(offer: Sdp, mine: Media, theirs: Sdp, line: Media, ptime_ms: int) -> Negotiated:
    offered = {_kind(codec): codec for codec in reversed(mine.codecs())}
    answered = line.codecs()
    codec = next((each for each in answered if _is_voice(each) and _kind(each) in offered), None)
    if codec is None:
        raise NotAcceptable("the answer takes no codec we offered")
    event = _event_for(codec, answered)
    local_event = offered.get(_kind(event)) if event else None
    ours = Capabilities(ptime_ms=ptime_ms)
    settled = _settle(
        theirs, line, codec, event if local_event else None, ours, offer.direction_of(mine)
    )
    return settled._replace(
        local_payload_type=offered[_kind(codec)].payload_type,
        local_event_payload_type=local_event.payload_type if local_event else None,
        keys=_answered_keys(mine, line),
    )


def _answered_keys(mine: Media, line: Media) -> Keys | None:
    """The keys that offer and answer name (RFC 4568 §5.1.3)."""
    offered = usable(mine.crypto)
    if offered is None:
        return None
    answered = usable(line.crypto, offered.tag)
    if answered is not None:
        return Keys(offered.key, answered.key)
    if mine.proto in _SECURE_PROTOCOLS:
        raise NotAcceptable("the answer has no key for SRTP")
    return None


def _sealed(
    audio: Negotiated, mine: Media, theirs: Crypto | None, securing: Securing | None
) -> tuple[Negotiated, Media]:
    """The stream and its description, with our key for an offered one (RFC 4568 §5.1.2)."""
    if theirs is None or securing is None:
        return audio, mine
    answered = Crypto(theirs.tag, securing.key).value
    keys = Keys(securing.key, theirs.key)
    return audio._replace(keys=keys), mine._replace(crypto=(answered,))


def _taken(
    media: Media, ours: Capabilities, securing: Securing | None
) -> tuple[Codec, Codec | None, Crypto | None] | None:
    """What we take of a live audio stream: a codec, its telephone-event, and the peer's key."""
    proto = media.proto.upper()
    secure = proto in _SECURE_PROTOCOLS
    if media.kind != "audio" or not media.port or not (secure or proto in _SPOKEN_PROTOCOLS):
        return None
    theirs = usable(media.crypto) if securing is not None else None
    if theirs is None and (secure or (securing is not None and securing.required)):
        return None
    best = _best(media.codecs(), ours)
    return (*best, theirs) if best is not None else None


@lru_cache(maxsize=64)
def _best(codecs: tuple[Codec, ...], ours: Capabilities) -> tuple[Codec, Codec | None] | None:
    """The first codec of ours, by the offerer's order."""
    for codec in codecs:
        if _is_ours(codec, ours):
            return codec, _event_for(codec, codecs) if ours.telephone_event else None
    return None


def _settle(
    theirs: Sdp,
    media: Media,
    codec: Codec,
    event: Codec | None,
    ours: Capabilities,
    wanted: Direction,
) -> Negotiated:
    """Two views of one stream brought together: the peer's description and what we want."""
    host = theirs.address_of(media)
    if host is None or not is_literal(host):
        raise NotAcceptable("the media address is no IP address")
    held = is_held(host)
    offered = theirs.direction_of(media)
    number = event.payload_type if event else None
    return Negotiated(
        codec.name.upper(),
        codec.payload_type,
        number,
        None if held else (host, media.port),
        None if held else _rtcp_address(host, media),
        ours.ptime_ms,
        offered.receives and wanted.sends and not held,
        offered.sends and wanted.receives,
        codec.payload_type,
        number,
    )


def _rtcp_address(host: str, media: Media) -> tuple[str, int] | None:
    """Where RTCP goes: the port above, unless `a=rtcp` says otherwise (RFC 3605)."""
    words = (media.attribute("rtcp") or "").split()
    if words and words[0].isascii() and words[0].isdigit() and 0 < int(words[0][:9]) < 65536:
        named = words[3] if len(words) == 4 and is_literal(words[3]) else host
        return named, int(words[0][:9])
    return (host, media.port + 1) if media.port < 65535 else None


def _audio_media(
    port: int,
    codecs: tuple[Codec, ...],
    event: Codec | None,
    ptime_ms: int,
    direction: Direction,
    proto: str,
) -> Media:
    listed = (*codecs, event) if event else codecs
    formats, attributes = _described(listed, ptime_ms, direction.word)
    return Media("audio", port, formats, attributes, None, proto)


@lru_cache(maxsize=256)
def _described(
    codecs: tuple[Codec, ...], ptime_ms: int, direction: str
) -> tuple[tuple[str, ...], tuple[Attribute, ...]]:
    """The formats of an m-line and the attributes that explain them."""
    attributes: list[Attribute] = [("rtpmap", codec.rtpmap) for codec in codecs]
    attributes += [
        ("fmtp", f"{codec.payload_type} {_EVENTS}")
        for codec in codecs
        if codec.name.lower() == _EVENT
    ]
    attributes += [("ptime", str(ptime_ms)), (direction, None)]
    return tuple(str(codec.payload_type) for codec in codecs), tuple(attributes)


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.formats, proto=media.proto)


def _redirected(media: Media, direction: Direction, port: int | None) -> Media:
    if not media.port:
        return media
    kept = [item for item in media.attributes if item[0] not in _DIRECTION_WORDS]
    return media._replace(
        attributes=(*kept, (direction.word, None)), port=media.port if port is None else port
    )


_DIRECTION_WORDS = frozenset(direction.word for direction in Direction)


def _versioned(sdp: Sdp, previous: Sdp) -> Sdp:
    last = previous.origin
    same = sdp._replace(
        origin=sdp.origin._replace(session_id=last.session_id, version=last.version)
    )
    if same == previous:
        return same
    return same._replace(origin=same.origin._replace(version=last.version + 1))


def _kind(codec: Codec) -> tuple[str, int, int]:
    return codec.name.upper(), codec.clock_rate, codec.channels


def _is_voice(codec: Codec) -> bool:
    return codec.name.upper() in _STATIC_BY_NAME


def _is_ours(codec: Codec, ours: Capabilities) -> bool:
    known = _STATIC_BY_NAME.get(codec.name.upper())
    return (
        known is not None
        and known.name in ours.codecs
        and codec.clock_rate == known.clock_rate
        and codec.channels == 1
    )


def _event_for(voice: Codec, codecs: Sequence[Codec]) -> Codec | None:
    """The telephone-event that keeps time with a codec (RFC 4733 §2.1)."""
    for codec in codecs:
        if codec.clock_rate == voice.clock_rate and codec.name.lower() == _EVENT:
            return codec
    return None
