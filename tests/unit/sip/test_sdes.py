"""Keys of SRTP in offers and answers: RFC 4568, RFC 3711."""

from base64 import b64encode

import pytest

from ivr.sip import sdp
from ivr.sip.offer_answer import (
    Answer,
    Capabilities,
    NotAcceptable,
    accept_answer,
    answer,
    make_offer,
    reoffer,
)
from ivr.sip.sdes import SUITE, Crypto, Keys, Securing, usable
from ivr.sip.sdp import Direction, Sdp

THEIRS, OURS = bytes(range(30)), bytes(range(100, 130))
INLINE = "inline:" + b64encode(THEIRS).decode()
SECURING, INSISTING = Securing(OURS), Securing(OURS, required=True)
ADDRESS = "198.51.100.1"


def _offer(proto: str, *crypto: str) -> Sdp:
    lines = ["v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    lines += [f"m=audio 4000 {proto} 0 101", "a=rtpmap:101 telephone-event/8000"]
    return Sdp.parse("\r\n".join([*lines, *(f"a=crypto:{each}" for each in crypto), ""]).encode())


def _answer(offer: Sdp, securing: Securing | None, previous: Sdp | None = None) -> Answer:
    return answer(
        offer,
        Capabilities(),
        address=ADDRESS,
        port=20000,
        session_id=9,
        previous=previous,
        securing=securing,
    )


def _make(securing: Securing) -> Sdp:
    return make_offer(Capabilities(), address=ADDRESS, port=20000, session_id=9, securing=securing)


class TestCrypto:
    @pytest.mark.parametrize(
        "value",
        [
            f"1 {SUITE} {INLINE}",
            f"1 {SUITE} {INLINE}|2^31",
            f"1 {SUITE} {INLINE}|1048576 WSH=64",
            f" 1  {SUITE}  {INLINE}  ",
        ],
    )
    def test_is_read(self, value: str) -> None:
        assert Crypto.parse(value) == Crypto(1, THEIRS)

    @pytest.mark.parametrize(
        "value",
        [
            "",
            f"1 {SUITE}",
            f"1 AES_CM_128_HMAC_SHA1_32 {INLINE}",
            f"x {SUITE} {INLINE}",
            f"1234567890 {SUITE} {INLINE}",
            f"1 {SUITE} {INLINE}|2^31|1:4",
            f"1 {SUITE} {INLINE}|1:4",
            f"1 {SUITE} {INLINE};{INLINE}",
            f"1 {SUITE} {INLINE} UNENCRYPTED_SRTP",
            f"1 {SUITE} {INLINE} KDR=1",
            f"1 {SUITE} inline:{b64encode(THEIRS[:29]).decode()}",
            f"1 {SUITE} inline:not base64",
            f"1 {SUITE} inline:ü",
            f"1 {SUITE} uri:https://keys.example",
            f"1 {SUITE} {INLINE} " + "WSH=64 " * 200,
        ],
    )
    def test_what_is_not_spoken_is_passed_over(self, value: str) -> None:
        assert Crypto.parse(value) is None
        assert usable([value, f"2 {SUITE} {INLINE}"]) == Crypto(2, THEIRS)

    def test_writing_is_reading_backwards(self) -> None:
        assert Crypto.parse(Crypto(7, OURS).value) == Crypto(7, OURS)


class TestAnswer:
    @pytest.mark.parametrize("proto", ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP", "RTP/AVPF"])
    @pytest.mark.parametrize("securing", [SECURING, INSISTING])
    def test_an_offered_key_is_answered_with_ours(self, proto: str, securing: Securing) -> None:
        offer = _offer(proto, f"1 AES_CM_256_HMAC_SHA1_80 {INLINE}", f"2 {SUITE} {INLINE}")
        settled = _answer(offer, securing)
        assert settled.audio is not None
        assert settled.audio.keys == Keys(OURS, THEIRS)
        line = settled.sdp.media[0]
        assert (line.proto, line.crypto) == (proto, (Crypto(2, OURS).value,))
        assert Sdp.parse(settled.sdp.encode()) == settled.sdp

    def test_without_the_wish_a_key_means_nothing(self) -> None:
        settled = _answer(_offer("RTP/AVP", f"1 {SUITE} {INLINE}"), None)
        assert settled.audio is not None
        assert settled.audio.keys is None
        assert b"crypto" not in settled.sdp.encode()

    @pytest.mark.parametrize(
        ("offer", "securing"),
        [
            (_offer("RTP/SAVP", f"1 {SUITE} {INLINE}"), None),
            (_offer("RTP/SAVP"), SECURING),
            (_offer("RTP/SAVP", f"1 {SUITE} {INLINE}|1:4"), SECURING),
            (_offer("RTP/AVP"), INSISTING),
            (_offer("UDP/TLS/RTP/SAVPF", f"1 {SUITE} {INLINE}"), SECURING),
        ],
    )
    def test_what_is_not_to_be_had_is_refused(self, offer: Sdp, securing: Securing | None) -> None:
        with pytest.raises(NotAcceptable):
            _answer(offer, securing)

    def test_of_two_streams_the_one_that_fits_is_taken(self) -> None:
        secure = _offer("RTP/SAVP", f"1 {SUITE} {INLINE}")
        both = secure._replace(media=(*_offer("RTP/AVP").media, *secure.media))
        settled = _answer(both, INSISTING)
        assert [line.port for line in settled.sdp.media] == [0, 20000]
        settled = _answer(both._replace(media=both.media[::-1]), None)
        assert [line.port for line in settled.sdp.media] == [0, 20000]

    def test_the_same_offer_again_changes_nothing(self) -> None:
        offer = _offer("RTP/SAVP", f"1 {SUITE} {INLINE}")
        first = _answer(offer, SECURING)
        assert _answer(offer, SECURING, first.sdp).sdp == first.sdp


class TestOffer:
    def test_a_key_stands_beside_plain_rtp(self) -> None:
        line = _make(SECURING).media[0]
        assert (line.proto, line.crypto) == ("RTP/AVP", (Crypto(1, OURS).value,))

    def test_who_insists_offers_srtp_alone(self) -> None:
        assert _make(INSISTING).media[0].proto == "RTP/SAVP"

    @pytest.mark.parametrize("securing", [SECURING, INSISTING])
    def test_the_answers_key_is_taken(self, securing: Securing) -> None:
        offer = _make(securing)
        theirs = _offer(offer.media[0].proto, f"1 {SUITE} {INLINE}")
        assert accept_answer(offer, theirs).keys == Keys(OURS, THEIRS)

    def test_an_answer_without_key_is_plain_rtp_or_none(self) -> None:
        assert accept_answer(_make(SECURING), _offer("RTP/AVP")).keys is None
        with pytest.raises(NotAcceptable):
            accept_answer(_make(INSISTING), _offer("RTP/AVP"))
        with pytest.raises(NotAcceptable):
            accept_answer(_make(INSISTING), _offer("RTP/SAVP", f"2 {SUITE} {INLINE}"))

    def test_the_key_stays_when_the_offer_is_made_again(self) -> None:
        offer = _make(SECURING)
        assert reoffer(offer, Direction.SENDONLY).media[0].crypto == offer.media[0].crypto


class TestSecrecy:
    def test_a_key_shows_in_no_representation(self) -> None:
        settled = _answer(_offer("RTP/SAVP", f"1 {SUITE} {INLINE}"), SECURING)
        shown = repr((settled, _make(SECURING), SECURING, Crypto(1, OURS), Keys(OURS, THEIRS)))
        for key in (OURS, THEIRS):
            assert b64encode(key).decode() not in shown
            assert repr(key) not in shown

    def test_a_key_is_remembered_by_no_cache(self) -> None:
        for cache in (sdp._shape, sdp._codecs, sdp._attribute_lines):
            cache.cache_clear()
        body = _answer(_offer("RTP/SAVP", f"1 {SUITE} {INLINE}"), SECURING).sdp.encode()
        before = sdp._shape.cache_info().currsize
        Sdp.parse(body)
        assert sdp._shape.cache_info().currsize == before == 0
        assert b"a=crypto:" in body
