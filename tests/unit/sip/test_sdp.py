"""Session descriptions: RFC 8866."""

import pytest

from ivr.sip.sdp import MOST_MEDIA, Codec, Direction, Media, Origin, Sdp, SdpError

OFFER = b"""v=0
o=taro 53655765 2353687637 IN IP4 192.0.2.1
s=call
i=information
c=IN IP4 192.0.2.1
b=AS:64
t=0 0
k=clear:x
a=recvonly
m=audio 49170 RTP/AVP 0 8 97 101 9 200 x
a=rtpmap:97 iLBC/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=rtpmap:9 G722/8000
a=ptime:30
m=video 51372/2 RTP/AVP 31
c=IN IP4 224.2.1.1/127/3
a=sendonly
""".replace(b"\n", b"\r\n")


class TestParse:
    def test_session(self) -> None:
        sdp = Sdp.parse(OFFER)
        assert sdp.origin == Origin(53655765, 2353687637, "192.0.2.1", "taro")
        assert (sdp.name, sdp.connection, sdp.times) == ("call", "192.0.2.1", ("0 0",))
        assert sdp.attributes == (("recvonly", None),)

    def test_media(self) -> None:
        audio, video = Sdp.parse(OFFER).media
        assert (audio.kind, audio.port, audio.ports, audio.proto) == ("audio", 49170, 1, "RTP/AVP")
        assert (video.kind, video.port, video.ports, video.formats) == ("video", 51372, 2, ("31",))
        assert audio.ptime_ms == 30
        assert audio.attribute("rtpmap") == "97 iLBC/8000"
        assert (video.ptime_ms, video.attribute("rtpmap")) == (None, None)

    def test_codecs_by_their_names(self) -> None:
        assert list(Sdp.parse(OFFER).media[0].codecs()) == [
            Codec("PCMU", 8000, 0),
            Codec("PCMA", 8000, 8),
            Codec("iLBC", 8000, 97),
            Codec("telephone-event", 8000, 101, 1, "0-16"),
            Codec("G722", 8000, 9),
        ]

    def test_an_rtpmap_beats_the_static_table(self) -> None:
        sdp = Sdp.parse(OFFER.replace(b"a=rtpmap:9 G722/8000", b"a=rtpmap:0 L16/44100/2"))
        assert sdp.media[0].codecs()[0] == Codec("L16", 44100, 0, 2)

    @pytest.mark.parametrize("rtpmap", [b"97 iLBC", b"97 iLBC/x", b"97", b"97 iLBC/8000/x"])
    def test_a_broken_rtpmap_leaves_its_codec_out(self, rtpmap: bytes) -> None:
        codecs = Sdp.parse(OFFER.replace(b"97 iLBC/8000", rtpmap)).media[0].codecs()
        assert codecs[:2] == (Codec("PCMU", 8000, 0), Codec("PCMA", 8000, 8))
        assert all(codec.name != "iLBC" for codec in codecs)

    def test_direction_and_address_are_inherited(self) -> None:
        sdp = Sdp.parse(OFFER)
        audio, video = sdp.media
        assert sdp.direction_of(audio) is Direction.RECVONLY
        assert sdp.direction_of(video) is Direction.SENDONLY
        assert (sdp.address_of(audio), sdp.address_of(video)) == ("192.0.2.1", "224.2.1.1")
        plain = Sdp.parse(OFFER.replace(b"a=recvonly\r\n", b""))
        assert plain.direction_of(plain.media[0]) is Direction.SENDRECV

    def test_lone_line_feeds_end_lines_too(self) -> None:
        assert Sdp.parse(OFFER.replace(b"\r\n", b"\n")) == Sdp.parse(OFFER)

    def test_a_port_count(self) -> None:
        assert Sdp.parse(OFFER.replace(b"audio 49170", b"audio 49170/2")).media[0].ports == 2

    def test_missing_s_and_t_lines_are_tolerated(self) -> None:
        sdp = Sdp.parse(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0\r\n")
        assert (sdp.name, sdp.times, sdp.connection) == ("-", ("0 0",), None)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"v=0", b"v=1"),
            (b"v=0\r\n", b""),
            (b"o=taro 53655765 2353687637 IN IP4 192.0.2.1\r\n", b""),
            (b"o=taro 53655765", b"o=taro x"),
            (b"IN IP4 192.0.2.1\r\ns", b"\r\ns"),
            (b"c=IN IP4 192.0.2.1", b"c=IN IP4"),
            (b"c=IN IP4 192.0.2.1", b"c=X IP4 192.0.2.1"),
            (b"audio 49170", b"audio 65536"),
            (b"audio 49170", b"audio -1"),
            (b"audio 49170", b"audio 49170/"),
            (b"audio 49170 RTP/AVP 0 8 97 101 9 200 x", b"audio 49170 RTP/AVP"),
            (b"a=ptime:30", b"m =video 1 RTP/AVP 0"),
            (b"a=ptime:30", b"garbage"),
            (b"a=ptime:30", b"\r\na=ptime:30"),
        ],
    )
    def test_broken(self, old: bytes, new: bytes) -> None:
        assert old in OFFER
        with pytest.raises(SdpError):
            Sdp.parse(OFFER.replace(old, new, 1))

    def test_empty(self) -> None:
        with pytest.raises(SdpError):
            Sdp.parse(b"")

    def test_too_many_media(self) -> None:
        with pytest.raises(SdpError, match="more than"):
            Sdp.parse(OFFER + b"m=audio 0 RTP/AVP 0\r\n" * MOST_MEDIA)


class TestWrite:
    def test_what_was_understood_comes_back(self) -> None:
        sdp = Sdp.parse(OFFER)
        assert Sdp.parse(sdp.encode()) == sdp

    def test_lines(self) -> None:
        media = Media("audio", 20000, ("0",), (("rtpmap", "0 PCMU/8000"), ("sendrecv", None)))
        sdp = Sdp(Origin(1, 2, "::1"), (media,), "::1")
        assert sdp.encode() == (
            b"v=0\r\no=- 1 2 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=0 0\r\n"
            b"m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
        )


@pytest.mark.parametrize("direction", Direction)
def test_directions_are_their_two_properties(direction: Direction) -> None:
    assert Direction.of(sends=direction.sends, receives=direction.receives) is direction
