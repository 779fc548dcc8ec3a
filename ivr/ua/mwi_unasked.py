"""NOTIFY to registered phones that never subscribed, for those that expect it (VM-07).

No standard has them; phones of many makers light their lamp by one. What a phone does not take is
not sent again: the next change, or the next REGISTER, brings the newest state.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from ivr.sip.events import Flow
from ivr.sip.headers import Headers
from ivr.sip.message import Request
from ivr.ua.addresses import address
from ivr.ua.log import Log
from ivr.ua.message_summary import MEDIA_TYPE, PACKAGE, account_at, summary
from ivr.ua.ways import Way
from provisioning.contract import E164, ContractError, Counts, Mailboxes

Ask = Callable[[Request, Flow], Awaitable[int]]
Reach = Callable[[E164], Sequence[Way]]
Subscribed = Callable[[E164, Flow], bool]

_OK = range(200, 300)


class Heralds:
    """Tells registered phones, one NOTIFY at a time each, always the newest state.

    Args:
        ask: sends a request and answers its final status.
        reach: the phones of a line.
        subscribed: whether the phone at the end of a flow is told by subscription.
        here: host and port of ours on a flow.
        code: what a line dials to hear its messages.
        host: the host in addresses of our network.
    """

    def __init__(
        self,
        ask: Ask,
        mailboxes: Mailboxes,
        reach: Reach,
        subscribed: Subscribed,
        here: Callable[[Flow], str],
        code: Callable[[E164], str],
        host: str,
        log: Log,
    ) -> None:
        self._ask, self._mailboxes, self._reach = ask, mailboxes, reach
        self._subscribed, self._here, self._code = subscribed, here, code
        self._host, self._log = host, log
        self._newest: dict[tuple[str, Flow], Counts] = {}
        """By phone that is being told: what it is to know in the end."""
        self._tasks: set[asyncio.Task[None]] = set()

    def changed(self, line: E164, counts: Counts) -> None:
        """Tell the line's phones how its box counts now."""
        for way in self._reach(line):
            if way.flow is None or self._subscribed(line, way.flow):
                continue
            key = way.uri, way.flow
            if key not in self._newest:
                self._go(self._tell(line, way, way.flow))
            self._newest[key] = counts

    def registered(self, line: E164) -> None:
        """A phone of the line registered."""
        self._go(self._greet(line))

    async def close(self) -> None:
        """Tell nobody any more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _greet(self, line: E164) -> None:
        try:
            self.changed(line, await self._mailboxes.counts(line))
        except ContractError as error:
            self._log.debug("lamp.not-told", line=line, error=str(error))

    async def _tell(self, line: E164, way: Way, flow: Flow) -> None:
        key, told = (way.uri, flow), None
        try:
            while (counts := self._newest[key]) != told:
                told = counts
                status = await self._ask(self._written(line, way, flow, counts), flow)
                if status not in _OK:
                    self._log.debug("lamp.not-told", line=line, user=way.whose, status=status)
        finally:
            del self._newest[key]

    def _written(self, line: E164, way: Way, flow: Flow, counts: Counts) -> Request:
        here, token = self._here(flow), secrets.token_hex
        account = account_at(self._code(line), here, flow)
        headers = Headers([("Max-Forwards", "70")])
        for route in way.routes:
            headers.add("Route", route)
        headers.add("From", f"<{address(line, self._host)}>;tag={token(8)}")
        headers.add("To", f"<sip:{way.whose}@{self._host}>")
        headers.add("Call-ID", token(16))
        headers.add("CSeq", "1 NOTIFY")
        headers.add("Contact", f"<{account_at(way.whose, here, flow)}>")
        headers.add("Event", PACKAGE)
        headers.add("Subscription-State", "active")
        headers.add("Content-Type", MEDIA_TYPE)
        return Request("NOTIFY", way.uri, headers, summary(counts, account))
