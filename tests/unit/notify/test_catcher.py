"""The laboratory's own mail server: it takes mail from anybody on this host, and ours once."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from provisioning.db.connection import Connection
from provisioning.notify.address import StartTls
from provisioning.notify.catcher import Catcher
from provisioning.notify.caught import CaughtMails
from provisioning.notify.mails import Mails
from provisioning.notify.model import Mail, MailState
from provisioning.notify.outbox import Outbox
from provisioning.notify.smtp import MailServer, SmtpPostman
from tests.support.mail_server import QUICK
from tests.unit.notify.conftest import Post

TO = "owner@customer.example"


class Lab:
    """A running catcher."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.caught = CaughtMails(post.database, post.seal, lambda: post.now, most=5)
        self.catcher = Catcher(self.caught)
        self.port = 0

    async def start(self) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        await self.catcher.start(listening)

    def postman(self) -> SmtpPostman:
        place = MailServer("127.0.0.1", self.port, starttls=StartTls.OFF, waits=QUICK)
        return SmtpPostman(place)

    async def outbox(self) -> Outbox:
        return await self.post.delivering(self.postman(), knows_repeats=True)

    async def subjects(self) -> list[str]:
        return [each.subject for each in await self.caught.list()]


@pytest.fixture
async def lab(post: Post) -> AsyncIterator[Lab]:
    """A catcher on a free port."""
    lab = Lab(post)
    await lab.start()
    try:
        yield lab
    finally:
        await lab.catcher.stop()


def other_program(port: int, subject: str, **login: str) -> None:
    """Send as a program does that knows nothing of us."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ci@app.example", TO, subject
    message["Message-ID"] = "<the-same@app.example>"
    message.set_content("code: 774411")
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        if login:
            client.login(login["user"], login["password"])
        client.send_message(message)


@pytest.mark.rule("N050-05")
async def test_a_code_of_the_office_is_found(lab: Lab) -> None:
    outbox = await lab.outbox()
    mails = Mails(outbox)
    for code in ("111111", "222222"):
        await lab.post.database.write(lambda c, code=code: mails.code(c, TO, "ja", code, 10))  # type: ignore[misc, arg-type]
        await outbox.deliver_due()
    found = await lab.caught.latest_code(to=TO.upper())
    assert found is not None
    assert found.code == "222222"
    assert await lab.caught.latest_code(to="somebody@else.example") is None
    assert await lab.caught.latest_code(to=TO, after=found.caught.id) is None


async def test_whoever_waits_for_a_code_gets_it_when_it_comes(lab: Lab) -> None:
    waiting = asyncio.create_task(lab.caught.latest_code(to=TO, wait_s=20))
    await asyncio.to_thread(other_program, lab.port, "no code asked for yet")
    found = await waiting
    assert found is not None
    assert found.code == "774411"
    assert await lab.caught.latest_code(after=found.caught.id, wait_s=0.01) is None


async def test_other_programs_may_repeat_themselves_and_log_in(lab: Lab) -> None:
    for number in range(2):
        await asyncio.to_thread(other_program, lab.port, str(number))
    await asyncio.to_thread(other_program, lab.port, "2", user="any", password="thing")
    assert await lab.subjects() == ["2", "1", "0"]


async def test_only_the_newest_are_kept_and_ids_never_return(lab: Lab) -> None:
    for number in range(7):
        await lab.caught.take("a@b.example", (TO,), b"Subject: %d\r\n\r\n" % number)
    assert await lab.subjects() == ["6", "5", "4", "3", "2"]
    newest = (await lab.caught.list())[0].id
    assert await lab.caught.forget() == 5
    await lab.caught.take("a@b.example", (TO,), b"Subject: again\r\n\r\n")
    assert (await lab.caught.list())[0].id > newest


async def test_at_rest_a_caught_mail_is_sealed(lab: Lab) -> None:
    await asyncio.to_thread(other_program, lab.port, "subject")

    async def work(connection: Connection) -> bytes:
        found = await connection.execute(text("SELECT sealed FROM caught_mails"))
        return bytes(found.scalar_one())

    assert b"774411" not in await lab.post.database.read(work)


@pytest.mark.parametrize("died", ["before the server took it", "after the server took it"])
async def test_a_death_in_the_middle_of_the_hand_over_neither_loses_nor_doubles(
    lab: Lab, died: str
) -> None:
    """The row says "sending", as SIGKILL leaves it; the next run begins."""
    outbox = await lab.outbox()
    await outbox.send(Mail(TO, "once", "text"), key="one")
    [begun] = await lab.post.rows()
    if died.startswith("after"):
        await outbox.deliver_due()
    await lab.post.database.write(
        lambda connection: connection.execute(
            text("UPDATE outbox SET state = 'sending', sealed = :sealed"), {"sealed": begun.sealed}
        )
    )
    again = await lab.outbox()
    due_at = await again.deliver_due()
    if lab.post.database.is_postgresql:
        lab.post.now += 901
        due_at = await again.deliver_due()
    lab.post.now = due_at or lab.post.now
    await again.deliver_due()
    assert await lab.subjects() == ["once"]
    assert await lab.post.states() == [MailState.SENT]
