"""A call of DOCOMO to a line that forwards it, with scripted phones in virtual time."""

from ivr.call.limits import CallLimits
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Diversion,
    Diversions,
    Line,
    Trunk,
    TrunkClass,
)
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding
from tests.support.scripted_call import (
    ACCOUNTS,
    AU,
    DOCOMO,
    LINES,
    Heard,
    Network,
    said,
    trunks_of,
)
from tests.support.scripted_leg import ScriptedLeg
from tests.support.scripted_party import Script, behaves

NOTICE = said(Prompt.CALL_FORWARDED)
LOOP = said(Prompt.TALKIE_FORWARDING_LOOP)
NO_ANSWER = said(Prompt.TALKIE_NO_ANSWER)
UNREACHABLE = said(Prompt.TALKIE_UNREACHABLE)
ANSWERS = behaves(answers_s=2, talks_s=5)
RINGS_ON = behaves()
TALKS_ON = behaves(answers_s=2)
IS_BUSY = behaves(rings_s=None, refuses=486)
OUTSIDE = E164("+81312345678")
OTHER = Trunk("other", TrunkClass.FIXED, ("192.0.2.1:5060",), prefixes=("0", "+"))


def user(line: Line) -> str:
    return "0" + line.number.removeprefix("+81")


def to(target: E164 | Line) -> Diversion:
    return Diversion(True, target.number if isinstance(target, Line) else target)


def call(
    diversions: dict[Line, Diversions],
    phones: dict[str, Script],
    *,
    called: Line = AU,
    limits: CallLimits | None = None,
    leg: ScriptedLeg | None = None,
    lines: tuple[Line, ...] = LINES,
    outside: bool = False,
    hang_up_after_s: float | None = None,
) -> Heard:
    """DOCOMO calls a line, of which some forward."""
    net = Network(
        InMemoryForwarding(lines),
        directory=InMemoryDirectory(lines, ACCOUNTS),
        limits=limits or CallLimits(),
        trunks=trunks_of(OTHER) if outside else None,
    )
    net.forwarding.rows.update({line.number: set_ for line, set_ in diversions.items()})
    return net.dial(DOCOMO, user(called), phones=phones, leg=leg, hang_up_after_s=hang_up_after_s)


def rung(heard: Heard) -> list[str]:
    """The numbers that were rung, in order."""
    return [target.number for target in heard.leg.targets]
