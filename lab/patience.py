"""HTTP/1.1 as uvicorn speaks it, with an end to waiting for requests that never become whole."""

import asyncio
from typing import ClassVar, Literal

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

Stage = Literal["headers", "body"]

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
"""RFC 9110 §15.5.9."""


class PatientProtocol(H11Protocol):
    """Gives up on who sends half a request and holds the connection (A: both times).

    The time runs from the connection, or from the first byte behind an answer, to the last
    header, and anew from there to the end of the body.
    """

    within_s: ClassVar[dict[Stage, float]] = {"headers": 10.0, "body": 60.0}

    _stage: Stage | None = None
    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait_for("headers")

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request and see what is missing."""
        super().data_received(data)
        self._wait_for(self._missing())

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._wait_for(None)
        super().connection_lost(exc)

    def _missing(self) -> Stage | None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return "headers"
        return "body" if cycle.more_body else None

    def _wait_for(self, stage: Stage | None) -> None:
        if stage == self._stage:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._stage, self._alarm = stage, None
        if stage is not None:
            self._alarm = self.loop.call_later(self.within_s[stage], self._give_up)

    def _give_up(self) -> None:
        if self._missing() == self._stage and not self.transport.is_closing():
            if self._stage == "headers":
                self.transport.write(TOO_SLOW)
            self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: a server may ignore Upgrade and answer (RFC 9110 §7.8)."""
