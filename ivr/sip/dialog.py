"""A dialog: the relation between two user agents that outlasts one request (RFC 3261 §12).

It knows nothing of what it is used for; a call (`Session`) is one usage, a subscription another.
"""

from __future__ import annotations

from ivr.sip.events import Flow
from ivr.sip.headers import BadHeader, Headers
from ivr.sip.message import Request, Response
from ivr.sip.uri import Uri, UriError

Hop = tuple[str, int | None]


def dialog_key(call_id: str, local_tag: str, remote_tag: str) -> str:
    """One string for the three parts of a dialog ID; none of them can hold a space."""
    return f"{call_id} {local_tag} {remote_tag}"


class Dialog:
    """State of RFC 3261 §12; `known_hop` is a host and port that `flow` is known to reach."""

    __slots__ = (
        "call_id",
        "flow",
        "key",
        "known_hop",
        "local",
        "local_seq",
        "local_tag",
        "remote",
        "remote_seq",
        "remote_tag",
        "remote_target",
        "route_set",
    )

    def __init__(
        self,
        call_id: str,
        local: tuple[str, str],
        remote: tuple[str, str],
        remote_target: str,
        route_set: list[str],
        flow: Flow,
    ) -> None:
        self.call_id = call_id
        self.local, self.local_tag = local
        self.remote, self.remote_tag = remote
        self.remote_target = remote_target
        self.route_set = route_set
        self.flow = flow
        self.known_hop: Hop | None = None
        self.local_seq = 0
        self.remote_seq: int | None = None
        self.key = dialog_key(call_id, self.local_tag, self.remote_tag)

    @classmethod
    def of_server(cls, request: Request, local_tag: str, flow: Flow) -> Dialog:
        """The dialog our 101 to 2xx makes; the request needs one Contact (§12.1.1).

        Raises:
            BadHeader: no usable Contact, or a Record-Route that is none.
        """
        headers = request.headers
        dialog = cls(
            request.call_id,
            (f"{headers.get('To')};tag={local_tag}", local_tag),
            (headers.get("From") or "", request.from_tag or ""),
            contact_uri(request),
            _route_set(request),
            flow,
        )
        dialog.remote_seq = request.cseq.number
        via = request.via
        if via.host != flow.peer[0]:
            # A NAT stands between: what the Via calls home is reached by the flow alone.
            dialog.known_hop = (via.host, via.port)
        return dialog

    @classmethod
    def of_client(cls, request: Request, response: Response, flow: Flow) -> Dialog:
        """The dialog a peer's 101 to 2xx makes (§12.1.2).

        Raises:
            BadHeader: no To tag, no usable Contact, or a Record-Route that is none.
        """
        remote_tag = response.to_tag
        if not remote_tag:
            raise BadHeader("To", "a response that makes a dialog needs a tag")
        dialog = cls(
            request.call_id,
            (request.headers.get("From") or "", request.from_tag or ""),
            (response.headers.get("To") or "", remote_tag),
            contact_uri(response),
            _route_set(response)[::-1],
            flow,
        )
        dialog.local_seq = request.cseq.number
        target = request.target
        if target.host != flow.peer[0] and not dialog.route_set:
            # Called behind a NAT or a proxy: what it calls home is reached by the flow alone.
            target = Uri.parse(dialog.remote_target)
        dialog.known_hop = (target.host, target.port)
        return dialog

    @property
    def next_hop(self) -> Uri:
        """Where the next request goes first: the topmost route, or the remote target."""
        return _route_uri(self.route_set[0]) if self.route_set else Uri.parse(self.remote_target)

    def is_at(self, host: str) -> bool:
        """Whether the peer is known to be, or to be reached through, a host.

        Its flow's, its Contact's, or a proxy's that keeps on the way; names are not looked up.
        """
        if host == self.flow.peer[0] or host == Uri.parse(self.remote_target).host:
            return True
        return any(host == _route_uri(route).host for route in self.route_set)

    def accept_order(self, number: int) -> bool:
        """Take a request's CSeq number; False when it is out of order (§12.2.2)."""
        if self.remote_seq is not None and number <= self.remote_seq:
            return False
        self.remote_seq = number
        return True

    def refresh(self, message: Request | Response, flow: Flow | None = None) -> None:
        """Follow a new Contact in a target refresh or its 2xx (§12.2); without one, stay."""
        if "Contact" not in message.headers:
            return
        target = contact_uri(message)
        if flow is not None and target != self.remote_target:
            self.flow = flow
        self.remote_target = target

    def request(self, method: str, number: int | None = None) -> Request:
        """A request in the dialog, without Via; `number` for an ACK, else the next (§12.2.1.1)."""
        if number is None:
            self.local_seq += 1
            number = self.local_seq
        target, routes = self.remote_target, self.route_set
        if routes and "lr" not in _route_uri(routes[0]).params:
            # A strict router: its URI becomes the Request-URI, the target goes last.
            target, routes = str(_route_uri(routes[0])), [*routes[1:], f"<{target}>"]
        fields = {"Max-Forwards": ["70"]}
        if routes:
            fields["Route"] = list(routes)
        fields["From"] = [self.local]
        fields["To"] = [self.remote]
        fields["Call-ID"] = [self.call_id]
        fields["CSeq"] = [f"{number} {method}"]
        return Request(method, target, Headers.of(fields), b"")


def check_makes_dialog(request: Request) -> None:
    """Pass an INVITE that `Dialog.of_server` can take.

    Raises:
        BadHeader: no usable Contact, or a Record-Route that is none.
    """
    contact_uri(request)
    _route_set(request)


def contact_uri(message: Request | Response) -> str:
    """The URI of the one Contact (RFC 3261 §8.1.1.8).

    Raises:
        BadHeader: none, several, `*`, or one that is no SIP URI.
    """
    contacts = message.contacts
    if len(contacts) != 1 or contacts[0].is_star:
        raise BadHeader("Contact", "exactly one address is wanted")
    try:
        uri = contacts[0].uri
    except UriError as error:
        raise BadHeader("Contact", str(error)) from None
    if not uri.is_sip:
        raise BadHeader("Contact", "a sip or sips URI is wanted")
    return contacts[0].address


def _route_set(message: Request | Response) -> list[str]:
    """Every Record-Route in wire order, each known to hold a URI."""
    if "Record-Route" not in message.headers:
        return []
    routes = message.headers.all("Record-Route")
    try:
        for route in routes:
            _route_uri(route)
    except UriError as error:
        raise BadHeader("Record-Route", str(error)) from None
    return routes


def _route_uri(route: str) -> Uri:
    address, opened = route, route.find("<")
    if opened >= 0:
        address = route[opened + 1 :].partition(">")[0]
    return Uri.parse(address)
