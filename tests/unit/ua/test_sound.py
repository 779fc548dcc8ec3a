"""A leg's sound: whether it is encrypted, and where it may go."""

import socket
from collections.abc import AsyncIterator

import pytest

from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.sip.networks import Networks
from ivr.sip.sdp import Sdp
from ivr.ua.sound import NotAcceptable, Sound, SoundSettings, Srtp
from tests.support.ports import LOOPBACK, free_range

INLINE = "inline:" + "A" * 40
PLAIN = (
    b"v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\n"
)
KEY = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 {INLINE}\r\n".encode()
BESIDE, SECURE = PLAIN + KEY, PLAIN.replace(b"RTP/AVP", b"RTP/SAVP") + KEY


@pytest.fixture
async def engine() -> AsyncIterator[MediaEngine]:
    made = MediaEngine(RtpPorts(LOOPBACK, *free_range(8)))
    yield made
    made.close()


def sound(engine: MediaEngine, srtp: Srtp, *, secured: bool) -> Sound:
    settings = SoundSettings(LOOPBACK, srtp=srtp)
    return Sound(engine.open(), settings, LOOPBACK, secured=secured)


@pytest.mark.parametrize(
    ("srtp", "secured", "offer"),
    [
        (Srtp.ALLOWED, True, SECURE),
        (Srtp.ALLOWED, True, BESIDE),
        (Srtp.REQUIRED, True, SECURE),
        (Srtp.REQUIRED, True, BESIDE),
    ],
)
async def test_an_offered_key_is_taken(
    engine: MediaEngine, srtp: Srtp, secured: bool, offer: bytes
) -> None:
    leg = sound(engine, srtp, secured=secured)
    answer = Sdp.parse(leg.answer(offer)).media[0]
    assert leg.audio is not None
    assert leg.audio.keys is not None
    assert len(answer.crypto) == 1
    assert INLINE not in answer.crypto[0]


@pytest.mark.parametrize(
    ("srtp", "secured"),
    [(Srtp.OFF, True), (Srtp.OFF, False), (Srtp.ALLOWED, False)],
)
async def test_no_key_is_told_where_it_would_be_read_or_is_not_wanted(
    engine: MediaEngine, srtp: Srtp, secured: bool
) -> None:
    leg = sound(engine, srtp, secured=secured)
    assert b"crypto" not in leg.answer(BESIDE)
    assert leg.audio is not None
    assert leg.audio.keys is None
    assert b"crypto" not in sound(engine, srtp, secured=secured).offer()
    with pytest.raises(NotAcceptable):
        sound(engine, srtp, secured=secured).answer(SECURE)


@pytest.mark.parametrize(
    ("secured", "offer"), [(True, PLAIN), (False, PLAIN), (False, SECURE), (False, BESIDE)]
)
async def test_where_it_is_required_all_else_is_refused(
    engine: MediaEngine, secured: bool, offer: bytes
) -> None:
    leg = sound(engine, Srtp.REQUIRED, secured=secured)
    with pytest.raises(NotAcceptable) as refused:
        leg.answer(offer)
    assert "SRTP" in refused.value.warning[0][1]


@pytest.mark.parametrize(
    "offer",
    [
        SECURE.replace(b"A" * 40, b"A" * 36),
        SECURE.replace(b"HMAC_SHA1_80", b"HMAC_SHA1_32"),
        SECURE.replace(b"A" * 40, b"A" * 40 + b"|2^20|1:4"),
        PLAIN.replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVP"),
        PLAIN.replace(b"RTP/AVP", b"UDP/TLS/RTP/SAVPF"),
    ],
)
async def test_a_key_that_cannot_be_used_is_named_as_what_is_wrong(
    engine: MediaEngine, offer: bytes
) -> None:
    with pytest.raises(NotAcceptable) as refused:
        sound(engine, Srtp.ALLOWED, secured=True).answer(offer)
    ((_, warning),) = refused.value.warning
    assert "AES_CM_128_HMAC_SHA1_80" in warning
    with pytest.raises(NotAcceptable) as refused:
        sound(engine, Srtp.ALLOWED, secured=True).answer(SECURE.replace(b"SAVP 0", b"SAVP 3"))
    assert "PCMU" in refused.value.warning[0][1]


async def test_where_it_is_required_no_key_is_offered_in_the_clear(engine: MediaEngine) -> None:
    with pytest.raises(NotAcceptable):
        sound(engine, Srtp.REQUIRED, secured=False).offer()
    assert b"RTP/SAVP" in sound(engine, Srtp.REQUIRED, secured=True).offer()


@pytest.mark.parametrize("answer", [SECURE, BESIDE, PLAIN])
async def test_the_answer_to_our_offer_settles_it(engine: MediaEngine, answer: bytes) -> None:
    leg = sound(engine, Srtp.ALLOWED, secured=True)
    assert b"a=crypto:1 " in leg.offer()
    leg.accept(answer)
    assert leg.audio is not None
    assert (leg.audio.keys is not None) is (answer is not PLAIN)


async def test_each_leg_has_a_key_of_its_own_and_keeps_it(engine: MediaEngine) -> None:
    one, other = (sound(engine, Srtp.ALLOWED, secured=True) for _ in range(2))
    first = one.answer(SECURE)
    assert one.answer(SECURE) == first
    assert Sdp.parse(other.answer(SECURE)).media[0].crypto != Sdp.parse(first).media[0].crypto


@pytest.mark.parametrize("host", [b"224.0.0.1", b"255.255.255.255", b"0.9.9.9"])
@pytest.mark.rule("CALL-01")
async def test_an_address_that_lies_is_refused_and_what_was_agreed_stands(
    engine: MediaEngine, host: bytes
) -> None:
    leg = sound(engine, Srtp.OFF, secured=False)
    lie = PLAIN.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 " + host)
    with pytest.raises(NotAcceptable) as refused:
        leg.answer(lie)
    assert refused.value.warning[0][0] == "Warning"
    assert leg.audio is None
    agreed = leg.answer(PLAIN)
    for again in (leg.answer, leg.accept):
        with pytest.raises(NotAcceptable):
            again(lie)
    assert (leg.description, leg.media.out.remote) == (agreed, ("127.0.0.1", 4000))


@pytest.mark.rule("CALL-01")
async def test_nobody_talks_to_a_port_of_ours(engine: MediaEngine) -> None:
    """Neither a leg's own, nor another call's, nor one that the next call may have."""
    leg, other = (sound(engine, Srtp.OFF, secured=False) for _ in range(2))
    for port in (leg.media.port, leg.media.port + 1, other.media.port):
        with pytest.raises(NotAcceptable):
            leg.answer(at_port(port))
    other.media.close()
    with pytest.raises(NotAcceptable):
        leg.answer(at_port(other.media.port))


@pytest.mark.rule("CALL-01")
async def test_a_softphone_beside_us_may_have_a_port_of_the_range(engine: MediaEngine) -> None:
    leg, other = (sound(engine, Srtp.OFF, secured=False) for _ in range(2))
    other.media.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((LOOPBACK, other.media.port))
        leg.answer(at_port(other.media.port))
    assert leg.audio is not None


@pytest.mark.rule("CALL-01")
async def test_a_call_of_ours_that_another_carrier_sends_back_is_sent_to(
    engine: MediaEngine,
) -> None:
    """It calls a number that has come over to us: both ends of the trunk are here."""
    settings = SoundSettings(LOOPBACK)
    out, back = (Sound(engine.open(), settings, LOOPBACK, outward=True) for _ in range(2))
    line = Sound(engine.open(), settings, LOOPBACK)
    offer = out.offer()
    with pytest.raises(NotAcceptable):
        line.answer(offer)
    out.accept(back.answer(offer))
    assert out.media.out.remote == (LOOPBACK, back.media.port)
    assert back.media.out.remote == (LOOPBACK, out.media.port)
    with pytest.raises(NotAcceptable):
        back.answer(at_port(back.media.port))


def at_port(port: int) -> bytes:
    return PLAIN.replace(b"4000", str(port).encode())


async def test_a_wildcard_address_is_a_hold_from_the_first_offer_on(engine: MediaEngine) -> None:
    leg = sound(engine, Srtp.OFF, secured=False)
    leg.answer(PLAIN.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0"))
    assert leg.held
    leg.answer(PLAIN)
    assert not leg.held


@pytest.mark.parametrize(
    ("peer", "told"), [("172.30.50.130", "172.30.50.10"), ("172.30.50.1", "192.0.2.9")]
)
async def test_a_phone_inside_sends_its_sound_to_the_inner_address(
    engine: MediaEngine, peer: str, told: str
) -> None:
    inside = Networks(("172.30.50.128/25",))
    settings = SoundSettings("192.0.2.9", inside=inside, inner="172.30.50.10")
    leg = Sound(engine.open(), settings, peer)
    assert f"c=IN IP4 {told}\r\n".encode() in leg.answer(PLAIN)
    assert f"c=IN IP4 {told}\r\n".encode() in leg.redirect(None)
    assert f"c=IN IP4 {told}\r\n".encode() in Sound(engine.open(), settings, peer).offer()
