"""Which users' phones are reached by a connection that must stand, and by nothing else."""

from collections.abc import Iterable

from ivr.sip.abnf import GrammarError
from ivr.sip.uri import Uri
from ivr.ua.flows import read_flow
from ivr.ua.ways import listens
from provisioning.contract import Binding


class Connected:
    """The users of each flow that cannot be opened anew from here (RFC 5626 §5.3)."""

    def __init__(self) -> None:
        self._users: dict[str, set[str]] = {}

    def note(self, user: str, before: Iterable[Binding], after: Iterable[Binding]) -> None:
        """A user's bindings changed."""
        old, new = _flows(before), _flows(after)
        for flow in old - new:
            users = self._users.get(flow, set())
            users.discard(user)
            if not users:
                self._users.pop(flow, None)
        for flow in new - old:
            self._users.setdefault(flow, set()).add(user)

    def users(self, flow: str) -> tuple[str, ...]:
        """Who has a phone that only this flow leads to."""
        return tuple(sorted(self._users.get(flow, ())))


def needs_its_flow(binding: Binding) -> bool:
    """Whether the phone is out of reach once the connection it registered on is gone."""
    named = read_flow(binding.flow)
    if named is None or named[0] == "UDP":
        return False
    try:
        contact = Uri.parse(binding.contact)
    except GrammarError:
        return True
    return not listens(contact, *named)


def _flows(bindings: Iterable[Binding]) -> set[str]:
    return {each.flow for each in bindings if each.flow[:4] != "udp:" and needs_its_flow(each)}
