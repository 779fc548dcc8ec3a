"""Whose a request is: by password, by a trunk's address, by an NGN line's own address."""

import pytest

from ivr.sip.digest import ha1
from ivr.sip.events import Flow
from ivr.sip.message import Request, parse
from ivr.ua.authentication import AuthenticationPolicy, Authenticator, Challenge
from ivr.ua.callers import Callers, full, whose
from provisioning.contract import (
    E164,
    Access,
    Account,
    Line,
    Location,
    Profile,
    Trunk,
    TrunkAccount,
    TrunkCaller,
    TrunkClass,
)
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fakes import InMemoryDirectory
from tests.support.notes import Notes
from tests.support.wire import authorization

REALM = "tokuban"
OURS, SECOND = E164("+81300000003"), E164("+81300000005")
CARRIER, STRANGER = ("192.0.2.1", 5060), ("198.51.100.9", 5060)
HOME, SHARED = "203.0.113.7", "203.0.113.99"
SECRETS = {name: ha1("pbx", REALM, "secret", name) for name in ("SHA-256", "MD5")}


def uni(number: E164, *sources: str) -> tuple[Line, Account]:
    line = Line(number, Profile.NTT, Location("東京", "東京都"), options=frozenset({"ngn-uni"}))
    return line, Account("0" + number[3:], number, Access.OS, {}, sources)


def trunk(name: str, *peers: str, account: str | None = None, trusted: bool = False) -> Trunk:
    return Trunk(name, TrunkClass.MOBILE, peers, account, trusted=trusted)


@pytest.fixture
def trunks() -> MemoryTrunks:
    memory = MemoryTrunks()
    trusted = trunk("trusted", "192.0.2.1:5060;transport=udp", trusted=True)
    plain = trunk("plain", "192.0.2.2;transport=udp")
    pbx = trunk("pbx", account="pbx", trusted=True)
    memory.replace([trusted, plain, pbx], [TrunkAccount("pbx", "pbx", SECRETS)])
    return memory


@pytest.fixture
def callers(trunks: MemoryTrunks) -> Callers:
    first, account = uni(OURS, "203.0.113.0/29", SHARED)
    second, other = uni(SECOND, SHARED)
    directory = InMemoryDirectory([first, second], [account, other])
    authenticator = Authenticator(directory, AuthenticationPolicy(REALM), Notes(), trunks)
    return Callers(authenticator, directory, trunks)


def flow(host: str, port: int = 5060, transport: str = "UDP") -> Flow:
    return Flow(transport, ("192.0.2.100", 5060), (host, port))


def request(
    *fields: str, sender: str = "<sip:09012345678@other>;tag=1", method: str = "INVITE",
    to: str = "<sip:0300000003@tokuban>",
) -> Request:  # fmt: skip
    lines = [
        f"{method} sip:0300000003@tokuban SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        f"From: {sender}",
        f"To: {to}",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        "Contact: <sip:192.0.2.1>",
        *fields,
    ]
    read = parse("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())
    assert isinstance(read, Request)
    return read


def over(callers: Callers, asked: Request, source: tuple[str, int]) -> TrunkCaller:
    caller = callers.of_call(asked, flow(*source))
    assert isinstance(caller, TrunkCaller)
    return caller


class TestTrunks:
    def test_its_address_is_enough_and_no_challenge_is_sent(self, callers: Callers) -> None:
        caller = over(callers, request(), CARRIER)
        assert (caller.trunk.name, caller.number) == ("trusted", "+819012345678")
        assert (caller.caller_class, caller.withheld) == (TrunkClass.MOBILE, False)
        assert whose(caller) == "trunk:trusted"
        assert callers.challenge(request(), flow(*CARRIER), "salt", 0.0) is None

    @pytest.mark.parametrize("source", [("192.0.2.1", 5061), STRANGER])
    def test_another_port_or_host_is_a_stranger(
        self, callers: Callers, source: tuple[str, int]
    ) -> None:
        with pytest.raises(Challenge) as challenged:
            callers.of_call(request(), flow(*source))
        assert challenged.value.status == 401
        assert callers.challenge(request(), flow(*source), "salt", 0.0)

    def test_a_peer_over_udp_is_none_over_tcp(self, callers: Callers) -> None:
        with pytest.raises(Challenge):
            callers.of_call(request(), flow(*CARRIER, "TCP"))

    def test_its_address_registers_nothing(self, callers: Callers) -> None:
        asked = request(method="REGISTER")
        assert callers.challenge(asked, flow(*CARRIER), "salt", 0.0)
        with pytest.raises(Challenge):
            callers.of_registration(asked, flow(*CARRIER))

    def test_its_account_calls_and_registers_from_anywhere(
        self, callers: Callers, trunks: MemoryTrunks
    ) -> None:
        for method in ("INVITE", "REGISTER"):
            with pytest.raises(Challenge) as challenged:
                callers.of_call(request(method=method), flow(*STRANGER))
            challenge = dict(challenged.value.headers)["WWW-Authenticate"]
            uri = "sip:0300000003@tokuban"
            credentials = authorization(challenge, "pbx", "secret", method, uri)
            asked = request(f"Authorization: {credentials}", method=method)
            if method == "REGISTER":
                account = callers.of_registration(asked, flow(*STRANGER))
                assert isinstance(account, TrunkAccount)
                assert account.trunk == "pbx"
            else:
                assert over(callers, asked, STRANGER).trunk.name == "pbx"

    def test_wrong_credentials_from_its_own_address_are_refused(self, callers: Callers) -> None:
        wrong = 'Digest username="pbx", realm="tokuban", nonce="x", uri="sip:x", response="0"'
        with pytest.raises(Challenge):
            callers.of_call(request(f"Authorization: {wrong}"), flow(*CARRIER))


@pytest.mark.rule("CALL-04")
class TestIdentityOverTrunks:
    def test_only_a_trusted_one_asserts(self, callers: Callers) -> None:
        asked = request("P-Asserted-Identity: <tel:+81312345678>")
        assert over(callers, asked, CARRIER).number == "+81312345678"
        assert over(callers, asked, ("192.0.2.2", 4321)).number == "+819012345678"

    def test_a_withheld_number_stays_known_to_the_network(self, callers: Callers) -> None:
        anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'
        asked = request("P-Asserted-Identity: <tel:+81312345678>", "Privacy: id", sender=anonymous)
        caller = over(callers, asked, CARRIER)
        assert (caller.number, caller.withheld) == ("+81312345678", True)
        caller = over(callers, asked, ("192.0.2.2", 5060))
        assert (caller.number, caller.withheld) == (None, True)

    def test_a_payphone_is_told_by_its_display_name(self, callers: Callers) -> None:
        coin = '"Coin line/payphone" <sip:anonymous@anonymous.invalid>;tag=1'
        assert over(callers, request(sender=coin), CARRIER).caller_class is TrunkClass.PAYPHONE

    @pytest.mark.parametrize("source", [CARRIER, ("192.0.2.2", 5060)])
    @pytest.mark.parametrize(
        ("display", "reason"),
        [
            ("Anonymous", "Anonymous"),
            ("Unavailable", "Unavailable"),
            ("INTERACTION WITH OTHER SERVICE", "Interaction with other service"),
            ("Alice", ""),
        ],
    )
    def test_the_reason_for_no_number_is_its_display_name(
        self, callers: Callers, source: tuple[str, int], display: str, reason: str
    ) -> None:
        sender = f'"{display}" <sip:anonymous@anonymous.invalid>;tag=1'
        caller = over(callers, request(sender=sender), source)
        assert (caller.number, caller.withheld, caller.reason) == (None, True, reason)

    @pytest.mark.parametrize(
        "sender",
        ["<sip:110@x>;tag=1", "<sip:1417@x>;tag=1", "<sip:1840312345678@x>;tag=1",
         "<sip:+999@x>;tag=1", "<sip:000001@x>;tag=1", "<sip:alice@x>;tag=1", "<sip:0@x>;tag=1"],
    )  # fmt: skip
    def test_what_is_nobody_s_number_is_no_caller(self, callers: Callers, sender: str) -> None:
        caller = over(callers, request(sender=sender), CARRIER)
        assert (caller.number, caller.withheld) == (None, False)

    def test_a_line_of_ours_that_calls_in_from_outside_is_forged_unless_trusted(
        self, callers: Callers
    ) -> None:
        forged = request(sender="<sip:0300000003@x>;tag=1")
        assert over(callers, forged, ("192.0.2.2", 5060)).number is None
        assert over(callers, forged, CARRIER).number == OURS

    @pytest.mark.parametrize("number", ["0120000003", "0800000003", "0570000111", "05000000001"])
    def test_nobody_elsewhere_calls_with_a_number_that_none_of_theirs_can_have(
        self, callers: Callers, number: str
    ) -> None:
        forged = request(sender=f"<sip:{number}@x>;tag=1")
        assert over(callers, forged, ("192.0.2.2", 5060)).number is None


class TestInterfaces:
    def test_a_phone_at_its_own_address_needs_no_password(self, callers: Callers) -> None:
        for asked in (request(), request(sender="<sip:0699999999@x>;tag=1")):
            account = callers.of_call(asked, flow(HOME))
            assert isinstance(account, Account)
            assert (account.line, whose(account)) == (OURS, "0300000003")
        register = request(method="REGISTER")
        assert callers.of_registration(register, flow(HOME)) == account
        assert callers.challenge(register, flow(HOME), "salt", 0.0) is None

    def test_elsewhere_it_is_asked_for_it(self, callers: Callers) -> None:
        for method, ask in (("INVITE", callers.of_call), ("REGISTER", callers.of_registration)):
            with pytest.raises(Challenge):
                ask(request(method=method), flow("203.0.113.8"))

    @pytest.mark.parametrize("transport", ["TCP", "TLS", "WS", "WSS"])
    def test_only_datagrams_are_an_interface_s(self, callers: Callers, transport: str) -> None:
        there = flow(HOME, 40000, transport)
        with pytest.raises(Challenge):
            callers.of_call(request(), there)
        assert callers.at_home("0300000003", there) is None
        assert callers.challenge(request(), there, "salt", 0.0)

    def test_it_registers_its_own_number_alone(self, callers: Callers) -> None:
        other = request(method="REGISTER", to="<sip:0300000005@tokuban>")
        with pytest.raises(Challenge):
            callers.of_registration(other, flow(HOME))

    @pytest.mark.parametrize(
        ("fields", "sender", "line"),
        [
            ((), "<sip:0300000005@x>;tag=1", SECOND),
            ((), "<sip:+81300000003@x>;tag=1", OURS),
            (("P-Preferred-Identity: <sip:0300000005@x>",), "<sip:0300000003@x>;tag=1", SECOND),
            (("P-Preferred-Identity: <sip:0699999999@x>",), "<sip:0300000003@x>;tag=1", OURS),
            (
                ("P-Preferred-Identity: <tel:+81300000005>",),
                '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
                SECOND,
            ),
            ((), "<sip:0699999999@x>;tag=1", None),
        ],
    )
    def test_who_shares_an_address_says_which_one_it_is(
        self, callers: Callers, fields: tuple[str, ...], sender: str, line: E164 | None
    ) -> None:
        asked = request(*fields, sender=sender)
        if line is None:
            with pytest.raises(Challenge):
                callers.of_call(asked, flow(SHARED))
        else:
            account = callers.of_call(asked, flow(SHARED))
            assert isinstance(account, Account)
            assert account.line == line

    def test_a_number_of_another_is_noticed(self, callers: Callers) -> None:
        account = callers.at_home("0300000003", flow(HOME))
        assert account is not None
        for said, noticed in (
            ("<sip:0300000003@x>", False),
            ("<tel:+81300000003>", False),
            ("<sip:0699999999@x>", True),
            ("<sip:alice@x>", True),
        ):
            asked = request(f"P-Preferred-Identity: {said}")
            assert callers.claims_another(account, asked) is noticed
        assert not callers.claims_another(account, request())

    def test_at_home_is_where_its_sources_are(self, callers: Callers) -> None:
        account = callers.at_home("0300000003", flow(HOME))
        assert account is not None
        assert account.line == OURS
        assert callers.at_home("0300000005", flow(HOME)) is None
        assert callers.at_home("0300000003", flow("203.0.113.8")) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0312345678", "+81312345678"),
        ("+81312345678", "+81312345678"),
        ("+12125550100", "+12125550100"),
        ("0120000003", "+81120000003"),
        ("119", None),
        ("#7119", None),
        ("1860312345678", None),
        ("", None),
        (None, None),
    ],
)
def test_a_number_in_full(written: str | None, number: str | None) -> None:
    assert full(written) == number
