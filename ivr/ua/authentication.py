"""Who sent a request: digest credentials, judged and challenged (LINE-02)."""

import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.net.clock import monotonic
from ivr.sip.digest import ALGORITHMS, DigestServer, Outcome
from ivr.sip.events import Flow
from ivr.sip.message import Request
from ivr.sip.nonces import Nonces
from ivr.ua.flows import flow_text
from ivr.ua.log import Log, Sparing
from provisioning.contract import Account, Directory, TrunkAccount, Trunks

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_MOST_SUSPECTS = 10_000
_SLOTS = 16
"""A nonce of a challenge without state is as old as the slot of its life that has begun last."""
_USERNAME = re.compile(r'(?i)username\s*=\s*"([^"]*)"')


class Challenge(Exception):
    """The request is not served as it is: answer `status` with `headers`."""

    def __init__(self, status: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(str(status))
        self.status, self.headers = status, headers


@dataclass(frozen=True, slots=True)
class AuthenticationPolicy:
    """How phones are challenged, and a guesser's budget.

    `failures_per_user` and `failures_per_host` are the wrong passwords one host may try in
    `window_s` (A). A User-Agent that holds one of `md5_agents` is challenged with MD5 alone:
    libre 1.0 and aiosip give up at any other algorithm, wherever it stands among the challenges.
    As everyone is offered MD5 (LINE-02), a forged User-Agent gains nothing.
    """

    realm: str = "tokuban"
    nonce_life_s: float = 300.0
    algorithms: tuple[str, ...] = ALGORITHMS
    md5_agents: tuple[str, ...] = ("baresip v0.", "baresip v1.", "aiosip", "SIPp")
    window_s: float = 60.0
    failures_per_user: int = 20
    failures_per_host: int = 200


class Authenticator:
    """Judges requests against the accounts of lines and of trunks."""

    def __init__(
        self,
        directory: Directory,
        policy: AuthenticationPolicy,
        log: Log,
        trunks: Trunks | None = None,
    ) -> None:
        nonces = Nonces(secrets.token_bytes(32), policy.nonce_life_s)
        self._server = DigestServer(policy.realm, nonces, policy.algorithms)
        self._md5_alone = DigestServer(policy.realm, nonces, ("MD5",))
        self._slot_s = policy.nonce_life_s / _SLOTS
        self._directory = directory
        self._trunks = trunks
        self._policy = policy
        self._log = log
        self._sparing, self._locked = Sparing(), Sparing()
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def account_of(self, request: Request, flow: Flow) -> Account | TrunkAccount:
        """The account whose credentials the request carries.

        Raises:
            Challenge: 401 with a fresh nonce, or 403 to a host that guesses.
        """
        now = monotonic()
        if "Authorization" not in request.headers:
            raise self._challenge(request, now, stale=False)
        credentials = request.headers.all("Authorization")
        if self._failures and self._guessing(flow, _claimed(credentials), now):
            # Counted apart: a flood of wrong passwords must not hide that it locked somebody out.
            why = "too many wrong passwords from this host: locked out for a while"
            self._tell(self._locked, why, request, flow, now)
            raise Challenge(_FORBIDDEN)
        verdict = self._server.verify(
            credentials,
            method=request.method,
            request_uri=request.uri,
            ha1_of=self._ha1,
            now=now,
        )
        if verdict.outcome is Outcome.OK and verdict.user is not None:
            account = self._account(verdict.user)
            if account is not None:
                return account
        if verdict.outcome is Outcome.WRONG:
            self._note_failure(flow, _claimed(credentials), now)
            self._tell(self._sparing, "unknown user or wrong password", request, flow, now)
        raise self._challenge(request, now, stale=verdict.outcome is Outcome.STALE)

    def refusal(self, request: Request) -> Challenge:
        """What to raise at credentials that count no more."""
        return self._challenge(request, monotonic(), stale=False)

    def challenge(self, request: Request, salt: str, now: float) -> tuple[tuple[str, str], ...]:
        """The headers of a 401 to a request without credentials, see `ivr.sip.stateless`."""
        return self._headers(request, self._slot_s * (now // self._slot_s), salt)

    def _account(self, user: str) -> Account | TrunkAccount | None:
        account = self._directory.account(user)
        if account is None and self._trunks is not None:
            return self._trunks.account(user)
        return account

    def _ha1(self, user: str) -> Mapping[str, str] | None:
        account = self._account(user)
        return account.ha1 if account else None

    def _challenge(self, request: Request, now: float, *, stale: bool) -> Challenge:
        headers = self._headers(request, now, secrets.token_hex(8), stale=stale)
        return Challenge(_UNAUTHORIZED, headers)

    def _headers(
        self, request: Request, now: float, salt: str, *, stale: bool = False
    ) -> tuple[tuple[str, str], ...]:
        agent = request.headers.get("User-Agent") or ""
        old = bool(agent) and any(name in agent for name in self._policy.md5_agents)
        server = self._md5_alone if old else self._server
        values = server.challenges(now, salt, stale=stale)
        return tuple(("WWW-Authenticate", value) for value in values)

    def _guessing(self, flow: Flow, user: str, now: float) -> bool:
        policy = self._policy
        host = flow.peer[0]
        return (
            self._recent((host, user), now) >= policy.failures_per_user
            or self._recent((host, ""), now) >= policy.failures_per_host
        )

    def _recent(self, key: tuple[str, str], now: float) -> int:
        times = self._failures.get(key)
        if times is None:
            return 0
        while times and times[0] < now - self._policy.window_s:
            times.popleft()
        if not times:
            del self._failures[key]
        return len(times)

    def _tell(self, sparing: Sparing, why: str, request: Request, flow: Flow, now: float) -> None:
        sparing.warning(
            self._log,
            now,
            "authentication.refused",
            why=why,
            user=_claimed(request.headers.all("Authorization")),
            method=request.method,
            flow=flow_text(flow),
        )

    def _note_failure(self, flow: Flow, user: str, now: float) -> None:
        for key in ((flow.peer[0], user), (flow.peer[0], "")):
            most = self._policy.failures_per_host
            self._failures.setdefault(key, deque(maxlen=most)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > _MOST_SUSPECTS:
            self._failures.popitem(last=False)


def _claimed(credentials: list[str]) -> str:
    """The user name the credentials claim, right or wrong; "" where there is none to read."""
    found = _USERNAME.search(credentials[0]) if credentials else None
    return found[1][:64] if found else ""
