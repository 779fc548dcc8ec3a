"""A leg without a network: audio lasts as long as it would, in the loop's own time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.call.leg import Hear
from ivr.call.party import Diverted, FarLeg, JoinEnd, KeyHandler, Rung, Signs, Target
from ivr.ua.ticket import Tickets
from provisioning.contract import E164, Access, Account, TrunkCaller
from tests.support.fake_records import InMemoryRecords, ToldEvents
from tests.support.scripted_party import ScriptedFar, ScriptedParty, ring_all
from tests.support.scripted_sound import BYTES_A_SECOND, ScriptedSound

__all__ = ["BYTES_A_SECOND", "Ending", "ScriptedLeg", "account_of"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the network ended the call: `status` is None for BYE."""

    status: int | None
    reason: str | None = None


class ScriptedLeg(ScriptedSound):
    """A `Caller` (tests/contract/ring_contract.py) that remembers what was done to it.

    `provisional` has the provisional responses told, `ended` how the network hung up, `targets`
    whom it was to ring; `parties` are the phones that can be rung, by user, and trunks by name.
    `hear` is who hears the caller now.
    """

    def __init__(self, by: Account | TrunkCaller, dialled: str) -> None:
        super().__init__()
        self.on_key: KeyHandler | None = None
        self.ended: Ending | None = None
        self.answered = False
        self.in_progress = False
        self.provisional: list[int] = []
        self.echoing = False
        self.hear: Hear | None = None
        self.said = 0
        self.parties: dict[str, ScriptedParty] = {}
        self.targets: list[Target] = []
        self.joined: FarLeg | None = None
        self.withholds = False
        self.is_plain_voice = True
        self.forwardings = 0
        self.diverted: tuple[Diverted, ...] = ()
        self.hops = 69
        self._by = by
        self._dialled = dialled
        self.records, self.events = InMemoryRecords(), ToldEvents()
        tickets = Tickets(self.records, self.events, lambda: (1000.0, 2000.0))
        self.ticket = tickets.caller(by, dialled, self.call_id)

    @property
    def call_id(self) -> str:
        return "scripted@test"

    @property
    def account(self) -> Account | None:
        return self._by if isinstance(self._by, Account) else None

    @property
    def caller(self) -> TrunkCaller | None:
        return None if isinstance(self._by, Account) else self._by

    @property
    def dialled(self) -> str:
        return self._dialled

    def press(self, key: str) -> None:
        """The caller presses a key."""
        if self.on_key and not self.ended:
            self.on_key(key)

    async def progress(self, *, ringing: bool = False) -> None:
        await asyncio.sleep(0)
        if self.answered or self.ended:
            return
        self.in_progress = True
        status = 180 if ringing else 183
        if not self.provisional or (ringing and 180 not in self.provisional):
            self.provisional.append(status)

    async def answer(self) -> None:
        await asyncio.sleep(0)
        self.answered = True

    async def ring(self, target: Target, *, within_s: float | None, signs: Signs) -> Rung:
        self.targets.append(target)
        return await ring_all(self._rung_by(target), target, within_s, signs)

    async def join(self, far: FarLeg) -> JoinEnd:
        assert isinstance(far, ScriptedFar)
        self.joined = far
        try:
            return await asyncio.shield(far.gone)
        finally:
            self.joined = None

    def echo(self, on: bool) -> None:
        self.echoing = on and not self.ended

    def record(self, hear: Hear | None) -> None:
        self.hear = None if self.ended else hear
        self.said = 0

    def say(self, ulaw: bytes) -> None:
        """The caller says something, in one packet, after what was said before."""
        if self.hear:
            self.hear(self.said, ulaw)
        self.said += len(ulaw)

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        if self.ended:
            return
        if not self.answered and not (status and 400 <= status <= 699):
            raise ValueError(f"an unanswered call ends with a final status, not {status}")
        self.ended = Ending(None if self.answered else status, reason)
        self.echoing = False
        self.hear = None
        self.fall_silent()

    def _rung_by(self, target: Target) -> Sequence[ScriptedParty]:
        names = [target.trunk] if target.trunk else target.users
        return [self.parties[name] for name in names if name in self.parties]


def account_of(line: E164, access: Access = Access.OS) -> Account:
    """An account of `line` that needs no credentials, since no leg asks for them."""
    return Account(user="0" + line.removeprefix("+81"), line=line, access=access, ha1={})
