"""A mail server that refuses, then hangs, by the real clock: queued, and delivered once."""

import asyncio
import socket
from collections.abc import Callable

from provisioning.clock import wall_time
from provisioning.notify.address import StartTls
from provisioning.notify.model import Mail, MailState, Patience
from provisioning.notify.outbox import Outbox
from provisioning.notify.smtp import MailServer, SmtpPostman, Waits
from provisioning.notify.store import Kept
from tests.support.mail_server import HANG, mail_server
from tests.unit.notify.conftest import SENDER, Post

HURRIED = Patience(first_s=0.05, longest_s=0.2, give_up_s=3600)
"""Delays that a test can wait for; the carrier's own are its settings."""

COMMAND_S = 0.3
"""A server that says nothing for so long hangs."""


async def test_it_waits_in_the_queue_and_goes_once(post: Post) -> None:
    with socket.socket() as closed:  # bound, so that nobody else has it; and nobody listens
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        outbox = opened(post, port)
        await outbox.send(Mail("a@b.example", "once", "text"), key="one")
        await reached(post, lambda mail: mail.attempts >= 2)
    async with mail_server(port=port) as server:
        server.rcpt.extend([HANG] * 1000)
        await server.hanging.wait()
        before = (await post.rows())[0].attempts
        await reached(post, lambda mail: mail.attempts > before)
        assert server.taken == []
        await outbox.stop()
        server.rcpt.clear()
        outbox = opened(post, port)  # the carrier was started again meanwhile
        await post.reaches(MailState.SENT)
        await outbox.deliver_due()
        await outbox.stop()
        assert [mail.subject for mail in server.taken] == ["once"]


def opened(post: Post, port: int) -> Outbox:
    """An outbox that delivers to this port by itself."""
    outbox = Outbox(post.database, post.seal, wall_time, patience=HURRIED)
    waits = Waits(command_s=COMMAND_S, data_s=60)
    postman = SmtpPostman(MailServer("127.0.0.1", port, starttls=StartTls.OFF, waits=waits))
    outbox.start(postman, SENDER)
    return outbox


async def reached(post: Post, met: Callable[[Kept], bool]) -> None:
    """Wait until the one mail, which waits, is like this."""
    async with asyncio.timeout(20):
        while True:
            [mail] = await post.rows()
            assert mail.state is MailState.WAITING
            if met(mail):
                return
