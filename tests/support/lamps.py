"""Boxes of which only the counts matter, and a phone of strings that watches one."""

import asyncio
from collections.abc import Callable
from typing import cast

from ivr.sip.digest import authorize
from ivr.sip.message import Message, Request, Response, parse, response_to
from provisioning.contract import E164, Counts, Mailboxes, NotContracted, StorageUnavailable
from tests.support.switchboard import PASSWORD, USER


class CountedBoxes:
    """How boxes count, for who watches them; a line without an entry has no voicemail."""

    def __init__(self) -> None:
        self.rows: dict[E164, Counts] = {}
        self.watchers: list[Callable[[E164, Counts], None]] = []
        self.away = False
        self.held: asyncio.Event | None = None
        """Answers wait for it."""

    async def counts(self, line: E164) -> Counts:
        if self.away:
            raise StorageUnavailable("the database is away")
        if line not in self.rows:
            raise NotContracted(f"{line} has no voicemail")
        counted = self.rows[line]
        if self.held is not None:
            await self.held.wait()
        return counted

    def now_has(self, line: E164, new: int, saved: int = 0) -> None:
        """Change a box and tell who watches."""
        self.rows[line] = Counts(new, saved)
        for told in self.watchers:
            told(line, self.rows[line])

    @property
    def port(self) -> Mailboxes:
        """These as the port of which they have the counts."""
        return cast(Mailboxes, self)


class Watcher(asyncio.DatagramProtocol):
    """A phone that subscribes and answers each NOTIFY with `says`."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Response] = asyncio.Queue()
        self.told: asyncio.Queue[Request] = asyncio.Queue()
        self.heard: set[str] = set()
        self.says: int | None = 200
        self.count = 0
        self.to_tag = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: object) -> None:
        message: Message = parse(data)
        if isinstance(message, Response):
            self.answers.put_nowait(message)
        elif isinstance(message, Request):
            known = f"{message.call_id} {message.cseq.number}"
            if known not in self.heard:  # it may come again, as long as no answer has arrived
                self.told.put_nowait(message)
            self.heard.add(known)
            if self.says is not None:
                self.transport.sendto(response_to(message, self.says, to_tag="phone").encode())

    async def notified(self) -> Request:
        """The next NOTIFY."""
        async with asyncio.timeout(20):
            return await self.told.get()

    async def send(
        self,
        *fields: str,
        to: str = USER,
        event: str = "message-summary",
        expires: int | None = 600,
        contact: str | None = None,
        dialog: str = "watch",
    ) -> Response:
        self.count += 1
        uri = f"sip:{to}@tokuban"
        tag = f";tag={self.to_tag}" if self.to_tag else ""
        lines = [
            f"SUBSCRIBE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{id(self)}{self.count}",
            "From: <sip:someone@tokuban>;tag=1",
            f"To: <{uri}>{tag}",
            f"Call-ID: {dialog}{id(self)}",
            f"CSeq: {self.count} SUBSCRIBE",
            "Max-Forwards: 70",
            f"Contact: <sip:phone@127.0.0.1:{contact or self.port}>",
            *([f"Event: {event}"] if event else []),
            *([f"Expires: {expires}"] if expires is not None else []),
            *fields,
            "Content-Length: 0",
        ]
        self.transport.sendto("\r\n".join(lines).encode() + b"\r\n\r\n")
        async with asyncio.timeout(20):
            while (answer := await self.answers.get()).status < 200:
                pass
            return answer

    async def subscribe(self, *fields: str, user: str = USER, **parts: object) -> Response:
        """Ask, be challenged, ask again with credentials."""
        challenged = await self.send(*fields, **parts)  # type: ignore[arg-type]
        assert challenged.status == 401
        to = parts.get("to", USER)
        value = authorize(
            challenged.headers.all("WWW-Authenticate"),
            user=user,
            password=PASSWORD,
            method="SUBSCRIBE",
            uri=f"sip:{to}@tokuban",
            cnonce=str(self.count),
        )
        answer = await self.send(f"Authorization: {value}", *fields, **parts)  # type: ignore[arg-type]
        if answer.status == 200:
            self.to_tag = answer.to_tag or ""
        return answer
