"""Other carriers on the wire: they call in, are called, and get nothing that is not theirs."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.interop import lines
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.open_phone import OpenCall, OpenPhone, Ringing, give_up
from tests.support.waiting import until
from tests.support.wire import Message, Wire, WireCall, WirePhone, authorization, token

pytestmark = pytest.mark.interop

LINE, OTHER_LINE = lines.CROWD[90], lines.CROWD[91]
ABROAD, OSAKA = "+12125550100", "0699990100"


def records(carrier: Carrier, sip_call_id: str) -> list[dict[str, Any]]:
    """The records of the call that began with this SIP call, by leg."""
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    ids = {row["call_id"] for row in rows if row["sip_call_id"] == sip_call_id}
    return sorted((row for row in rows if row["call_id"] in ids), key=lambda row: int(row["leg"]))


@pytest.fixture(scope="module")
def peer(carrier: Carrier) -> Iterator[OpenPhone]:
    """A trusted trunk at an address and port of its own; it takes Osaka's numbers and `+`."""
    with OpenPhone(carrier.address, ABROAD, "127.0.0.31") as phone:
        body = {
            "name": "wire-peer",
            "caller_class": "mobile",
            "peers": [f"127.0.0.31:{phone.port}"],
            "prefixes": ["06", "+"],
            "trusted": True,
        }
        carrier.send("POST", "/v1/trunks", body)
        yield phone
        carrier.send("DELETE", "/v1/trunks/wire-peer")


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    """A registered phone of a line."""
    with registered(carrier, LINE) as phone:
        yield phone


@pytest.fixture
def account(carrier: Carrier) -> Iterator[WirePhone]:
    """A trunk without an address: it has an account; one call at a time."""
    body = {
        "name": "wire-account",
        "caller_class": "fixed",
        "account": "wire-account",
        "password": "marker-of-trunk",
        "prefixes": ["011"],
        "calls": 1,
    }
    carrier.send("POST", "/v1/trunks", body)
    with WirePhone(carrier.address, "wire-account", "marker-of-trunk") as phone:
        yield phone
    carrier.send("DELETE", "/v1/trunks/wire-account")


def header(message: Message, name: str) -> str:
    return message.get(name).partition(";tag=")[0]


class TestCallsIn:
    @pytest.mark.rule("CALL-01")
    def test_a_caller_is_shown_and_talks(
        self, carrier: Carrier, peer: OpenPhone, phone: WirePhone
    ) -> None:
        extra = [("P-Asserted-Identity", "<tel:+81-90-1234-5678>")]
        with OpenCall(peer, LINE.number, extra=extra) as call:
            branch = token("z9hG4bK")
            peer.send(call.invite(branch))
            with Ringing(phone) as ringing:
                assert "sip:09012345678@" in header(ringing.invite, "From")
                assert ringing.invite.get("P-Asserted-Identity") == ""
                ringing.respond("180 Ringing")
                peer.expect(180, 183, method="INVITE")
                ringing.accept()
                assert call.wait_final(branch).status == 200
                call.cseq += 1
                elsewhere = [("Refer-To", f"<sip:{OSAKA}@x>")]
                peer.send(call.text("REFER", call.cseq, extra=elsewhere))
                refused = peer.expect(*range(200, 700), method="REFER")
                assert refused.status == 403, "it sends nobody anywhere at a line's expense"
                assert call.bye().status == 200
                phone.answer(phone.expect_request("BYE"))
        until(lambda: len(records(carrier, call.call_id)) == 2, "both records")
        first, second = records(carrier, call.call_id)
        assert (first["trunk"], first["calling"]) == ("wire-peer", "+819012345678")
        assert (first["line"], first["payer"], first["cause"]) == (None, None, "hung-up")
        assert (second["line"], second["payer"]) == ("+8190" + LINE.number[3:], None)

    @pytest.mark.rule("CALL-04")
    @pytest.mark.parametrize(
        ("sender", "extra", "reason"),
        [
            ('"Taro" <sip:09087654321@x>', ["Privacy: id"], "Anonymous"),
            (
                '"Anonymous" <sip:anonymous@anonymous.invalid>',
                ["P-Asserted-Identity: <tel:+819087654321>", "Privacy: id"],
                "Anonymous",
            ),
            ('"Coin line/payphone" <sip:anonymous@anonymous.invalid>', [], "Coin line/payphone"),
            ('"Unavailable" <sip:anonymous@anonymous.invalid>', [], "Unavailable"),
            (
                '"Interaction with other service" <sip:anonymous@anonymous.invalid>',
                ["P-Asserted-Identity: <tel:+819087654321>", "Privacy: id"],
                "Interaction with other service",
            ),
            ("<sip:110@x>", [], "Unavailable"),
            ("<sip:alice@x>", ["P-Asserted-Identity: ;;<"], "Unavailable"),
        ],
    )
    def test_who_is_not_shown_leaves_no_number_in_what_the_phone_reads(
        self, peer: OpenPhone, phone: WirePhone, sender: str, extra: list[str], reason: str
    ) -> None:
        fields = [(name, value) for name, _, value in (each.partition(": ") for each in extra)]
        with OpenCall(peer, LINE.number, sender=sender, extra=fields) as call:
            branch = token("z9hG4bK")
            peer.send(call.invite(branch))
            with Ringing(phone) as ringing:
                read = "\n".join(": ".join(each) for each in ringing.invite.headers)
                read += ringing.invite.body.decode()
                expected = f'"{reason}" <sip:anonymous@anonymous.invalid>'
                assert header(ringing.invite, "From") in (expected, expected.replace('"', ""))
                assert ringing.invite.get("Privacy") == "id"
                assert "9087654321" not in read
                ringing.respond("180 Ringing")
                assert give_up(call, branch, ringing).status == 487

    @pytest.mark.rule("LINE-04")
    def test_services_emergency_and_other_carriers_are_not_for_it(
        self, carrier: Carrier, peer: OpenPhone
    ) -> None:
        """No transit, no service codes: each hears a talkie as early media, and is refused."""
        wanted = {
            "1417": 404, "1429": 404, "000001": 404, "119": 403, "184119": 403,
            OSAKA: 404, "+12125550199": 404, "0120999999": 404, lines.UNASSIGNED: 404, "": 404,
        }  # fmt: skip
        with ExitStack() as stack:
            calls = {}
            for number in wanted:
                call = stack.enter_context(OpenCall(peer, number or "%20"))
                branch = token("z9hG4bK")
                peer.send(call.invite(branch))
                calls[call.call_id] = (number, call, branch)
            ended: dict[str, int | None] = {}
            early: set[str] = set()
            while len(ended) < len(calls):
                message = peer.receive()
                assert message is not None, (wanted, ended)
                number, call, branch = calls[message.get("Call-ID")]
                assert message.method == "INVITE"
                assert message.status is not None, "nothing comes back to it"
                if message.status == 183:
                    early.add(number)
                elif message.status >= 200:
                    call.acknowledge(message, branch)
                    ended[number] = message.status
        assert ended == wanted
        assert early == set(wanted)


class TestCallsOut:
    @pytest.mark.rule("LINE-04")
    def test_a_number_of_its_prefix_rings_there_with_the_true_caller(
        self, carrier: Carrier, peer: OpenPhone, phone: WirePhone
    ) -> None:
        with WireCall(phone, OSAKA) as call:
            branch = token("z9hG4bK")
            phone.send(call.invite(branch))
            with Ringing(peer) as ringing:
                assert ringing.invite.start.startswith(f"INVITE sip:{OSAKA}@127.0.0.31:{peer.port}")
                true = "+8190" + LINE.number[3:]
                assert f"sip:{true}@" in header(ringing.invite, "From")
                assert f"sip:{true}@" in ringing.invite.get("P-Asserted-Identity")
                ringing.accept()
                assert call.wait_final(branch).status == 200
                outsider = Ringing(peer, ringing.invite)
                assert outsider.bye().status == 481, "another tag is another dialog"
                outsider.close()
                assert ringing.bye(call_id=token()).status == 481
                assert ringing.bye().status == 200
                phone.answer(phone.expect_request("BYE"))
        until(lambda: len(records(carrier, call.call_id)) == 2, "both records")
        first, second = records(carrier, call.call_id)
        assert (first["payer"], first["cause"]) == (true, "far-hung-up")
        assert (second["trunk"], second["service"]) == ("wire-peer", "trunk")
        assert second["payer"] is None
        assert second["seconds"] >= 0

    def test_a_withheld_number_reaches_a_trusted_carrier_alone(
        self, carrier: Carrier, peer: OpenPhone, phone: WirePhone, account: WirePhone
    ) -> None:
        assert account.register().status == 200
        for number, end, trusted in (
            (f"184{OSAKA}", peer, True),
            ("1840119990100", account, False),
        ):
            with WireCall(phone, number) as call:
                branch = token("z9hG4bK")
                phone.send(call.invite(branch))
                with Ringing(end) as ringing:
                    invite = ringing.invite
                    assert "anonymous@anonymous.invalid" in header(invite, "From")
                    assert invite.get("Privacy") == "id"
                    read = "\n".join(": ".join(each) for each in invite.headers)
                    own = LINE.number[1:]
                    assert (own in invite.get("P-Asserted-Identity")) is trusted
                    assert (own in read) is trusted
                    ringing.respond("180 Ringing")
                    assert give_up(call, branch, ringing).status == 487


class TestStrangers:
    def test_another_port_of_its_host_is_asked_for_a_password(
        self, carrier: Carrier, peer: OpenPhone
    ) -> None:
        with OpenPhone(carrier.address, ABROAD, "127.0.0.31") as stranger:
            for sender in (None, "<sip:wire-account@x>"):
                with OpenCall(stranger, LINE.number, sender=sender) as call:
                    assert call.dial().status == 401

    @pytest.mark.rule("CALL-04")
    def test_a_phone_shows_its_line_s_number_whatever_it_says(
        self, peer: OpenPhone, phone: WirePhone
    ) -> None:
        forged = [("P-Preferred-Identity", "<sip:0699999999@x>"), ("Privacy", "none")]
        forged += [("P-Asserted-Identity", "<sip:0688888888@x>")]
        forged += [("Remote-Party-ID", "<sip:0688888888@x>")]
        with WireCall(phone, OSAKA) as call:
            call.sender = '"0677777777" <sip:0677777777@x>'
            branch = token("z9hG4bK")
            authenticated = call.invite(branch)
            more = "".join(f"{name}: {value}\r\n" for name, value in forged)
            phone.send(authenticated.replace("Max-Forwards", f"{more}Max-Forwards"))
            with Ringing(peer) as ringing:
                read = "\n".join(": ".join(each) for each in ringing.invite.headers)
                for number in ("677777777", "688888888", "699999999"):
                    assert number not in read
                assert LINE.number[1:] in ringing.invite.get("P-Asserted-Identity")
                ringing.respond("180 Ringing")
                assert give_up(call, branch, ringing).status == 487

    def test_its_own_address_registers_nobody(self, peer: OpenPhone) -> None:
        for user in (LINE.number, "wire-account", "nobody"):
            peer.user = user
            try:
                assert peer.enrol().status == 401
            finally:
                peer.user = ABROAD

    def test_known_and_unknown_accounts_are_answered_alike(
        self, carrier: Carrier, account: WirePhone
    ) -> None:
        """Nobody finds out which trunks there are by asking (enumeration)."""
        answers = []
        for user in ("wire-account", "no-account"):
            with WirePhone(carrier.address, user, "guessed-wrong") as stranger:
                refused = stranger.register()
                names = [name for name, _ in refused.headers]
                answers.append((refused.start, names))
        assert answers[0] == answers[1]

    def test_it_is_told_what_we_can(self, peer: OpenPhone) -> None:
        assert peer.ping().status == 200


class TestAccounts:
    def test_it_registers_calls_in_and_is_called(
        self, carrier: Carrier, account: WirePhone, phone: WirePhone
    ) -> None:
        assert account.register().status == 200
        with WireCall(account, LINE.number) as call:
            call.sender = "<sip:0119990100@x>"
            branch = token("z9hG4bK")
            account.send(call.invite(branch))
            with Ringing(phone) as ringing:
                assert "sip:0119990100@" in header(ringing.invite, "From")
                ringing.accept()
                assert call.wait_final(branch).status == 200
                with WireCall(account, LINE.number) as second:
                    assert second.dial().status == 503, "one call at a time"
                call.bye()
                phone.answer(phone.expect_request("BYE"))
        with WireCall(phone, "0119990111") as call:
            branch = token("z9hG4bK")
            phone.send(call.invite(branch))
            with Ringing(account) as ringing:
                assert ringing.invite.start.startswith("INVITE sip:0119990111@")
                ringing.respond("180 Ringing")
                assert give_up(call, branch, ringing).status == 487

    def test_an_unregistered_one_takes_no_call(self, phone: WirePhone, account: WirePhone) -> None:
        with WireCall(phone, "0119990111") as call:
            assert call.dial().status == 503

    def test_its_registration_survives_a_new_challenge_and_ends_with_it(
        self, carrier: Carrier, account: WirePhone
    ) -> None:
        assert account.register().status == 200
        assert account.register(0).status == 200

    def test_its_password_is_in_no_log(self, carrier: Carrier, account: WirePhone) -> None:
        assert account.register().status == 200
        assert "marker-of-trunk" not in carrier.log


def test_a_stranger_cannot_answer_a_challenge_of_somebody_else(
    carrier: Carrier, account: WirePhone
) -> None:
    """Credentials of a trunk's account are for that account's address alone."""
    with Wire(carrier.address) as wire:
        uri = f"sip:{carrier.address[0]}:{carrier.address[1]}"
        account.send(account.register_text(token(), 1))
        refused = account.expect(401, method="REGISTER")
        credentials = authorization(
            account.challenge(refused), "wire-account", "marker-of-trunk", "REGISTER", uri
        )
        fields = [
            ("Via", wire.via()),
            ("From", f"<sip:{LINE.number}@x>;tag=1"),
            ("To", f"<sip:{LINE.number}@x>"),
            ("Call-ID", token()),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<sip:x@{wire.host}:{wire.port}>"),
            ("Authorization", credentials),
        ]
        wire.send(wire.request("REGISTER", uri, fields))
        assert wire.expect(*range(200, 700)).status == 403
