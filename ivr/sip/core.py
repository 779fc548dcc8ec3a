"""What every usage of the endpoint stands on: settings, transactions, dialogs, events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Protocol

from ivr.sip.dialog import Dialog
from ivr.sip.events import Event, Flow
from ivr.sip.media_address import is_nowhere
from ivr.sip.message import Request, Response
from ivr.sip.reply import write_fields, write_reply
from ivr.sip.settings import EndpointSettings
from ivr.sip.transaction import ClientTransaction, ClientUser, ServerTransaction
from ivr.sip.transaction_layer import TransactionLayer
from ivr.sip.uri import Uri, host_text

Header = tuple[str, str]
_Told = tuple[str, tuple[str, int], bool]
"""Transport, local address, and whether the peer is inside."""

_DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}
_NEVER_OPENED = frozenset(("WS", "WSS"))
"""Transports whose connections come from the peer alone: a WebSocket client listens nowhere."""
_MAKES_DIALOG = frozenset(("INVITE", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY"))
"""Methods whose requests and 2xx carry our Contact: they make a dialog or refresh its target."""


class DialogUsage(Protocol):
    """What lives in a dialog: a session, or a subscription."""

    def receive_request(
        self, transaction: ServerTransaction, request: Request, now: float
    ) -> None: ...

    def receive_ack(self, request: Request, now: float) -> None: ...

    def receive_stray_answer(self, response: Response, now: float) -> None:
        """A 2xx to an INVITE whose transaction is over."""


class Core:
    """Shared by the sessions of one endpoint.

    Args:
        token: a fresh random identifier each call.
        dice: uniform in [0, 1).
    """

    __slots__ = ("_allow", "_contacts", "_dialog_texts", "_sent_by", "_server", "_supported",
                 "dialogs", "dice", "events", "layer", "settings", "token")  # fmt: skip

    def __init__(
        self, settings: EndpointSettings, token: Callable[[], str], dice: Callable[[], float]
    ) -> None:
        self.settings = settings
        self.token = token
        self.dice = dice
        self.dialogs: dict[str, DialogUsage] = {}
        self.events: list[Event] = []
        self.layer = TransactionLayer(settings.timing, self.sent_by, token)
        self._allow = ", ".join(settings.allow)
        self._supported = ", ".join(settings.supported)
        self._server = f"Server: {settings.user_agent}\r\n"
        self._sent_by: dict[_Told, str] = {}
        self._contacts: dict[tuple[_Told, bool], str] = {}
        self._dialog_texts: dict[tuple[_Told, bool], str] = {}

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def sent_by(self, flow: Flow) -> str:
        """`host:port` as our Via names it."""
        key = self._told(flow)
        text = self._sent_by.get(key)
        if text is None:
            advertised = {} if key[2] else self.settings.advertised
            host, port = advertised.get(flow.transport, flow.local)
            text = self._sent_by[key] = f"{host_text(host)}:{port or flow.local[1]}"
        return text

    def _told(self, flow: Flow) -> _Told:
        """What decides which address a peer is told."""
        return flow.transport, flow.local, flow.peer[0] in self.settings.inside

    def contact(self, flow: Flow, *, sips: bool = False) -> str:
        """Our Contact on a flow; `sips` for a dialog that asks for TLS all the way (§12.1.1)."""
        key = self._told(flow), sips
        text = self._contacts.get(key)
        if text is None:
            scheme = "sips" if sips else "sip"
            # A URI names both WebSocket transports `ws` (RFC 7118 §5.2).
            name = "ws" if flow.transport in _NEVER_OPENED else flow.transport.lower()
            transport = "" if name == "udp" else f";transport={name}"
            text = self._contacts[key] = f"<{scheme}:{self.sent_by(flow)}{transport}>"
        return text

    def respond(
        self,
        transaction: ServerTransaction,
        status: int,
        now: float,
        *,
        to_tag: str | None = None,
        headers: Iterable[Header] = (),
        body: bytes = b"",
        reason: str | None = None,
        once: bool = False,
    ) -> bytes:
        """Write a final or a dialog's provisional response, send it, and return it."""
        request = transaction.request
        to = request.headers.get("To") or ""
        if request.to_tag is None:
            to = f"{to};tag={to_tag or self.token()}"
        fields = self._server
        if 100 < status < 300 and request.method in _MAKES_DIALOG:
            fields = self._dialog_fields(request, transaction.flow) + fields
        elif status == 405:
            fields = f"Allow: {self._allow}\r\n{fields}"
        if headers:
            fields += write_fields(headers)
        if body:
            fields += "Content-Type: application/sdp\r\n"
        data = write_reply(request, status, reason, to, fields, body)
        transaction.send(status, data, to, now, once=once)
        return data

    def _dialog_fields(self, request: Request, flow: Flow) -> str:
        """What a response that makes a dialog, or refreshes one, has besides (§12.1.1)."""
        sips = flow.secured and _asks_for_sips(request)
        key = self._told(flow), sips
        ours = self._dialog_texts.get(key)
        if ours is None:
            ours = self._dialog_texts[key] = (
                f"Contact: {self.contact(flow, sips=sips)}\r\n"
                f"Supported: {self._supported}\r\nAllow: {self._allow}\r\n"
            )
        routes = request.headers.fields.get("Record-Route")
        if routes:
            return write_fields(("Record-Route", route) for route in routes) + ours
        return ours

    def equip(self, request: Request, flow: Flow, headers: Iterable[Header] = ()) -> None:
        """Put into a request of ours what its method asks for."""
        fields = request.headers
        if request.method in _MAKES_DIALOG:
            sips = flow.secured and request.uri[:5].lower() == "sips:"
            fields.put("Contact", self.contact(flow, sips=sips))
            fields.put("Allow", self._allow)
            fields.put("Supported", self._supported)
        fields.put("User-Agent", self.settings.user_agent)
        for name, value in headers:
            fields.add(name, value)

    def send_in_dialog(
        self,
        dialog: Dialog,
        method: str,
        user: ClientUser,
        now: float,
        *,
        headers: Iterable[Header] = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> ClientTransaction:
        """Send a request within a dialog along its route set."""
        request = dialog.request(method)
        flow = self.flow_toward(dialog)
        self.equip(request, flow, headers)
        if body:
            request.headers.set("Content-Type", content_type)
            request.body = body
        return self.layer.start_client(request, flow, user, now)

    def flow_toward(self, dialog: Dialog) -> Flow:
        """The way to the dialog's next hop (RFC 3261 §12.2.1.1, §18.1.1).

        The dialog's own flow where the hop is known to lie behind it (a NAT, a connection of the
        peer's), or where its host cannot be resolved.
        """
        own = dialog.flow
        if own.transport in _NEVER_OPENED:
            return own
        hop = dialog.next_hop
        if not hop.is_sip or (hop.host, hop.port) == dialog.known_hop or "ob" in hop.params:
            return own  # `ob`: the peer asks for its own flow (RFC 5626 §4.3)
        transport = transport_of(hop, own.transport)
        address = self.resolve(hop.host, hop.port, transport)
        if address is None:
            return own
        if transport != "UDP" and transport == own.transport and address[0] == own.peer[0]:
            return own  # the peer's connection is used both ways (RFC 5923)
        return Flow(transport, own.local, address)

    def resolve(self, host: str, port: int | None, transport: str) -> tuple[str, int] | None:
        """An address that can be sent to, or None."""
        port = _DEFAULT_PORTS.get(transport, 5060) if port is None else port
        if not 0 < port < 65536:
            return None
        try:
            address = str(ip_address(host))
        except ValueError:
            resolve = self.settings.resolve
            return resolve(host, port, transport) if resolve else None
        return None if is_nowhere(host) else (address, port)


def _asks_for_sips(request: Request) -> bool:
    """Whether the response's Contact must be a SIPS URI (RFC 3261 §12.1.1)."""
    if request.uri[:5].lower() == "sips:":
        return True
    shown = request.headers.all("Record-Route") or request.headers.all("Contact")
    return bool(shown) and "<sips:" in shown[0].lower()


def transport_of(uri: Uri, default: str) -> str:
    """The transport a URI asks for; `default` where it leaves it open."""
    named = uri.param("transport")
    if uri.scheme == "sips":
        return "WSS" if named and named.lower() in ("ws", "wss") else "TLS"
    return named.upper() if named and named.upper() in _DEFAULT_PORTS else default


class Careless:
    """The user of a request whose outcome changes nothing: a BYE, a CANCEL, a PRACK."""

    def on_response(
        self, transaction: ClientTransaction, response: Response, now: float
    ) -> None: ...

    def on_failure(self, transaction: ClientTransaction, status: int, now: float) -> None: ...


CARELESS = Careless()
