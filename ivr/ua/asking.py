"""Requests of ours outside of any dialog, each asked of one address and waited for."""

import asyncio

from ivr.net.driver import Driver
from ivr.sip.events import Flow, ResponseReceived, TransactionTimedOut
from ivr.sip.message import Request, Response
from ivr.sip.transaction import ClientTransaction

_FINAL = 200


class Asking:
    """Sends requests and answers how they ended; the agent gives it the events of its own ones."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._asked: dict[ClientTransaction, asyncio.Future[Response]] = {}

    async def ask(self, request: Request, flow: Flow) -> int:
        """The status of the final response, see `send`."""
        return (await self.send(request, flow)).status

    async def send(self, request: Request, flow: Flow) -> Response:
        """The final response; 408 or 503 of ours when none came (RFC 3261 §8.1.3.1)."""
        ended: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        with self._driver.turn() as now:
            transaction = self._driver.endpoint.request(request, flow, now)
            self._asked[transaction] = ended
        try:
            return await ended
        finally:
            self._asked.pop(transaction, None)

    def handle(self, event: ResponseReceived | TransactionTimedOut) -> None:
        """Take what became of a request; one that nobody waits for any longer is let go."""
        got = event.response if isinstance(event, ResponseReceived) else Response(event.status)
        if got.status < _FINAL:
            return
        ended = self._asked.pop(event.transaction, None)
        if ended is not None and not ended.done():
            ended.set_result(got)
