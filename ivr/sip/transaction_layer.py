"""All transactions of an endpoint: matching, creation, forgetting (RFC 3261 §17.1.3, §17.2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ivr.sip.events import Flow, Transmit
from ivr.sip.message import Request, Response
from ivr.sip.timers import Timers, Timing
from ivr.sip.transaction import ClientTransaction, ClientUser, ServerTransaction, Transaction
from ivr.sip.values import Via

MAGIC_COOKIE = "z9hG4bK"
_BRANCH = re.compile(
    rb"(?P<method>[A-Z]+) [^\r\n]+\r\nVia: [^\r\n]*?;branch=(?P<branch>[A-Za-z0-9]+)(?=[;\r])"
)
"""How a request of ours begins."""
_DEFAULT_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061, "WS": 80, "WSS": 443}


class TransactionLayer:
    """Transactions by key; every lookup is one dictionary access.

    Args:
        sent_by: what our Via says for a flow, as `host:port` text.
        token: a fresh random identifier each call.
    """

    __slots__ = (
        "_by_flow",
        "_fresh",
        "_sent_by",
        "_token",
        "clients",
        "merging",
        "servers",
        "timers",
        "timing",
        "transmits",
    )

    def __init__(
        self, timing: Timing, sent_by: Callable[[Flow], str], token: Callable[[], str]
    ) -> None:
        self.timing = timing
        self.timers = Timers()
        self.transmits: list[Transmit] = []
        self.clients: dict[str, ClientTransaction] = {}
        self.servers: dict[str, ServerTransaction] = {}
        self.merging: dict[str, ServerTransaction] = {}
        self._by_flow: dict[Flow, set[Transaction]] = {}
        self._fresh: list[tuple[ServerTransaction, float]] = []
        self._sent_by = sent_by
        self._token = token

    def send(self, data: bytes, flow: Flow) -> None:
        self.transmits.append(Transmit(flow, data))

    def start_client(
        self, request: Request, flow: Flow, user: ClientUser, now: float
    ) -> ClientTransaction:
        """Send a request under a branch of its own."""
        branch = MAGIC_COOKIE + self._token()
        rport = "" if flow.reliable else ";rport"
        via = f"SIP/2.0/{flow.transport} {self._sent_by(flow)};branch={branch}{rport}"
        request.headers.add_first("Via", via)
        return self._start(f"{branch} {request.method}", request, flow, user, now)

    def start_cancel(
        self, cancel: Request, invite: ClientTransaction, user: ClientUser, now: float
    ) -> ClientTransaction:
        """Send a CANCEL under its INVITE's Via (RFC 3261 §9.1)."""
        cancel.headers.set("Via", invite.request.headers.all("Via")[0])
        branch = invite.key.partition(" ")[0]
        return self._start(f"{branch} CANCEL", cancel, invite.flow, user, now)

    def send_outside(self, request: Request, flow: Flow) -> bytes:
        """Send an ACK for a 2xx: a branch of its own and no transaction (RFC 3261 §13.2.2.4)."""
        branch = MAGIC_COOKIE + self._token()
        via = f"SIP/2.0/{flow.transport} {self._sent_by(flow)};branch={branch}"
        request.headers.add_first("Via", via if flow.reliable else via + ";rport")
        data = request.encode()
        self.send(data, flow)
        return data

    def _start(
        self, key: str, request: Request, flow: Flow, user: ClientUser, now: float
    ) -> ClientTransaction:
        transaction = ClientTransaction(self, key, request, flow, user)
        self.clients[key] = transaction
        self._index(transaction)
        transaction.start(now)
        return transaction

    def start_server(
        self, key: str, request: Request, flow: Flow, reply_flow: Flow, now: float
    ) -> ServerTransaction:
        """Remember a new request; `request`'s top Via carries its source already.

        Its timer is set with the next look at the deadlines: most requests are answered before.
        """
        transaction = ServerTransaction(self, key, request, flow, reply_flow)
        self.servers[key] = transaction
        self._index(transaction)
        self._fresh.append((transaction, now))
        return transaction

    def next_deadline(self) -> float | None:
        """When `fire_due` is next needed, monotonic seconds."""
        if self._fresh:
            self._start_fresh()
        return self.timers.next_deadline()

    def fire_due(self, now: float) -> None:
        """Do what is due by `now`."""
        if self._fresh:
            self._start_fresh()
        self.timers.fire_due(now)

    def _start_fresh(self) -> None:
        fresh, self._fresh = self._fresh, []
        for transaction, received_at in fresh:
            transaction.start(received_at)

    def client_for(self, response: Response) -> ClientTransaction | None:
        """The transaction a response belongs to: top Via's branch and CSeq's method."""
        branch = response.via.branch
        return self.clients.get(f"{branch} {response.cseq.method}") if branch else None

    def remember_merge(self, key: str, transaction: ServerTransaction) -> None:
        """Let the same request on another path be noticed (RFC 3261 §8.2.2.2)."""
        transaction.merge_key = key
        self.merging[key] = transaction

    def forget(self, transaction: Transaction) -> None:
        """Drop a terminated transaction; its user is let go, so that nothing forms a cycle."""
        peers = self._by_flow.get(transaction.flow)
        if peers is not None:
            peers.discard(transaction)
            if not peers:
                del self._by_flow[transaction.flow]
        if isinstance(transaction, ClientTransaction):
            self.clients.pop(transaction.key, None)
            transaction.user = None
        elif isinstance(transaction, ServerTransaction):
            self.servers.pop(transaction.key, None)
            if transaction.merge_key is not None:
                self.merging.pop(transaction.merge_key, None)
            transaction.user = None

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Tell every transaction on the flow."""
        for transaction in list(self._by_flow.get(flow, ())):
            transaction.on_transport_error(now)

    def refused(self, quoted: bytes, flow: Flow, now: float) -> None:
        """Tell the client whose request, of which this is the beginning, did not arrive."""
        found = _BRANCH.match(quoted)
        if found is None:
            return
        transaction = self.clients.get(f"{found['branch'].decode()} {found['method'].decode()}")
        if transaction is not None and transaction.flow.peer == flow.peer:
            transaction.on_transport_error(now)

    def _index(self, transaction: Transaction) -> None:
        self._by_flow.setdefault(transaction.flow, set()).add(transaction)


def server_key(request: Request, method: str) -> str:
    """What a server transaction is found by (RFC 3261 §17.2.3).

    Args:
        method: the request's own, or INVITE to find what an ACK or a CANCEL belongs to.
    """
    via = request.via
    branch = via.params.get("branch")
    if branch and branch[:7] == MAGIC_COOKIE and len(branch) > 7:
        return f"{branch} {via.host.lower()}:{via.port} {method}"
    # An RFC 2543 client; the To tag is left out, since an INVITE's ACK has one and it has none.
    to_tag = "" if method == "INVITE" else request.to_tag
    return (
        f"2543 {request.uri} {via.host.lower()}:{via.port};{branch} {request.call_id}"
        f" {request.from_tag} {to_tag} {request.cseq.number} {method}"
    )


def reply_flow(via: Via, flow: Flow) -> Flow:
    """Where responses go (RFC 3261 §18.2.2, RFC 3581 §4); always a port that can be sent to.

    The address is the packet's source whatever the Via says: `maddr` and `received` of a
    stranger would make us an amplifier.
    """
    if flow.reliable or via.wants_rport:
        return flow
    port = via.port or _DEFAULT_PORTS["UDP"]
    if not 0 < port < 65536 or port == flow.peer[1]:
        return flow
    return Flow(flow.transport, flow.local, (flow.peer[0], port))
