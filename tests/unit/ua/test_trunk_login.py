"""Trunks whose peers ask us for a password (RFC 3261 §22.2 and §22.3, RFC 8760)."""

from dataclasses import replace

import pytest

from ivr.call.party import Target
from ivr.sip.digest import DigestServer, Outcome, ha1
from ivr.sip.nonces import Nonces
from provisioning.contract import Trunk, TrunkClass, TrunkLogin
from tests.support.text_phone import Act, TextPhone
from tests.support.virtual_exchange import WAY_IN, VirtualExchange, pass_, play
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

USER, SECRET = "us-0312345678", "correct horse"
OUT = Trunk("out", TrunkClass.FIXED, ("192.0.2.101:5060",), login=USER)


class Judge:
    """Another carrier's proxy: what it asks, and what it thinks of the answers."""

    def __init__(self, algorithm: str, secret: str = SECRET) -> None:
        self.server = DigestServer("their.example", Nonces(b"k" * 32, 300.0), (algorithm,))
        self.known = {algorithm: ha1(USER, "their.example", secret, algorithm)}
        self.outcomes: list[Outcome] = []

    def asks(self, phone: TextPhone, status: int, then: Act) -> Act:
        """Challenge a request that proves nothing; `then` for one that does."""
        asked, answered = (
            ("Proxy-Authenticate", "Proxy-Authorization")
            if status == 407
            else ("WWW-Authenticate", "Authorization")
        )

        def act(invite: Message) -> None:
            uri = invite.start.split()[1]
            verdict = self.server.verify(
                invite.all(answered),
                method=invite.method,
                request_uri=uri,
                ha1_of=lambda user: self.known if user == USER else None,
                now=100.0,
            )
            self.outcomes.append(verdict.outcome)
            if verdict.outcome is Outcome.OK:
                then(invite)
                return
            (challenge,) = self.server.challenges(100.0, "salt", stale=False)
            phone.reply(invite, status, contact=False, extra=[f"{asked}: {challenge}"])

        return act


def peer_of(exchange: VirtualExchange, trunk: Trunk, login: TrunkLogin | None) -> TextPhone:
    exchange.trunks.put(trunk, None, login)
    exchange.target = Target("0312345678", trunk=trunk.name)
    return TextPhone(exchange, ("192.0.2.101", 5060), "UDP")


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_the_password_is_proved_and_the_call_goes_on(status: int, algorithm: str) -> None:
    judge = Judge(algorithm)

    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        peer.acts["INVITE"] = judge.asks(peer, status, peer.answers())
        caller = exchange.caller()
        await pass_()
        first, second = peer.requests("INVITE")
        assert first.get("Call-ID") == second.get("Call-ID")
        assert second.get("CSeq") == "2 INVITE"
        assert SECRET not in str(peer.got)
        caller.hang_up()
        await pass_()
        assert peer.requests("BYE")

    exchange = play(scene)
    assert judge.outcomes == [Outcome.NO_CREDENTIALS, Outcome.OK]
    assert sorted((r.leg, r.trunk) for r in exchange.records.all) == [(1, "other"), (2, "out")]


def test_a_wrong_password_is_tried_once_and_told_without_it() -> None:
    judge = Judge("SHA-256", "another")

    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        peer.acts["INVITE"] = judge.asks(peer, 407, peer.answers())
        exchange.caller()
        await pass_(5)
        assert len(peer.requests("INVITE")) == 2
        assert "trunk.login-refused" in str(exchange.notes.lines)
        assert SECRET not in str(exchange.notes.lines)

    play(scene)
    assert judge.outcomes == [Outcome.NO_CREDENTIALS, Outcome.WRONG]


def test_who_has_no_login_there_proves_nothing() -> None:
    judge = Judge("SHA-256")

    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, replace(OUT, login=None), None)
        peer.acts["INVITE"] = judge.asks(peer, 407, peer.answers())
        exchange.caller()
        await pass_(5)
        assert [rung.status for rung in exchange.rung] == [407]

    play(scene)
    assert judge.outcomes == [Outcome.NO_CREDENTIALS]


def test_a_phone_of_ours_is_told_no_password() -> None:
    judge = Judge("SHA-256")

    async def scene(exchange: VirtualExchange) -> None:
        peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        exchange.target = Target("09000000002", users=("phone",))
        phone = exchange.phone(user="phone")
        phone.acts["INVITE"] = judge.asks(phone, 401, phone.answers())
        exchange.caller()
        await pass_(5)
        assert len(phone.requests("INVITE")) == 1

    play(scene)


@pytest.mark.parametrize("challenge", ["Digest realm=x", 'Digest realm="x",nonce="n",algorithm=X'])
def test_a_challenge_nobody_can_answer_ends_the_attempt(challenge: str) -> None:
    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        extra = [f"Proxy-Authenticate: {challenge}"]
        peer.acts["INVITE"] = lambda invite: peer.reply(invite, 407, contact=False, extra=extra)
        exchange.caller()
        await pass_(5)
        assert len(peer.requests("INVITE")) == 1

    play(scene)


def test_who_gives_up_before_the_challenge_calls_nobody() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        caller = exchange.caller()
        await pass_()
        caller.give_up()
        await pass_()
        invite = peer.requests("INVITE")[0]
        Judge("MD5").asks(peer, 407, peer.answers())(invite)
        await pass_(5)
        assert {each.get("CSeq") for each in peer.requests("INVITE")} == {"1 INVITE"}

    play(scene)


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("method", ["BYE", "UPDATE", "INVITE", "INFO"])
def test_it_is_proved_within_a_call_too(status: int, method: str) -> None:
    """RFC 3261 §22.1: who challenges one request may challenge each."""
    judge = Judge("SHA-256")

    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        peer.acts["INVITE"] = peer.answers()
        caller = exchange.caller()
        await pass_()
        then = peer.ok if method in ("BYE", "INFO") else peer.answers()
        peer.acts[method] = judge.asks(peer, status, then)
        (session,) = exchange.agents.dialler._placed
        with exchange.driver.turn() as now:
            if method == "INFO":
                session.info("application/dtmf", b"5", now)
            elif method != "BYE":
                session.reoffer(session.local_sdp, now, update=method == "UPDATE")
        await pass_()
        caller.hang_up()
        await pass_()
        first, second = peer.requests(method)[-2:]
        numbers = [int(each.get("CSeq").split()[0]) for each in (first, second)]
        assert numbers[1] == numbers[0] + 1
        assert (first.body, first.get("Reason")) == (second.body, second.get("Reason"))
        assert len(peer.requests("BYE")) == (2 if method == "BYE" else 1)

    play(scene)
    assert judge.outcomes == [Outcome.NO_CREDENTIALS, Outcome.OK]


def test_an_acknowledgement_within_a_call_carries_what_the_request_did() -> None:
    judge = Judge("SHA-256")

    async def scene(exchange: VirtualExchange) -> None:
        peer = peer_of(exchange, OUT, TrunkLogin(USER, SECRET))
        peer.acts["INVITE"] = peer.answers()
        caller = exchange.caller()
        await pass_()
        peer.acts["INVITE"] = judge.asks(peer, 407, peer.answers())
        (session,) = exchange.agents.dialler._placed
        with exchange.driver.turn() as now:
            session.reoffer(session.local_sdp, now)
        await pass_()
        proved = peer.requests("INVITE")[-1].get("Proxy-Authorization")
        assert peer.requests("ACK")[-1].get("Proxy-Authorization") == proved != ""
        caller.hang_up()
        await pass_()

    play(scene)


def test_a_call_of_the_trunk_s_own_is_hung_up_with_its_login() -> None:
    judge = Judge("SHA-256")

    async def scene(exchange: VirtualExchange) -> None:
        exchange.trunks.put(replace(WAY_IN, login=USER), None, TrunkLogin(USER, SECRET))
        phone = exchange.phone()
        phone.invites(phone.answers())
        caller = exchange.caller()
        await pass_()
        caller.acts["BYE"] = judge.asks(caller, 401, caller.ok)
        phone.bye(phone.one("INVITE"))
        await pass_()
        assert len(caller.requests("BYE")) == 2

    play(scene)
    assert judge.outcomes == [Outcome.NO_CREDENTIALS, Outcome.OK]


def test_a_phone_may_not_ask_for_a_password_within_a_call() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone()
        phone.invites(phone.answers())
        caller = exchange.caller()
        await pass_()
        phone.acts["BYE"] = phone.refuses(407)
        caller.hang_up()
        await pass_()
        assert len(phone.requests("BYE")) == 1

    play(scene)
