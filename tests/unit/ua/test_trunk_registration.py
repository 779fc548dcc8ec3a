"""Our registrations with other carriers: granted, refused, renewed, taken back; in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace

import pytest

from ivr.sip.digest import DigestServer, Outcome, ha1
from ivr.sip.events import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response
from ivr.sip.nonces import Nonces
from ivr.ua.trunk_registration import RegistrationTerms, Surroundings, TrunkRegistrations
from provisioning.contract import Trunk, TrunkClass, TrunkLogin
from provisioning.trunks.memory import MemoryTrunks
from tests.support.notes import Notes
from tests.support.virtual_loop import run_virtually

LOGIN = TrunkLogin("0312345678", "correct horse")
TRUNK = Trunk(
    "provider",
    TrunkClass.FIXED,
    ("192.0.2.20:5070;transport=udp",),
    login=LOGIN.user,
    registers=True,
)
TERMS = RegistrationTerms(expires_s=600, renew_at=0.5, first_s=10.0, longest_s=40.0)
OURS = "<sip:0312345678@198.51.100.1:5060>"


def answer(status: int, **fields: str) -> Response:
    headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return Response(status, "Said", Headers(headers))


@dataclass
class Provider:
    """Another carrier's registrar: what it says, in order, the last one for ever."""

    says: list[Response]
    got: list[tuple[float, Request]] = field(default_factory=list)
    up: bool = True

    async def send(self, request: Request, flow: Flow) -> Response:
        assert flow.peer == ("192.0.2.20", 5070)
        self.got.append((asyncio.get_running_loop().time(), request))
        await asyncio.sleep(0.01)
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    def flow(self, trunk: Trunk) -> Flow | None:
        assert trunk.peers == TRUNK.peers
        return Flow("UDP", ("198.51.100.1", 5060), ("192.0.2.20", 5070)) if self.up else None

    @property
    def instants(self) -> list[int]:
        return [round(at) for at, _ in self.got]

    @property
    def intervals(self) -> list[str | None]:
        return [request.headers.get("Expires") for _, request in self.got]


class Told:
    """Remembers events."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def tell(self, kind: str, **facts: object) -> None:
        self.kinds.append(kind)


@dataclass
class Bench:
    provider: Provider
    trunks: MemoryTrunks
    desk: TrunkRegistrations
    notes: Notes
    told: Told


def run(provider: Provider, test: Callable[[Bench], Coroutine[None, None, None]]) -> Bench:
    async def whole() -> Bench:
        trunks, notes, told = MemoryTrunks(), Notes(), Told()
        around = Surroundings(provider.send, provider.flow, lambda flow: "198.51.100.1:5060")
        desk = TrunkRegistrations(trunks, trunks.all, around, TERMS, notes, told)
        trunks.altered.append(desk.settle)
        made = Bench(provider, trunks, desk, notes, told)
        trunks.put(TRUNK, None, LOGIN)
        try:
            await test(made)
        finally:
            await desk.close()
        return made

    return run_virtually(whole())


def test_it_is_renewed_before_it_runs_out_and_taken_back_in_the_end() -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(250)

    granted = answer(200, Contact=f"<sip:other@x>;expires=9, {OURS};expires=200")
    made = run(Provider([granted]), test)
    assert made.provider.instants == [0, 100, 200, 250]
    assert made.provider.intervals == ["600", "600", "600", "0"]
    first = made.provider.got[0][1]
    assert (first.method, first.uri) == ("REGISTER", "sip:192.0.2.20:5070;transport=udp")
    assert first.headers.get("To") == "<sip:0312345678@192.0.2.20>"
    assert first.headers.get("Contact") == OURS
    assert len({request.call_id for _, request in made.provider.got}) == 1
    assert [request.cseq.number for _, request in made.provider.got] == [1, 2, 3, 4]
    assert made.told.kinds == ["trunk.registered", "trunk.unregistered"]


@pytest.mark.parametrize(
    ("granted", "again_at"),
    [(answer(200, Expires="60"), 30), (answer(200), 300), (answer(200, Contact="<<"), 300)],
)
def test_what_is_not_said_of_our_contact_is_said_of_all(granted: Response, again_at: int) -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(again_at + 1)
        assert made.provider.instants == [0, again_at]

    run(Provider([granted]), test)


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_challenge_is_answered(status: int, algorithm: str) -> None:
    server = DigestServer("theirs", Nonces(b"k" * 32, 300.0), (algorithm,))
    known = {algorithm: ha1(LOGIN.user, "theirs", LOGIN.password, algorithm)}
    (challenge,) = server.challenges(1.0, "salt", stale=False)
    name = "Proxy_Authenticate" if status == 407 else "WWW_Authenticate"
    provider = Provider([answer(status, **{name: challenge}), answer(200, Expires="60")])

    async def test(made: Bench) -> None:
        await asyncio.sleep(1)
        first, second = (request for _, request in provider.got)
        proof = "Proxy-Authorization" if status == 407 else "Authorization"
        assert proof not in first.headers
        verdict = server.verify(
            second.headers.all(proof),
            method="REGISTER",
            request_uri=second.uri,
            ha1_of=lambda user: known,
            now=1.0,
        )
        assert verdict.outcome is Outcome.OK
        assert second.cseq.number == 2

    run(provider, test)


def test_an_interval_that_is_too_brief_is_lengthened() -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(1)
        assert made.provider.intervals == ["600", "3600"]
        await asyncio.sleep(1800)
        assert made.provider.intervals == ["600", "3600", "3600"]

    run(Provider([answer(423, Min_Expires="3600"), answer(200, Expires="3600")]), test)


def test_a_refusal_is_told_once_and_asked_again_after_longer_and_longer() -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(119)
        assert made.provider.instants == [0, 10, 30, 70, 110]
        assert made.notes.events().count("trunk.not-registered") == 1
        assert made.told.kinds == ["trunk.unregistered"]
        made.provider.says = [answer(200)]
        await asyncio.sleep(40)
        assert made.told.kinds == ["trunk.unregistered", "trunk.registered"]

    run(Provider([answer(403)]), test)


def test_a_wrong_password_is_not_hammered_with() -> None:
    challenge = answer(401, WWW_Authenticate='Digest realm="x", nonce="n", algorithm=MD5')

    async def test(made: Bench) -> None:
        await asyncio.sleep(9)
        assert len(made.provider.got) == 2
        assert LOGIN.password not in str(made.notes.lines)
        assert "password was refused" in str(made.notes.lines)

    run(Provider([challenge]), test)


def test_who_asks_without_end_is_left_alone() -> None:
    stale = answer(401, WWW_Authenticate='Digest realm="x", nonce="n", stale=true, algorithm=MD5')

    async def test(made: Bench) -> None:
        await asyncio.sleep(9)
        assert len(made.provider.got) == 4

    run(Provider([stale]), test)


def test_it_waits_for_its_transport() -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(5)
        assert made.provider.got == []
        made.provider.up = True
        await asyncio.sleep(6)
        assert len(made.provider.got) == 1

    run(Provider([answer(200)], up=False), test)


def test_trunks_that_come_change_and_go() -> None:
    async def test(made: Bench) -> None:
        await asyncio.sleep(1)
        made.trunks.put(replace(TRUNK, name="plain", registers=False), None, LOGIN)
        made.trunks.put(replace(TRUNK, name="unknown"), None)
        await asyncio.sleep(1)
        assert len(made.provider.got) == 1
        made.trunks.put(TRUNK, None, TrunkLogin("another", "x"))
        await asyncio.sleep(1)
        users = [request.to.uri.user for _, request in made.provider.got]
        assert sorted(str(user) for user in users[1:]) == ["0312345678", "another"]
        made.trunks.remove(TRUNK.name)
        await asyncio.sleep(1)
        assert made.provider.intervals[-1] == "0"

    made = run(Provider([answer(200)]), test)
    assert len(made.provider.got) == 4
