"""Offers and answers: RFC 3264, RFC 4733."""

import pytest

from ivr.sip.offer_answer import (
    Answer,
    Capabilities,
    Negotiated,
    NotAcceptable,
    accept_answer,
    answer,
    make_offer,
    renumbered,
    reoffer,
)
from ivr.sip.sdp import Direction, Sdp, SdpError

OURS = Capabilities()


def _sdp(*media: str, connection: str = "192.0.2.1", session: str = "") -> Sdp:
    lines = ["v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", f"c=IN IP4 {connection}", "t=0 0"]
    if session:
        lines.append(session)
    return Sdp.parse("\r\n".join([*lines, *media, ""]).encode())


def _answer(
    offer: Sdp,
    direction: Direction = Direction.SENDRECV,
    previous: Sdp | None = None,
    port: int = 20000,
) -> Answer:
    return answer(
        offer,
        OURS,
        address="198.51.100.1",
        port=port,
        session_id=99,
        direction=direction,
        previous=previous,
    )


def _audio(offer: Sdp) -> Negotiated:
    audio = _answer(offer).audio
    assert audio is not None
    return audio


PLAIN = _sdp("m=audio 4000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15")


class TestAnswer:
    def test_plain(self) -> None:
        settled = _answer(PLAIN)
        assert settled.audio == Negotiated(
            "PCMU", 0, 101, ("192.0.2.1", 4000), ("192.0.2.1", 4001), 20, True, True, 0, 101
        )
        assert settled.sdp.encode() == (
            b"v=0\r\no=- 99 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
            b"m=audio 20000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def test_every_m_line_is_mirrored(self) -> None:
        offer = _sdp(
            "m=video 5000 RTP/AVP 31",
            "m=audio 4000 RTP/SAVP 0",
            "m=audio 4002 RTP/AVP 8",
            "m=audio 4004 RTP/AVP 0",
            "m=application 9 UDP/BFCP *",
        )
        settled = _answer(offer)
        assert [(media.kind, media.port) for media in settled.sdp.media] == [
            ("video", 0),
            ("audio", 0),
            ("audio", 20000),
            ("audio", 0),
            ("application", 0),
        ]
        assert [media.proto for media in settled.sdp.media] == [m.proto for m in offer.media]
        assert settled.sdp.media[0].formats == ("31",)
        assert settled.audio is not None
        assert settled.audio.remote == ("192.0.2.1", 4002)

    def test_the_offerers_order_decides(self) -> None:
        assert _audio(_sdp("m=audio 4000 RTP/AVP 18 8 0")).codec_name == "PCMA"

    def test_codecs_are_known_by_name_and_rate(self) -> None:
        audio = _audio(
            _sdp("m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 pcma/16000", "a=rtpmap:97 pcma/8000")
        )
        assert (audio.codec_name, audio.payload_type) == ("PCMA", 97)

    def test_a_number_alone_is_no_codec(self) -> None:
        with pytest.raises(NotAcceptable):
            _answer(_sdp("m=audio 4000 RTP/AVP 0", "a=rtpmap:0 opus/48000/2"))

    def test_events_only_when_offered(self) -> None:
        settled = _answer(_sdp("m=audio 4000 RTP/AVP 0"))
        assert settled.audio is not None
        assert settled.audio.event_payload_type is None
        assert b"telephone-event" not in settled.sdp.encode()

    def test_events_at_the_codecs_rate_with_the_peers_number(self) -> None:
        offer = _sdp(
            "m=audio 4000 RTP/AVP 99 100 120 0",
            "a=rtpmap:99 telephone-event/48000",
            "a=rtpmap:100 telephone-event/16000",
            "a=rtpmap:120 telephone-event/8000",
        )
        assert _audio(offer).event_payload_type == 120
        assert _answer(offer).sdp.media[0].formats == ("0", "120")

    def test_no_events_at_the_codecs_rate(self) -> None:
        offer = _sdp("m=audio 4000 RTP/AVP 0 99", "a=rtpmap:99 telephone-event/48000")
        assert _audio(offer).event_payload_type is None

    def test_a_port_count_is_answered(self) -> None:
        assert _audio(_sdp("m=audio 4000/2 RTP/AVP 0")).remote == ("192.0.2.1", 4000)

    def test_no_codec_of_ours(self) -> None:
        with pytest.raises(NotAcceptable):
            _answer(_sdp("m=audio 4000 RTP/AVP 18 9"))

    @pytest.mark.parametrize("media", [(), ("m=audio 0 RTP/AVP 0",), ("m=video 4 RTP/AVP 31",)])
    def test_no_live_audio_is_settled_without_any(self, media: tuple[str, ...]) -> None:
        settled = _answer(_sdp(*media))
        assert settled.audio is None
        assert [line.port for line in settled.sdp.media] == [0] * len(media)

    @pytest.mark.parametrize("host", ["phone.example", "999.1.1.1", "x" * 5000])
    def test_a_media_address_that_is_a_name(self, host: str) -> None:
        with pytest.raises(NotAcceptable):
            _answer(_sdp("m=audio 4000 RTP/AVP 0", connection=host))

    def test_no_address_at_all(self) -> None:
        offer = PLAIN._replace(connection=None)
        with pytest.raises(NotAcceptable):
            _answer(offer)

    def test_rtcp_elsewhere(self) -> None:
        offer = _sdp("m=audio 4000 RTP/AVP 0", "a=rtcp:5001 IN IP4 192.0.2.9")
        assert _audio(offer).remote_rtcp == ("192.0.2.9", 5001)
        assert _audio(_sdp("m=audio 4000 RTP/AVP 0", "a=rtcp:x")).remote_rtcp == ("192.0.2.1", 4001)
        assert _audio(_sdp("m=audio 65535 RTP/AVP 0")).remote_rtcp is None


class TestDirection:
    @pytest.mark.parametrize(
        ("offered", "wanted", "answered"),
        [
            ("sendrecv", Direction.SENDRECV, "sendrecv"),
            ("sendonly", Direction.SENDRECV, "recvonly"),
            ("recvonly", Direction.SENDRECV, "sendonly"),
            ("inactive", Direction.SENDRECV, "inactive"),
            ("sendrecv", Direction.SENDONLY, "sendonly"),
            ("sendonly", Direction.SENDONLY, "inactive"),
            ("recvonly", Direction.RECVONLY, "inactive"),
            ("sendrecv", Direction.INACTIVE, "inactive"),
        ],
    )
    def test_the_answer_is_what_both_want(
        self, offered: str, wanted: Direction, answered: str
    ) -> None:
        settled = _answer(_sdp("m=audio 4000 RTP/AVP 0", f"a={offered}"), wanted)
        assert settled.audio is not None
        assert (answered, None) in settled.sdp.media[0].attributes
        assert settled.audio.can_send == (answered in ("sendrecv", "sendonly"))
        assert settled.audio.can_receive == (answered in ("sendrecv", "recvonly"))

    def test_the_sessions_direction_holds_for_its_media(self) -> None:
        audio = _audio(_sdp("m=audio 4000 RTP/AVP 0", session="a=sendonly"))
        assert (audio.can_send, audio.can_receive) == (False, True)

    def test_hold_by_the_zero_address(self) -> None:
        """RFC 3264 §8.4: the old way to hold; neither RTP nor RTCP goes out."""
        audio = _audio(_sdp("m=audio 4000 RTP/AVP 0", connection="0.0.0.0"))
        assert (audio.can_send, audio.can_receive) == (False, True)
        assert audio.remote is audio.remote_rtcp is None


class TestVersion:
    def test_it_stays_while_nothing_changes(self) -> None:
        first = _answer(PLAIN).sdp
        assert _answer(PLAIN, previous=first).sdp == first

    def test_it_counts_up_on_a_change(self) -> None:
        first = _answer(PLAIN).sdp
        second = _answer(PLAIN, port=20002, previous=first).sdp
        assert (second.origin.session_id, second.origin.version) == (99, 2)
        assert _answer(PLAIN, Direction.SENDONLY, previous=second).sdp.origin.version == 3


class TestOffer:
    OFFER = make_offer(OURS, address="198.51.100.1", port=20000, session_id=5)

    def test_what_we_offer(self) -> None:
        assert self.OFFER.encode().endswith(
            b"m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
            b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def test_an_answer_accepted(self) -> None:
        theirs = _sdp("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000", "a=recvonly")
        assert accept_answer(self.OFFER, theirs) == Negotiated(
            "PCMA", 8, 96, ("192.0.2.1", 4000), ("192.0.2.1", 4001), 20, True, False, 8, 101
        )

    def test_both_sides_of_one_negotiation_agree(self) -> None:
        settled = _answer(self.OFFER)
        mine = accept_answer(self.OFFER, settled.sdp)
        assert settled.audio is not None
        assert (mine.codec_name, mine.payload_type) == ("PCMU", 0)
        assert mine.event_payload_type == settled.audio.event_payload_type == 101
        assert mine.remote == ("198.51.100.1", 20000)

    def test_events_not_answered(self) -> None:
        accepted = accept_answer(self.OFFER, _sdp("m=audio 4000 RTP/AVP 0"))
        assert accepted.event_payload_type is None
        assert accepted.local_event_payload_type is None

    @pytest.mark.parametrize(
        "media", ["m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 18", "m=audio 4000 RTP/SAVP 0"]
    )
    def test_an_answer_refused(self, media: str) -> None:
        with pytest.raises(NotAcceptable):
            accept_answer(self.OFFER, _sdp(media))

    @pytest.mark.parametrize(
        "media",
        [(), ("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 31"), ("m=video 4000 RTP/AVP 0",)],
    )
    def test_an_answer_to_another_offer(self, media: tuple[str, ...]) -> None:
        with pytest.raises(SdpError):
            accept_answer(self.OFFER, _sdp(*media))


class TestReoffer:
    def test_hold_and_resume(self) -> None:
        last = _answer(_sdp("m=audio 4000 RTP/AVP 0", "m=video 5000 RTP/AVP 31")).sdp
        held = reoffer(last, Direction.SENDONLY)
        assert held.origin.version == last.origin.version + 1
        assert held.media[0].direction is Direction.SENDONLY
        assert held.media[0].codecs() == last.media[0].codecs()
        assert held.media[1] == last.media[1]
        assert reoffer(held).media == last.media
        assert reoffer(held).origin.version == held.origin.version + 1

    def test_nothing_changed(self) -> None:
        last = _answer(PLAIN).sdp
        assert reoffer(last) == last

    def test_another_place(self) -> None:
        moved = reoffer(_answer(PLAIN).sdp, address="198.51.100.2", port=20010)
        assert (moved.connection, moved.origin.address) == ("198.51.100.2", "198.51.100.2")
        assert moved.media[0].port == 20010


class TestRenumbered:
    def test_keys_get_another_number_and_the_answer_follows(self) -> None:
        ours = make_offer(OURS, address="198.51.100.1", port=20000, session_id=9)
        changed = renumbered(ours, 120)
        (media,) = changed.media
        assert media.formats == ("0", "8", "120")
        assert ("rtpmap", "120 telephone-event/8000") in media.attributes
        assert ("fmtp", "120 0-15") in media.attributes
        assert not [value for _, value in media.attributes if value and value.startswith("101")]
        theirs = _answer(changed).sdp
        assert accept_answer(changed, theirs).event_payload_type == 120

    def test_a_number_that_is_taken_changes_nothing(self) -> None:
        ours = make_offer(OURS, address="198.51.100.1", port=20000, session_id=9)
        assert renumbered(ours, 8) == ours
        assert renumbered(ours, 101) == ours
