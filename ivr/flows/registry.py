"""Which flow serves which service, per carrier profile.

A service is named in the profile's data (`1429` = `forwarding-menu`); a flow file
says which service it serves, and is found by lying in `ivr/flows`:

    @service("forwarding-menu", on=Profile.DOCOMO)
    async def forwarding_menu(call: Call, forwarding: Forwarding) -> None: ...

What a flow needs besides the call are parameters annotated with the port's type.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_type_hints

import ivr.flows
from ivr.call.call import Call
from provisioning.contract import CarrierProfile, Forwarding, Mailboxes, Presentation, Profile

Flow = Callable[..., Coroutine[Any, Any, None]]
BoundFlow = Callable[[Call], Coroutine[Any, Any, None]]
Key = tuple[Profile | None, str]
"""A carrier profile (None: every profile, for test numbers) and a service's name."""
F = TypeVar("F", bound=Flow)

FLOWS: dict[Key, Flow] = {}


@dataclass(frozen=True, slots=True)
class Services:
    """What flows may ask of the office, by the type of port."""

    forwarding: Forwarding
    presentation: Presentation
    mailboxes: Mailboxes


def service(name: str, *, on: Profile | None) -> Callable[[F], F]:
    """Say that the decorated flow serves `name` on a carrier profile (None: on every line)."""

    def register(flow: F) -> F:
        if (on, name) in FLOWS:
            raise ValueError(f"service {name!r} already has a flow on {_where(on)}")
        FLOWS[on, name] = flow
        return flow

    return register


def bind(services: Services, further: Mapping[type, object]) -> Mapping[Key, BoundFlow]:
    """Every flow with its collaborators filled in; `further` ones by the type of port.

    Raises:
        TypeError: a flow asks for something that is not there.
    """
    load()
    ports = {**_ports(services), **further}
    return {key: _bound(flow, ports) for key, flow in FLOWS.items()}


def load() -> None:
    """Import every module of `ivr.flows`, so that each flow is registered."""
    for module in pkgutil.walk_packages(ivr.flows.__path__, ivr.flows.__name__ + "."):
        importlib.import_module(module.name)


def problems(profiles: Iterable[CarrierProfile]) -> list[str]:
    """Codes without a flow and flows without a code, one sentence each; empty when all is well."""
    load()
    coded = [(p.profile, name, code) for p in profiles for code, name in _codes(p)]
    reached = {key for profile, name, _ in coded for key in ((profile, name), (None, name))}
    return [
        f"{code} on {profile.value} names the service {name!r}, which has no flow"
        for profile, name, code in coded
        if (profile, name) not in FLOWS and (None, name) not in FLOWS
    ] + [
        f"the flow of {name!r} on {_where(on)} has no code that reaches it"
        for on, name in FLOWS
        if (on, name) not in reached
    ]


def _codes(profile: CarrierProfile) -> Iterable[tuple[str, str]]:
    return (*profile.services.items(), *profile.numbered.items())


def _where(on: Profile | None) -> str:
    return on.value if on else "every line"


def _ports(services: Services) -> dict[type, object]:
    hints = get_type_hints(Services)
    return {hints[field.name]: getattr(services, field.name) for field in fields(Services)}


def _bound(flow: Flow, ports: Mapping[type, object]) -> BoundFlow:
    hints = get_type_hints(flow)
    wanted = list(inspect.signature(flow).parameters)[1:]
    for name in wanted:
        if hints.get(name) not in ports:
            raise TypeError(
                f"{flow.__module__}.{flow.__qualname__} asks for {name!r}, which no service offers"
            )
    return functools.partial(flow, **{name: ports[hints[name]] for name in wanted})
