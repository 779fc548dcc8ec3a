"""The callee's side of an INVITE: what goes back until the answer is acknowledged."""

from __future__ import annotations

from collections.abc import Callable

from ivr.sip.core import Core, Header
from ivr.sip.session_reliable import Provisional, Reliable, Repeater
from ivr.sip.transaction import ServerTransaction
from ivr.sip.transaction_tables import State as TransactionState

Headers = tuple[Header, ...]


class IncomingInvite:
    """Answers the INVITE that began a session.

    Args:
        no_ack: called when the 2xx was never acknowledged.
        no_prack: called when a reliable provisional response was never acknowledged.
    """

    __slots__ = ("_core", "_deferred", "_no_ack", "_repeater", "_required", "_settled",
                 "_to_tag", "reliable", "transaction")  # fmt: skip

    def __init__(
        self,
        core: Core,
        transaction: ServerTransaction,
        to_tag: str,
        no_ack: Callable[[float], None],
        no_prack: Callable[[float], None],
    ) -> None:
        peer = transaction.request.headers
        self._core = core
        self.transaction = transaction
        self._to_tag = to_tag
        self._no_ack = no_ack
        self._repeater: Repeater | None = None
        self._deferred: tuple[bytes, Headers] | None = None
        self._settled = False
        self._required = "Require" in peer and "100rel" in peer.tokens("Require")
        able = self._required or ("Supported" in peer and "100rel" in peer.tokens("Supported"))
        self.reliable = Reliable(core, transaction, to_tag, no_prack) if able else None

    def provisional(self, status: int, sdp: bytes, headers: Headers, now: float) -> bool:
        """Send a 101 to 199; True when it goes reliably (RFC 3262 §3).

        An offer may travel only in a reliable response, so a caller who left the offer to us and
        cannot PRACK hears nothing before the answer (RFC 3261 §13.2.1).
        """
        if self.reliable is not None and (sdp or self._required):
            self.reliable.send(Provisional(status, headers, sdp), now)
            return True
        body = sdp if self.transaction.request.body else b""
        self._core.respond(
            self.transaction, status, now, to_tag=self._to_tag, headers=headers, body=body
        )
        return False

    def answer(self, sdp: bytes, headers: Headers, now: float) -> None:
        """Send the 2xx, or keep it until the description under way is acknowledged."""
        if self.reliable is not None and self.reliable.blocks_answer:
            self._deferred = (sdp, headers)
            return
        if self.reliable is not None:
            self.reliable.stop()
        # What a reliable response has settled is not said twice (RFC 3262 §5).
        body = b"" if self._settled else sdp
        data = self._core.respond(
            self.transaction, 200, now, to_tag=self._to_tag, headers=headers, body=body
        )
        self._repeater = Repeater(
            self._core,
            data,
            self.transaction.reply_flow,
            self._no_ack,
            now,
            self._core.settings.timing.t2_s,
        )

    def refuse(
        self, status: int, headers: Headers, now: float, *, reason: str | None = None
    ) -> None:
        """Send a final 3xx to 6xx."""
        if self.reliable is not None:
            self.reliable.stop()
        self._core.respond(
            self.transaction, status, now, to_tag=self._to_tag, headers=headers, reason=reason
        )

    def receive_prack(self, rack: str | None, now: float) -> Provisional | None:
        """Take a PRACK; None when it fits nothing, which is answered 481 (RFC 3262 §3)."""
        done = self.reliable.acknowledge(rack, now) if self.reliable is not None else None
        if done is not None and done.sdp:
            self._settled = True
        return done

    def send_deferred(self, now: float) -> None:
        """Send the 2xx that waited for a PRACK, if one does."""
        if self._deferred is not None:
            (sdp, headers), self._deferred = self._deferred, None
            self.answer(sdp, headers, now)

    def stop(self, now: float) -> None:
        """Repeat nothing more; an INVITE that is still unanswered gets 487 (RFC 3261 §15.1.2)."""
        if self._repeater is not None:
            self._repeater.stop()
            self._repeater = None
        if self.transaction.state is TransactionState.PROCEEDING:
            self.refuse(487, (), now)
