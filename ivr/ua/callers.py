"""Who is at the other end: an account of a line by password or address, or another carrier."""

from ivr.numbering.plan import is_elsewhere, national, parse
from ivr.numbering.presentation import PAYPHONE, reason_told
from ivr.sip import identity
from ivr.sip.abnf import GrammarError
from ivr.sip.events import Flow
from ivr.sip.identity import Claim
from ivr.sip.message import Request
from ivr.ua.authentication import Authenticator
from ivr.ua.occupancy import trunk_key
from provisioning.contract import (
    E164,
    Account,
    Directory,
    Trunk,
    TrunkAccount,
    TrunkCaller,
    TrunkClass,
    Trunks,
)


class Callers:
    """Tells whose a request is; whoever proves nothing is challenged.

    A password is asked of everyone but a trunk that calls from its address, and an account that is
    at one of its sources (an NGN user-network interface has none). Credentials that are sent
    count before addresses do.
    """

    def __init__(
        self, authenticator: Authenticator, directory: Directory, trunks: Trunks | None = None
    ) -> None:
        self._authenticator = authenticator
        self._directory = directory
        self._trunks = trunks

    def of_call(self, request: Request, flow: Flow) -> Account | TrunkCaller:
        """Who calls; raises `Challenge`."""
        if "Authorization" not in request.headers:
            trunk = self._trunk(flow)
            if trunk is not None:
                return self._over(trunk, request)
            account = self._at_home(request, flow)
            if account is not None:
                return account
        account_or_trunks = self._authenticator.account_of(request, flow)
        if isinstance(account_or_trunks, Account):
            return account_or_trunks
        trunk = self._trunks.of(account_or_trunks.trunk) if self._trunks else None
        if trunk is None:  # it was removed in this very moment
            raise self._authenticator.refusal(request)
        return self._over(trunk, request)

    def of_registration(self, request: Request, flow: Flow) -> Account | TrunkAccount:
        """Whose address is registered; raises `Challenge`."""
        if "Authorization" not in request.headers:
            account = self.at_home(_to_user(request) or "", flow)
            if account is not None:
                return account
        return self._authenticator.account_of(request, flow)

    def at_home(self, user: str, flow: Flow) -> Account | None:
        """The account of `user` when the flow comes from its own user-network interface."""
        accounts = self._homes(flow)
        return next((account for account in accounts if account.user == user), None)

    def challenge(
        self, request: Request, flow: Flow, salt: str, now: float
    ) -> tuple[tuple[str, str], ...] | None:
        """The headers of a 401 to a request without credentials; None for who may need none."""
        if self._homes(flow):
            return None
        if request.method != "REGISTER" and self._trunk(flow) is not None:
            return None
        return self._authenticator.challenge(request, salt, now)

    def claims_another(self, account: Account, request: Request) -> bool:
        """Whether a phone wants another number shown than its line's (RFC 3325 §9.2).

        Phones write an anonymous or a local From of their own accord: only P-Preferred-Identity
        is a wish.
        """
        if "P-Preferred-Identity" not in request.headers:
            return False
        own = (account.line, national(account.line))
        return identity.identified(request, own).number is None

    def _homes(self, flow: Flow) -> tuple[Account, ...]:
        """The accounts at a user-network interface, which speaks SIP over UDP alone (facts §8).

        A page in a browser there could open a WebSocket.
        """
        return self._directory.accounts_at(flow.peer[0]) if flow.transport == "UDP" else ()

    def _trunk(self, flow: Flow) -> Trunk | None:
        return self._trunks.from_peer(*flow.peer, flow.transport) if self._trunks else None

    def _at_home(self, request: Request, flow: Flow) -> Account | None:
        """The account whose user-network interface an INVITE comes from.

        Where several have the same source, the phone says which one it is, by its user or
        number; without that only a single one is meant.
        """
        accounts = self._homes(flow)
        if not accounts:
            return None
        for said in _said(request):
            meant = [a for a in accounts if a.user == said or a.line == full(said)]
            if len(meant) == 1:
                return meant[0]
        return accounts[0] if len(accounts) == 1 else None

    def _over(self, trunk: Trunk, request: Request) -> TrunkCaller:
        """Who calls over a trunk (RFC 3325 §5): its word counts as far as it is trusted."""
        claim = identity.asserted(request) if trunk.trusted else identity.stated(request)
        reason = reason_told(claim.display)
        kind = TrunkClass.PAYPHONE if reason == PAYPHONE else trunk.caller_class
        return TrunkCaller(trunk, self._believed(claim, trunk), kind, claim.withheld, reason)

    def _believed(self, claim: Claim, trunk: Trunk) -> E164 | None:
        """The caller's full number; none that is no number, or is forged.

        A number of one of our lines comes in from outside on a forwarded call at best, a
        freephone number where its carrier shows it: only a trusted trunk is believed that.
        """
        number = full(claim.number)
        if number is None or trunk.trusted:
            return number
        ours = self._directory.line(number) is not None
        return None if ours or not is_elsewhere(number) else number


def whose(caller: Account | TrunkCaller) -> str:
    """Whose calls a caller's are counted among: a user's, or a trunk's."""
    return caller.user if isinstance(caller, Account) else trunk_key(caller.trunk.name)


def full(number: str | None) -> E164 | None:
    """A number from a header in full; None when nobody can have it, as 110 or 1429."""
    if number is None or number[:1] not in {"0", "+"}:
        return None
    return parse(number).e164


def _said(request: Request) -> tuple[str, ...]:
    """What the phone calls itself: its preferred numbers, then the user of From."""
    try:
        user = request.from_.uri.user
    except GrammarError:
        user = None
    return (*identity.preferred(request).listed, user or "")


def _to_user(request: Request) -> str | None:
    try:
        return request.to.uri.user
    except GrammarError:
        return None
