"""Where another carrier wants us to register, we do, and do it again before it runs out.

A REGISTER goes to the trunk's first peer (RFC 3261 §10.2); its calls then come to our address, with
our login or a number of ours as the user of the Request-URI.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from ivr.sip.abnf import GrammarError
from ivr.sip.events import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request, Response
from ivr.sip.uri import Uri
from ivr.ua.credentials import Unanswerable, credentials
from ivr.ua.log import Log
from provisioning.contract import Events, Trunk, TrunkLogin, Trunks

_CHALLENGES = frozenset((401, 407))
_TOO_BRIEF, _UNREACHABLE = 423, 503
_GOODBYE_S = 1.0
_MOST_ROUNDS = 4
"""A challenge, a stale nonce, and an interval that is too brief may come one after the other."""

Send = Callable[[Request, Flow], Awaitable[Response]]
"""Sends a request; its final response, or one of ours where none came."""


@dataclass(frozen=True, slots=True)
class RegistrationTerms:
    """What we ask for (assumptions; providers grant from a minute to an hour).

    Attributes:
        expires_s: for how long; the provider may grant less.
        renew_at: after this part of what was granted it is asked for anew.
        first_s, longest_s: how long to wait after a refusal: the delay doubles.
    """

    expires_s: int = 600
    renew_at: float = 0.8
    first_s: float = 10.0
    longest_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What registering stands on.

    Attributes:
        send: see `Send`.
        flow: the way to a trunk's first peer; None while its transport is not up.
        address: host and port at which the other end of a flow finds us.
    """

    send: Send
    flow: Callable[[Trunk], Flow | None]
    address: Callable[[Flow], str]


class _Refused(Exception):
    """A REGISTER came to nothing; the text says why."""


class _Registration:
    """One trunk's: Call-ID and CSeq stay from REGISTER to REGISTER (RFC 3261 §10.2)."""

    def __init__(
        self, trunk: Trunk, login: TrunkLogin, around: Surroundings, terms: RegistrationTerms
    ) -> None:
        self._trunk, self._login, self._around = trunk, login, around
        self._expires_s = terms.expires_s
        self._call_id, self._tag = secrets.token_hex(10), secrets.token_hex(8)
        self._number = 0

    async def ask(self, *, leave: bool = False) -> float:
        """Register, or take the registration back; for how many seconds it is granted.

        Raises:
            _Refused: the peer did not grant it.
        """
        proof: tuple[tuple[str, str], ...] = ()
        for _ in range(_MOST_ROUNDS):
            flow = self._around.flow(self._trunk)
            if flow is None:
                raise _Refused("its transport is not up")
            request = self._request(flow, 0 if leave else self._expires_s, proof)
            response = await self._around.send(request, flow)
            if response.status in _CHALLENGES:
                proof = (self._proof(response, request),)
            elif response.status == _TOO_BRIEF and not leave:
                self._expires_s = max(self._expires_s + 1, _seconds(response, "Min-Expires"))
            elif 200 <= response.status < 300:
                return self._granted(response, request)
            else:
                raise _Refused(f"{response.status} {response.reason}")
        raise _Refused("it asks again and again")

    def _request(self, flow: Flow, expires_s: int, proof: tuple[tuple[str, str], ...]) -> Request:
        self._number += 1
        registrar = Uri.parse(f"sip:{self._trunk.peers[0]}")
        own = f"<{Uri('sip', self._login.user, registrar.host)}>"
        host, _, port = self._around.address(flow).rpartition(":")
        transport = {} if flow.transport == "UDP" else {"transport": flow.transport.lower()}
        contact = Uri("sip", self._login.user, host.strip("[]"), int(port), params=transport)
        headers = Headers([("Max-Forwards", "70"), ("From", f"{own};tag={self._tag}"), ("To", own)])
        headers.add("Call-ID", self._call_id)
        headers.add("CSeq", f"{self._number} REGISTER")
        headers.add("Contact", f"<{contact}>")
        headers.add("Expires", str(expires_s))
        for name, value in proof:
            headers.add(name, value)
        return Request("REGISTER", str(registrar), headers, b"")

    def _proof(self, response: Response, request: Request) -> tuple[str, str]:
        try:
            return credentials(response, request, self._login.user, self._login.password)
        except Unanswerable as error:
            raise _Refused(str(error)) from None

    def _granted(self, response: Response, request: Request) -> float:
        """What the peer says of our Contact, else of all, else what we asked for (§10.2.4)."""
        ours = request.contacts[0].uri
        try:
            for contact in response.contacts:
                said = contact.params.get("expires") or ""
                if contact.uri == ours and said.isascii() and said.isdigit():
                    return float(said[:9])
        except GrammarError:  # somebody else's contact is broken
            pass
        return float(_seconds(response, "Expires") or self._expires_s)


class TrunkRegistrations:
    """Registers with all trunks that want it; told when trunks change."""

    def __init__(
        self,
        trunks: Trunks,
        wanted: Callable[[], Iterable[Trunk]],
        around: Surroundings,
        terms: RegistrationTerms,
        log: Log,
        events: Events,
    ) -> None:
        self._trunks, self._wanted = trunks, wanted
        self._around, self._terms = around, terms
        self._log, self._events = log, events
        self._kept: dict[tuple[Trunk, TrunkLogin], asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    def settle(self) -> None:
        """Begin with the trunks that want it by now, and end with those that no longer do."""
        if self._closed:
            return
        wanted = {
            (trunk, login)
            for trunk in self._wanted()
            if trunk.registers and (login := self._trunks.login(trunk.name)) is not None
        }
        for gone in self._kept.keys() - wanted:
            self._end(self._kept.pop(gone))
        for trunk, login in wanted - self._kept.keys():
            task = asyncio.get_running_loop().create_task(self._keep(trunk, login))
            self._kept[trunk, login] = task

    async def close(self) -> None:
        """Take every registration back, as far as that is heard soon."""
        self._closed = True
        for task in self._kept.values():
            self._end(task)
        self._kept.clear()
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _keep(self, trunk: Trunk, login: TrunkLogin) -> None:
        """Register again and again, until cancelled."""
        registration = _Registration(trunk, login, self._around, self._terms)
        failures, is_known = 0, None
        try:
            while True:
                try:
                    granted_s = await registration.ask()
                except _Refused as refusal:
                    failures += 1
                    if is_known is not False:
                        self._lost(trunk, str(refusal))
                    is_known = False
                    await asyncio.sleep(self._delay_s(failures))
                    continue
                if not is_known:
                    self._log.info("trunk.registered", trunk=trunk.name, expires_s=granted_s)
                    self._events.tell("trunk.registered", trunk=trunk.name)
                failures, is_known = 0, True
                await asyncio.sleep(max(1.0, granted_s * self._terms.renew_at))
        finally:
            if is_known:
                await self._leave(trunk, registration)

    def _lost(self, trunk: Trunk, why: str) -> None:
        self._log.warning("trunk.not-registered", trunk=trunk.name, why=why)
        self._events.tell("trunk.unregistered", trunk=trunk.name, why=why)

    async def _leave(self, trunk: Trunk, registration: _Registration) -> None:
        why = "no longer wanted"
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await registration.ask(leave=True)
        except _Refused as refusal:
            why = f"{why}; taking it back was refused: {refusal}"
        except TimeoutError:
            why = f"{why}; taking it back was not answered"
        self._log.info("trunk.left", trunk=trunk.name, why=why)
        self._events.tell("trunk.unregistered", trunk=trunk.name, why=why)

    def _delay_s(self, failures: int) -> float:
        doubled = self._terms.first_s * 2.0 ** min(failures - 1, 30)
        return float(min(self._terms.longest_s, doubled))


def _seconds(response: Response, name: str) -> int:
    """A header's number of seconds; 0 where there is none."""
    text = response.headers.get(name) or ""
    return int(text[:9]) if text.isascii() and text.isdigit() else 0
