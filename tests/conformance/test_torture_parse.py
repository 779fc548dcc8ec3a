"""RFC 4475 and RFC 5118 torture messages: what `parse` and `check` say to each."""

import csv
from pathlib import Path

import pytest

from ivr.sip.abnf import unquote
from ivr.sip.check import check
from ivr.sip.message import Message, ParseError, Request, Response, parse, response_to
from ivr.sip.sdp import Sdp

CORPUS = Path(__file__).parent / "corpus"


def _rows() -> list[dict[str, str]]:
    with (CORPUS / "parse.tsv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


ROWS = _rows()


def _data(file: str) -> bytes:
    (path,) = CORPUS.glob(f"*/{file}")
    return path.read_bytes()


def _accepted(file: str) -> Message:
    message = parse(_data(file))
    check(message)
    return message


def _request(file: str) -> Request:
    message = _accepted(file)
    assert isinstance(message, Request)
    return message


def _judge(data: bytes) -> tuple[str, str]:
    try:
        check(parse(data))
    except ParseError as error:
        return (str(error.status) if error.message else "silence"), error.reason
    return "accept", ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_verdict(row: dict[str, str]) -> None:
    verdict, reason = _judge(_data(row["file"]))
    assert verdict == row["verdict"]
    assert row["why"] in reason


def test_every_message_of_the_corpus_has_a_verdict() -> None:
    assert {row["file"] for row in ROWS} == {path.name for path in CORPUS.glob("*/*.dat")}


def test_no_verdict_contradicts_the_rfc() -> None:
    """The endpoint refuses more than the parser; the parser never refuses in another way."""
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as table:
        index = {row["file"]: row for row in csv.DictReader(table, delimiter="\t")}
    for row in ROWS:
        wanted = index[row["file"]]
        allowed = {*wanted["expect"].split(","), *wanted["tolerate"].split(",")}
        if row["verdict"] == "silence":
            assert "none" in allowed, row
        elif row["verdict"] != "accept":
            assert row["verdict"] in allowed, row


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["verdict"].isdigit()], ids=lambda row: row["file"]
)
def test_a_refused_request_can_be_answered(row: dict[str, str]) -> None:
    with pytest.raises(ParseError) as caught:
        check(parse(_data(row["file"])))
    assert caught.value.message is not None
    assert caught.value.status == int(row["verdict"])
    answer = parse(response_to(caught.value.message, caught.value.status, to_tag="t").encode())
    assert isinstance(answer, Response)
    assert answer.headers.lines("Via") == caught.value.message.headers.lines("Via")


@pytest.mark.parametrize("file", [row["file"] for row in ROWS if row["verdict"] == "accept"])
def test_writing_is_a_fixed_point(file: str) -> None:
    message = _accepted(file)
    again = parse(message.encode())
    assert again.headers.get("Content-Length") == str(len(message.body))
    again.headers.remove("Content-Length")
    message.headers.remove("Content-Length")
    assert again.headers == message.headers
    assert again.body == message.body


class TestWhatTheMessagesSay:
    """The points each section of RFC 4475 asks an implementation to have understood."""

    def test_wsinv(self) -> None:
        request = _request("wsinv.dat")
        assert request.to.tag == "1918181833n"
        assert request.from_.display == 'J Rosenberg \\"'
        assert request.max_forwards == 68
        assert request.cseq == (9, "INVITE")
        assert [via.transport for via in request.vias] == ["UDP", "TCP", "UDP"]
        assert [via.branch for via in request.vias] == [
            "390skdjuw",
            "z9hG4bK9ikj8",
            "z9hG4bK30239",
        ]
        (contact,) = request.contacts
        assert contact.display == 'Quoted string ""'
        assert contact.params == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
        assert request.headers.get("NewFangledHeader") == (
            "newfangled value continued newfangled value"
        )
        assert request.headers.get("Subject") == ""
        (route,) = request.routes
        assert route.uri.params == {"lr": None, "unknownwith": "value", "unknown-no-value": None}

    def test_intmeth(self) -> None:
        request = _request("intmeth.dat")
        assert request.method == "!interesting-Method0123456789_*+`.%indeed'~"
        assert request.to.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
        assert request.from_.display == "token1~` token2'+_ token3*%!.-"
        assert unquote(request.from_.params["fromparam''~+*_!.-%"] or "") == "работающий"
        assert request.target.user == ("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
        assert request.target.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
        assert request.headers.get("extensionHeader-!.%*+_`'~") == "\ufeff大停電"

    def test_esc01(self) -> None:
        request = _request("esc01.dat")
        assert (request.target.user, request.target.host) == (
            "sips:user@example.com",
            "example.net",
        )
        assert request.to.uri.user == "user"
        (contact,) = request.contacts
        assert contact.uri.user == "caller"
        assert contact.uri.params == {"lr": None, "name": "value%41"}

    def test_escnull(self) -> None:
        request = _request("escnull.dat")
        assert request.to.uri.aor == "sip:null-%00-null@example.com"
        assert [contact.uri.user for contact in request.contacts] == ["\0", "\0\0"]

    def test_esc02(self) -> None:
        request = _request("esc02.dat")
        assert request.method == "RE%47IST%45R"
        assert request.to.display == "%Z%45"
        assert len(request.contacts) == 2

    def test_lwsdisp(self) -> None:
        assert _request("lwsdisp.dat").from_.display == "caller"

    def test_longreq(self) -> None:
        request = _request("longreq.dat")
        assert len(request.vias) == 34
        assert request.to.uri.port == 6000

    def test_dblreq_drops_what_follows(self) -> None:
        assert _request("dblreq.dat").body == b""

    def test_semiuri(self) -> None:
        target = _request("semiuri.dat").target
        assert (target.user, target.host) == ("user;par=u@example.net", "example.com")

    def test_transports(self) -> None:
        request = _request("transports.dat")
        assert [via.transport for via in request.vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]

    def test_mpart01(self) -> None:
        request = _request("mpart01.dat")
        assert len(request.body) == 553
        assert request.content_type == ("multipart/mixed", {"boundary": "7a9cbec02ceef655"})

    def test_unreason(self) -> None:
        message = _accepted("unreason.dat")
        assert isinstance(message, Response)
        assert message.reason.startswith("= 2**3 * 5**2 но ")

    def test_noreason(self) -> None:
        message = _accepted("noreason.dat")
        assert isinstance(message, Response)
        assert (message.status, message.reason) == (100, "")

    def test_cparam01_and_02(self) -> None:
        """Without brackets the parameter is the header's, within them the URI's."""
        (header,) = _request("cparam01.dat").contacts
        (inside,) = _request("cparam02.dat").contacts
        assert header.params == {"unknownparam": None}
        assert header.uri.params == {}
        assert inside.params == {}
        assert inside.uri.params == {"unknownparam": None}

    def test_regescrt(self) -> None:
        (contact,) = _request("regescrt.dat").contacts
        assert contact.uri.headers == {"Route": "<sip:sip.example.com>"}

    def test_baddn_is_broken_in_its_names_too(self) -> None:
        verdict, reason = _judge(_data("baddn.dat") + b"\r\n")
        assert verdict == "400"
        assert reason.startswith("From")


class TestIpv6:
    """RFC 5118."""

    def test_port_inside_the_brackets_is_part_of_the_address(self) -> None:
        assert _request("port-ambiguous.dat").target.host == "2001:db8::10:5070"
        assert _request("port-ambiguous.dat").target.port is None

    def test_port_behind_the_bracket(self) -> None:
        target = _request("port-unambiguous.dat").target
        assert (target.host, target.port) == ("2001:db8::10", 5070)

    @pytest.mark.parametrize("style", ["no-delim", "with-delim"])
    def test_received_with_and_without_brackets(self, style: str) -> None:
        request = _request(f"via-received-param-{style}.dat")
        assert request.via.received == "2001:db8::9:255"

    def test_addresses_of_both_kinds_in_one_description(self) -> None:
        sdp = Sdp.parse(_request("mult-ip-in-sdp.dat").body)
        assert [sdp.address_of(media) for media in sdp.media] == ["192.0.2.1", "2001:db8::1"]

    def test_sdp_over_ipv6(self) -> None:
        assert Sdp.parse(_request("ipv6-in-sdp.dat").body).connection == "2001:db8::20"
