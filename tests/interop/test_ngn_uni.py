"""Equipment at an NGN user-network interface, as a proxy that works on one behaves (facts §8)."""

import re
from collections.abc import Iterator

import pytest

from tests.interop import lines
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.open_phone import OpenCall, OpenPhone, Ringing, give_up
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("CALL-04")]

NUMBER, HOME, ELSEWHERE = "0300000041", "127.0.0.41", "127.0.0.42"
DOMAIN = "ntt-central.example"
LINE = lines.CROWD[92]
TERMS = [("Supported", "100rel, timer"), ("Session-Expires", "300"), ("Min-SE", "300")]


class Equipment(OpenPhone):
    """What stands at the interface: no rport, a Contact user at random, the network's own name."""

    def via(self, branch: str | None = None) -> str:
        return f"SIP/2.0/UDP {self.host}:{self.port};branch={branch or token('z9hG4bK')}"

    def enrol_at_home(self, expires_s: int = 3600) -> Message:
        address = f"<sip:{NUMBER}@{DOMAIN}>"
        fields = [
            ("Via", self.via()),
            ("From", f"{address};tag={self.tag}"),
            ("To", address),
            ("Call-ID", token()),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<sip:{token()}@{self.host}:{self.port}>"),
            ("Expires", str(expires_s)),
            ("Supported", "path"),
        ]
        self.send(self.request("REGISTER", f"sip:{DOMAIN}", fields))
        return self.expect(*range(200, 700), method="REGISTER")


@pytest.fixture(scope="module")
def home(carrier: Carrier) -> Iterator[Equipment]:
    """Registered equipment of a line with the option."""
    line = {"number": NUMBER, "profile": "ntt", "ma": "東京", "prefecture": "東京都"}
    carrier.send("POST", "/v1/lines", line | {"options": ["ngn-uni"]})
    carrier.send("POST", "/v1/accounts", {"line": NUMBER, "user": NUMBER})
    carrier.send("PUT", f"/v1/accounts/{NUMBER}/sources", {"sources": [HOME]})
    with Equipment(carrier.address, NUMBER, HOME) as equipment:
        assert equipment.enrol_at_home().status == 200
        yield equipment
    carrier.send("DELETE", f"/v1/lines/{NUMBER}")


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    """A registered phone of another line."""
    with registered(carrier, LINE) as phone:
        yield phone


class TestRegistration:
    @pytest.mark.parametrize("asked_s", [3600, 7200])
    def test_it_needs_no_password_and_is_granted_an_hour(
        self, carrier: Carrier, home: Equipment, asked_s: int
    ) -> None:
        granted = home.enrol_at_home(asked_s)
        assert granted.status == 200
        (only,) = granted.all("Contact")
        found = re.search(r"expires=(\d+)", only)
        assert found is not None
        assert 3595 <= int(found[1]) <= 3600
        ours = f"<sip:127.0.0.1:{carrier.sip_port};lr>"
        assert granted.all("Path") == [ours]
        assert granted.all("Service-Route") == [ours]
        assert granted.all("P-Associated-URI") == [f"<sip:{NUMBER}@{DOMAIN}>"]

    def test_from_elsewhere_or_for_another_line_it_does(
        self, carrier: Carrier, home: Equipment
    ) -> None:
        with Equipment(carrier.address, NUMBER, ELSEWHERE) as stranger:
            assert stranger.enrol_at_home().status == 401
            with OpenCall(stranger, LINE.number) as call:
                assert call.dial().status == 401
        home.user = LINE.number
        try:
            assert home.enrol().status == 401
        finally:
            home.user = NUMBER


class TestCallsOut:
    def test_the_caller_is_the_line_whatever_it_says_of_itself(
        self, carrier: Carrier, home: Equipment, phone: WirePhone
    ) -> None:
        route = f"<sip:127.0.0.1:{carrier.sip_port};lr>"
        forged = [
            ("Route", f"{route}, {route}"),
            ("P-Preferred-Identity", "<sip:0699999999@x>"),
            ("P-Asserted-Identity", "<sip:0688888888@x>"),
            *TERMS,
        ]
        with OpenCall(home, LINE.number, sender="<sip:0677777777@x>", extra=forged) as call:
            call.target = f"sip:{LINE.number};isub=12@{DOMAIN}"
            call.to = f"<{call.target}>"
            branch = token("z9hG4bK")
            home.send(call.invite(branch))
            with Ringing(phone) as ringing:
                read = "\n".join(": ".join(each) for each in ringing.invite.headers)
                assert f"sip:{NUMBER}@" in ringing.invite.get("From")
                assert not re.search("0?6(77777777|88888888|99999999)", read)
                ringing.accept()
                answer = call.wait_final(branch)
                assert answer.status == 200
                assert answer.get("Session-Expires").partition(";")[0] == "300"
                assert answer.get("Via").endswith(branch), "no rport was asked for"
                assert call.bye().status == 200
                phone.answer(phone.expect_request("BYE"))

    def test_it_may_withhold_its_number(self, home: Equipment, phone: WirePhone) -> None:
        extra = [("P-Preferred-Identity", f"<sip:{NUMBER}@{DOMAIN}>"), ("Privacy", "id")]
        anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        with OpenCall(home, LINE.number, sender=anonymous, extra=extra) as call:
            branch = token("z9hG4bK")
            home.send(call.invite(branch))
            with Ringing(phone) as ringing:
                assert "anonymous@anonymous.invalid" in ringing.invite.get("From")
                ringing.respond("180 Ringing")
                assert give_up(call, branch, ringing).status == 487


class TestCallsIn:
    def test_the_number_that_was_called_and_the_terms_are_told(
        self, home: Equipment, phone: WirePhone
    ) -> None:
        with WireCall(phone, NUMBER) as call:
            branch = token("z9hG4bK")
            phone.send(call.invite(branch))
            with Ringing(home) as ringing:
                invite = ringing.invite
                assert f"sip:{NUMBER}@" in invite.get("P-Called-Party-ID")
                assert invite.get("P-Asserted-Identity") == ""
                assert (invite.get("Session-Expires"), invite.get("Min-SE")) == ("300", "300")
                assert {"100rel", "timer"} <= set(invite.get("Supported").split(", "))
                reliable = [("Require", "100rel"), ("RSeq", "1")]
                ringing.respond("180 Ringing", reliable)
                prack = home.expect_request("PRACK")
                assert prack.get("RAck") == f"1 {invite.get('CSeq')}"
                home.answer(prack)
                terms = [("Require", "timer"), ("Session-Expires", "300;refresher=uas")]
                ringing.accept(terms)
                assert call.wait_final(branch).status == 200
                assert ringing.bye().status == 200
                phone.answer(phone.expect_request("BYE"))
