"""Who calls, as far as the called party and its carrier are concerned."""

from dataclasses import dataclass

from ivr.call.leg import Caller
from ivr.call.party import Diverted, Presented
from ivr.numbering.plan import CallerIdPrefix, Dialled
from ivr.numbering.presentation import UNKNOWN_CALLER, of_line, of_trunk
from provisioning.contract import (
    E164,
    Access,
    Line,
    NumberDisplay,
    Presentation,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a call.

    Attributes:
        line: the caller's line; None for a caller from another carrier.
        number: the true number, whatever is shown; None when another carrier told none.
        presented: what the called party sees.
        access: what the call leaves through; None from another carrier.
        forwardings: how often the call was forwarded before it came here.
        diverted: by whom, for the called party to see; as far as a trusted carrier tells.
        been: the numbers of all who are said to have forwarded it, trusted or not.
        hops: how many more networks it may go through.
    """

    line: Line | None
    number: E164 | None
    presented: Presented
    access: Access | None = None
    forwardings: int = 0
    diverted: tuple[Diverted, ...] = ()
    been: frozenset[E164] = frozenset()
    hops: int = 70

    @property
    def from_link(self) -> bool:
        """Whether it is a call of a Link app (LINE-03)."""
        return self.access is Access.LINK


async def subscribers(
    leg: Caller, line: Line, dialled: Dialled, presentation: Presentation
) -> Origin:
    """The origin of a line's call; its number is the account's, whatever the phone says of itself.

    A phone that asks for privacy withholds, as its line may by default; 186 beats both (CALL-04).
    No freephone number is shown by a call that offers more than a voice (FREE-01).
    """
    prefix = dialled.prefix
    if prefix is None and leg.withholds:
        prefix = CallerIdPrefix.WITHHOLD
    display = NumberDisplay()
    if line.freephone is not None and leg.is_plain_voice:
        display = await presentation.of(line.number)
    return Origin(
        line=line,
        number=line.number,
        presented=of_line(line, prefix, display),
        access=leg.ticket.access,
        forwardings=leg.forwardings,
        hops=leg.hops,
    )


def visitors(leg: Caller, dialled: Dialled) -> Origin:
    """The origin of a call from another carrier; 184 in front withholds there, too (CALL-04)."""
    caller = leg.caller
    return Origin(
        line=None,
        number=caller.number if caller else None,
        presented=of_trunk(caller, dialled.prefix) if caller else UNKNOWN_CALLER,
        forwardings=leg.forwardings,
        diverted=leg.diverted if caller and caller.trunk.trusted else (),
        been=frozenset(each.number for each in leg.diverted),
        hops=leg.hops,
    )
