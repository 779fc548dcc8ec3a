"""Single header values: RFC 3261 §20, RFC 3581."""

import pytest

from ivr.sip.abnf import GrammarError
from ivr.sip.uri import UriError
from ivr.sip.values import CSeq, MediaType, NameAddr, Via


class TestNameAddr:
    def test_bracket_inside_a_quoted_name(self) -> None:
        address = NameAddr.parse('"a <b> c" <sip:x@example.com>;tag=1')
        assert address.display == "a <b> c"
        assert address.address == "sip:x@example.com"
        assert address.tag == "1"

    def test_display_name_is_unescaped_and_escaped_again(self) -> None:
        address = NameAddr.parse(r'"say \"hi\" \\" <sip:x@example.com>')
        assert address.display == 'say "hi" \\'
        assert str(address) == r'"say \"hi\" \\" <sip:x@example.com>'

    def test_letters_beyond_ascii_need_no_quotes(self) -> None:
        assert NameAddr.parse("特番 太郎 <sip:x@example.com>").display == "特番 太郎"

    def test_bare_address_gives_its_parameters_to_the_header(self) -> None:
        address = NameAddr.parse("sip:x@example.com;tag=1")
        assert (address.address, address.params) == ("sip:x@example.com", {"tag": "1"})
        assert str(address) == "<sip:x@example.com>;tag=1"

    def test_star(self) -> None:
        assert NameAddr.parse("*").is_star
        assert str(NameAddr.parse("*")) == "*"

    def test_parameters(self) -> None:
        address = NameAddr.parse('<sip:x@y>;q=0.5;+sip.instance="<urn:uuid:1>";flag')
        assert address.param("q") == "0.5"
        assert address.param("+sip.instance") == "<urn:uuid:1>"
        assert address.param("flag") == ""
        assert address.param("absent") is None
        assert address.with_params(q="1").param("q") == "1"

    @pytest.mark.parametrize(
        ("name", "display"),
        [
            ("", ""),
            ('"Taro Y" ', "Taro Y"),
            ('"<x>"', "<x>"),
            ("sipp ", "sipp"),
            ("a b.c ", "a b.c"),
        ],
    )
    @pytest.mark.parametrize("tag", [None, "as5-x.1"])
    def test_the_usual_shapes_are_read_as_the_whole_grammar_reads_them(
        self, name: str, display: str, tag: str | None
    ) -> None:
        text = f"{name}<sip:x@example.com:5060;lr>" + (f";tag={tag}" if tag else "")
        usual, whole = NameAddr.parse(text), NameAddr.parse(text + ";x")
        assert (usual.display, usual.tag) == (display, tag)
        assert usual == whole._replace(params={**usual.params})
        assert list(whole.params) == [*usual.params, "x"]

    def test_a_broken_uri_is_only_noticed_when_asked(self) -> None:
        address = NameAddr.parse("<sip:x@y:70000>")
        with pytest.raises(UriError):
            address.uri  # noqa: B018

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "<>",
            "<sip:x@y",
            "< sip:x@y >",
            '"open <sip:x@y>',
            '"name" sip:x@y',
            "Bell, Alexander <sip:x@y>",
            "<sip:x@y> junk",
            "<sip:x@y>;",
            "<sip:x@y>;;",
            "sip:x@y?Route=z",
            "sip:x y@z",
        ],
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(GrammarError):
            NameAddr.parse(text)


class TestVia:
    def test_every_part(self) -> None:
        via = Via.parse("SIP/2.0/tcp [2001:db8::9]:5070;branch=z9hG4bK1;rport=40000;received=::1")
        assert (via.transport, via.host, via.port) == ("TCP", "2001:db8::9", 5070)
        assert via.branch == "z9hG4bK1"
        assert (via.received, via.rport, via.wants_rport) == ("::1", 40000, True)
        assert str(via) == (
            "SIP/2.0/TCP [2001:db8::9]:5070;branch=z9hG4bK1;rport=40000;received=::1"
        )

    def test_spaces_where_the_grammar_has_them(self) -> None:
        via = Via.parse("SIP / 2.0 / UDP  first.example : 4000 ; ttl = 16 ;maddr=224.2.0.1")
        assert (via.transport, via.sent_by) == ("UDP", ("first.example", 4000))
        assert via.maddr == "224.2.0.1"

    @pytest.mark.parametrize(
        "text",
        [
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport",
            "SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK-1.a",
            "SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1",
        ],
    )
    def test_the_usual_shapes_are_read_as_the_whole_grammar_reads_them(self, text: str) -> None:
        usual, whole = Via.parse(text), Via.parse(text + ";x")
        assert usual == whole._replace(params={**usual.params})
        assert str(usual) == text
        assert list(whole.params) == [*usual.params, "x"]

    def test_an_rport_asked_for_twice(self) -> None:
        with pytest.raises(GrammarError, match="stands twice"):
            Via.parse("SIP/2.0/UDP h;rport;branch=z9hG4bK1;rport")

    def test_an_rport_asked_for(self) -> None:
        via = Via.parse("SIP/2.0/UDP h;rport")
        assert via.wants_rport
        assert via.rport is None

    def test_a_port_beyond_65535_can_be_read_so_that_it_can_be_answered(self) -> None:
        assert Via.parse("SIP/2.0/UDP h:70000;branch=z9hG4bK1").port == 70000

    def test_sent_by_ignores_case(self) -> None:
        assert Via.parse("SIP/2.0/UDP HOST.example").sent_by == ("host.example", None)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 UDP host",
            "SIP/2.0/UDP host;",
            "SIP/2.0/UDP host;;branch=1",
            "SIP/2.0/UDP host:",
            "SIP/2.0/UDP host:-1",
            "SIP/2.0/UDP ho$t",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/ host",
            "UDP host;branch=z9hG4bK1",
        ],
    )
    def test_broken(self, text: str) -> None:
        with pytest.raises(GrammarError):
            Via.parse(text)


class TestCSeq:
    def test_bounds(self) -> None:
        assert CSeq.parse("0 ACK") == (0, "ACK")
        assert str(CSeq.parse("2147483647  INVITE")) == "2147483647 INVITE"

    @pytest.mark.parametrize("text", ["", "1", "INVITE 1", "2147483648 INVITE", "-1 X", "1 A B"])
    def test_broken(self, text: str) -> None:
        with pytest.raises(GrammarError):
            CSeq.parse(text)


class TestMediaType:
    def test_parameters_and_case(self) -> None:
        kind = MediaType.parse('Application/SDP ; charset="utf-8"')
        assert kind.name == "application/sdp"
        assert kind.params == {"charset": '"utf-8"'}

    @pytest.mark.parametrize("text", ["", "sdp", "/sdp", "application/", "a/b/c", "a b/c"])
    def test_broken(self, text: str) -> None:
        with pytest.raises(GrammarError):
            MediaType.parse(text)
