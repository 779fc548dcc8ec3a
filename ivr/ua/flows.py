"""Flows by name, as bindings and logs write them: `udp:192.0.2.1:5062`, `tcp:[::1]:5060`."""

from ivr.sip.events import Flow


def flow_text(flow: Flow) -> str:
    """Transport and peer of a flow."""
    host, port = flow.peer
    shown = f"[{host}]" if ":" in host else host
    return f"{flow.transport.lower()}:{shown}:{port}"
