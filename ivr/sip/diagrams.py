"""State diagrams of the transaction and session tables, as Mermaid text, drawn from the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Protocol, TypeVar

from ivr.sip import referral_table, session_table, subscription_table
from ivr.sip.transaction_tables import MACHINES

StateT = TypeVar("StateT", bound=Enum)
InputT = TypeVar("InputT", bound=Enum)


class Row(Protocol):
    """A step of any table."""

    @property
    def next(self) -> Enum: ...

    @property
    def clause(self) -> str: ...


def mermaid(
    initial: Iterable[StateT], final: StateT, table: Mapping[tuple[StateT, InputT], Row]
) -> str:
    """One `stateDiagram-v2`; inputs that lead the same way share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), row in table.items():
        arrows.setdefault((state.name, row.next.name), []).append(event.name)
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state.name}" for state in initial]
    lines += [
        f"    {start} --> {end}: {', '.join(events)}" for (start, end), events in arrows.items()
    ]
    return "\n".join([*lines, f"    {final.name} --> [*]"]) + "\n"


def diagrams() -> dict[str, str]:
    """Every machine's name and its diagram."""
    drawn = {
        machine.name: mermaid([machine.initial], machine.initial.TERMINATED, machine.table)
        for machine in MACHINES
    }
    state = session_table.State
    drawn["session"] = mermaid([state.OFFERED, state.CALLING], state.ENDED, session_table.TABLE)
    asked, over = referral_table.State.ASKED, referral_table.State.OVER
    drawn["referral"] = mermaid([asked], over, referral_table.TABLE)
    told = subscription_table.State
    drawn["subscription"] = mermaid([told.ASKED], told.OVER, subscription_table.TABLE)
    return drawn
