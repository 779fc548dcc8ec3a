"""Flows by name, as bindings and logs write them: `udp:192.0.2.1:5062`, `tcp:[::1]:5060`."""

from ivr.sip.events import Flow
from ivr.sip.uri import parse_host_port


def flow_text(flow: Flow) -> str:
    """Transport and peer of a flow."""
    host, port = flow.peer
    shown = f"[{host}]" if ":" in host else host
    return f"{flow.transport.lower()}:{shown}:{port}"


def read_flow(text: str) -> tuple[str, tuple[str, int]] | None:
    """Transport, in upper case, and peer that a flow's name names; None when it names none."""
    transport, colon, authority = text.partition(":")
    try:
        host, port = parse_host_port(authority)
    except ValueError:
        return None
    return (transport.upper(), (host, port)) if colon and port else None
