"""The outbox against a real SMTP server: whatever fails, a mail arrives once (N050-05)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text

from provisioning.contract import OutOfRange, StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.notify import outbox as outbox_module
from provisioning.notify.model import Mail, MailState
from provisioning.notify.outbox import UnknownMail
from provisioning.notify.smtp import Session, SmtpPostman, Waits
from tests.support.mail_server import (
    HANG,
    HANG_UP,
    QUICK,
    TAKE_AND_HANG_UP,
    ScriptedServer,
    mail_server,
)
from tests.unit.notify.conftest import SENDER, Post

WAITING, SENDING, SENT = MailState.WAITING, MailState.SENDING, MailState.SENT
UNSURE, FAILED = MailState.UNSURE, MailState.FAILED

MARKER = "marker-code-482913"
TO = "owner@customer.example"

pytestmark = pytest.mark.rule("N050-05")


def mail(subject: str = "認証コード") -> Mail:
    return Mail(TO, subject, f"コード {MARKER}\n")


class Clinging:
    """A postman whose goodbye takes the first cancellation for nothing."""

    place = "nowhere"

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.held_on = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        yield self
        self.reached.set()
        with suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()
        self.held_on = True

    async def offer(self, sender: str, recipient: str) -> None:
        """Take every envelope."""

    async def withdraw(self) -> None:
        """Have nothing to forget."""

    async def hand_over(self, message: bytes) -> None:
        """Take every mail."""


class TestDelivery:
    """The server takes what it is given."""

    async def test_a_mail_arrives_whole(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)
        await outbox.send(mail(), key="one")
        assert await outbox.deliver_due() is None
        [taken] = server.taken
        assert (taken.subject, taken.to, taken.text) == ("認証コード", TO, f"コード {MARKER}\n")
        assert taken.sender == "特番通信サービス <noreply@tokuban.example>"
        [row] = await post.rows()
        assert (row.state, row.sealed, row.message_id) == (SENT, None, taken.message_id)

    async def test_many_go_over_one_connection(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)
        for number in range(5):
            await outbox.send(mail(str(number)), key=f"mail {number}")
        await outbox.deliver_due()
        assert [each.subject for each in server.taken] == list("01234")
        assert len(server.connections) == 1

    async def test_one_occasion_has_one_mail(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)
        await outbox.send(mail("first"), key="order N00000001")
        await outbox.deliver_due()
        await outbox.send(mail("again"), key="order N00000001")
        await outbox.deliver_due()
        assert [each.subject for each in server.taken] == ["first"]

    async def test_what_was_not_done_is_not_told(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)

        async def work(connection: Connection) -> None:
            await outbox.add(connection, mail(), key="one")
            raise OutOfRange("the change fails")

        with pytest.raises(OutOfRange):
            await post.database.write(work)
        await outbox.deliver_due()
        assert (await post.rows(), server.taken) == ([], [])

    async def test_it_goes_as_soon_as_the_change_is_durable(
        self, post: Post, server: ScriptedServer
    ) -> None:
        """No clock moves here: the delivery is woken."""
        outbox = post.outbox()
        outbox.start(SmtpPostman(server.server(waits=QUICK)), SENDER)
        await outbox.send(mail(), key="one")
        await post.reaches(SENT)
        await outbox.stop()
        assert len(server.taken) == 1

    async def test_it_ends_even_where_a_cancellation_is_lost(self, post: Post) -> None:
        """As `asyncio.wait_for` loses one before Python 3.12, when the answer is just there."""
        clinging = Clinging()
        outbox = post.outbox()
        outbox.start(clinging, SENDER)
        await outbox.send(mail(), key="one")
        await clinging.reached.wait()
        await outbox.stop()
        assert clinging.held_on

    async def test_long_ended_mails_are_forgotten(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)
        for key in ("old", "waiting", "new"):
            server.rcpt.extend(["451 busy"] if key == "waiting" else [])
            await outbox.send(mail(key), key=key)
            await outbox.deliver_due()
            post.now += outbox_module.KEPT_S / 4
        post.now += outbox_module.KEPT_S / 3
        await outbox.deliver_due()
        assert [row.occasion for row in await post.rows()] == ["waiting", "new"]

    async def test_at_rest_its_text_is_sealed(self, post: Post) -> None:
        await post.outbox().send(mail(), key="one")
        [row] = await post.rows()
        assert row.sealed is not None
        assert MARKER not in repr(row) + row.sealed.decode("latin-1")


class TestRefusals:
    """The server does not take a mail, or nobody is there (fault 16)."""

    async def test_nobody_answers_then_it_is_delivered_once(self, post: Post) -> None:
        async with mail_server() as gone:
            port = gone.port
        outbox = await post.delivering(gone)
        await outbox.send(mail(), key="one")
        due_at = await outbox.deliver_due()
        assert due_at == post.now + 5
        assert await post.states() == [WAITING]
        async with mail_server(port=port) as back:
            await outbox.deliver_due()
            assert back.taken == []
            post.now = due_at
            assert await outbox.deliver_due() is None
            assert await outbox.deliver_due() is None
            assert len(back.taken) == 1

    async def test_each_delay_is_twice_the_last_up_to_half_an_hour(
        self, post: Post, server: ScriptedServer
    ) -> None:
        outbox = await post.delivering(server)
        server.rcpt.extend(["451 busy"] * 12)
        await outbox.send(mail(), key="one")
        delays = []
        for _ in range(12):
            due_at = await outbox.deliver_due()
            assert due_at is not None
            delays.append(due_at - post.now)
            post.now = due_at
        assert delays == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800]
        assert await outbox.deliver_due() is None
        assert len(server.taken) == 1

    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    async def test_not_now_is_tried_again(
        self, post: Post, server: ScriptedServer, stage: str
    ) -> None:
        outbox = await post.delivering(server)
        getattr(server, stage).append("451 4.3.0 busy")
        await outbox.send(mail(), key="one")
        post.now = await outbox.deliver_due() or 0
        [row] = await post.rows()
        assert (row.state, row.reason) == (WAITING, "the server answered 451")
        await outbox.deliver_due()
        assert [len(server.taken), await post.states()] == [1, [SENT]]

    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    async def test_never_is_the_end_and_the_next_mail_goes(
        self, post: Post, server: ScriptedServer, stage: str
    ) -> None:
        outbox = await post.delivering(server)
        getattr(server, stage).append("550 5.1.1 no such mailbox")
        await outbox.send(mail("first"), key="one")
        await outbox.send(mail("second"), key="two")
        assert await outbox.deliver_due() is None
        failed, sent = await post.rows()
        assert (failed.state, failed.sealed, sent.state) == (FAILED, None, SENT)
        assert [each.subject for each in server.taken] == ["second"]
        assert [each.id for each in await outbox.unsent()] == [failed.id]

    async def test_when_the_server_is_back_nobody_waits_out_the_delay(
        self, post: Post, server: ScriptedServer
    ) -> None:
        outbox = await post.delivering(server)
        server.rcpt.append(HANG_UP)
        await outbox.send(mail("first"), key="one")
        await outbox.deliver_due()
        await outbox.send(mail("second"), key="two")
        await outbox.deliver_due()
        await outbox.deliver_due()
        assert sorted(each.subject for each in server.taken) == ["first", "second"]

    async def test_after_four_days_it_is_given_up(self, post: Post, server: ScriptedServer) -> None:
        outbox = await post.delivering(server)
        await outbox.send(mail(), key="one")
        post.now += 4 * 86_400 + 1
        assert await outbox.deliver_due() is None
        [row] = await post.rows()
        assert (row.state, row.sealed, server.taken) == (FAILED, None, [])

    async def test_a_clock_that_was_turned_back_delays_nothing(
        self, post: Post, server: ScriptedServer
    ) -> None:
        outbox = await post.delivering(server)
        await outbox.send(mail(), key="one")
        post.now -= 10_800
        await outbox.deliver_due()
        assert len(server.taken) == 1


class TestHanging:
    """The server is silent for a long while (fault 16); RFC 5321 §4.5.3.2 lets it be."""

    @pytest.mark.parametrize("stage", ["rcpt", "data"])
    async def test_one_that_answers_late_gets_the_mail_once(
        self, post: Post, server: ScriptedServer, stage: str
    ) -> None:
        getattr(server, stage).append(HANG)
        outbox = post.outbox()
        outbox.start(SmtpPostman(server.server()), SENDER)  # waits as long as the RFC asks
        await outbox.send(mail(), key="one")
        await server.hanging.wait()
        post.now += 60
        assert await post.states() == [SENDING if stage == "data" else WAITING]
        server.release.set()
        await post.reaches(SENT)
        await outbox.stop()
        assert len(server.taken) == 1

    async def test_one_that_says_nothing_before_the_mail_is_tried_again(
        self, post: Post, server: ScriptedServer
    ) -> None:
        server.rcpt.append(HANG)
        impatient = server.server(waits=Waits(command_s=0.05, data_s=5))
        outbox = await post.delivering(SmtpPostman(impatient))
        await outbox.send(mail(), key="one")
        post.now = await outbox.deliver_due() or 0
        [row] = await post.rows()
        assert (row.state, row.reason) == (WAITING, "the server did not answer in time")

    async def test_stopping_does_not_wait_for_a_server_that_hangs_before_the_mail(
        self, post: Post, server: ScriptedServer
    ) -> None:
        server.rcpt.append(HANG)
        outbox = post.outbox()
        outbox.start(SmtpPostman(server.server()), SENDER)
        await outbox.send(mail(), key="one")
        await server.hanging.wait()
        await outbox.stop(grace_s=3600)
        assert await post.states() == [WAITING]


class TestDoubt:
    """The connection, the program or the storage ends between "taken" and the note of it."""

    @pytest.fixture(params=[HANG_UP, TAKE_AND_HANG_UP])
    def broken_off(
        self, request: pytest.FixtureRequest, post: Post, server: ScriptedServer
    ) -> ScriptedServer:
        """A server that hung up on the first mail, having taken it or not."""
        server.data.append(request.param)
        return server

    async def test_a_doubtful_mail_is_held_and_never_sent_by_itself(
        self, post: Post, broken_off: ScriptedServer
    ) -> None:
        outbox = await post.delivering(broken_off)
        await outbox.send(mail(), key="one")
        assert await outbox.deliver_due() is None
        assert await post.states() == [UNSURE]
        taken = len(broken_off.taken)
        for _ in range(3):
            post.now += 86_400
            again = await post.delivering(broken_off)
            await again.deliver_due()
        assert len(broken_off.taken) == taken

    async def test_somebody_who_knows_may_have_it_sent_again(
        self, post: Post, server: ScriptedServer
    ) -> None:
        server.data.append(HANG_UP)
        outbox = await post.delivering(server)
        await outbox.send(mail(), key="one")
        await outbox.deliver_due()
        [row] = await post.rows()
        await outbox.resend(row.id)
        await outbox.deliver_due()
        assert [each.message_id for each in server.taken] == [row.message_id]
        with pytest.raises(UnknownMail):
            await outbox.resend(row.id)

    async def test_a_doubtful_text_is_erased_when_it_is_too_old(
        self, post: Post, broken_off: ScriptedServer
    ) -> None:
        outbox = await post.delivering(broken_off)
        await outbox.send(mail(), key="one")
        await outbox.deliver_due()
        post.now += 4 * 86_400 + 1
        await outbox.deliver_due()
        [row] = await post.rows()
        assert (row.state, row.sealed) == (UNSURE, None)
        with pytest.raises(UnknownMail):
            await outbox.resend(row.id)

    async def test_toward_a_server_that_knows_repeats_it_goes_again_as_the_same_message(
        self, post: Post, server: ScriptedServer
    ) -> None:
        server.data.append(TAKE_AND_HANG_UP)
        outbox = await post.delivering(server, knows_repeats=True)
        await outbox.send(mail(), key="one")
        post.now = await outbox.deliver_due() or 0
        await outbox.deliver_due()
        first, second = server.taken
        assert first == second
        assert await post.states() == [SENT]

    async def test_a_leftover_of_an_earlier_run_is_in_doubt(
        self, post: Post, server: ScriptedServer
    ) -> None:
        await post.outbox().send(mail(), key="one")
        await _left_sending(post)
        outbox = await post.delivering(server)
        await outbox.deliver_due()
        if post.database.is_postgresql:  # another process may still wait for the answer
            assert await post.states() == [SENDING]
            post.now += outbox_module.DOUBT_AFTER_S
            await outbox.deliver_due()
        assert (await post.states(), server.taken) == ([UNSURE], [])

    async def test_what_the_server_took_is_noted_when_the_storage_is_back(
        self, post: Post, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outbox = await post.delivering(server)
        await outbox.send(mail(), key="one")
        writes, write = [], post.database.write

        async def away_at_the_second(*work: object, **more: object) -> object:
            writes.append(work)
            if len(writes) == 2:
                raise StorageUnavailable("away")
            return await write(*work, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(post.database, "write", away_at_the_second)
        with pytest.raises(StorageUnavailable):
            await outbox.deliver_due()
        assert (len(server.taken), await post.states()) == (1, [SENDING])
        post.now += 2 * outbox_module.DOUBT_AFTER_S
        await outbox.deliver_due()
        assert (len(server.taken), await post.states()) == (1, [SENT])

    async def test_two_processes_hand_it_over_once(
        self, post: Post, server: ScriptedServer
    ) -> None:
        server.data.append(HANG)
        outboxes = [await post.delivering(server) for _ in range(2)]
        await outboxes[0].send(mail(), key="one")
        rounds = [
            asyncio.create_task(each._delivery.round()) for each in outboxes if each._delivery
        ]
        await server.hanging.wait()
        server.release.set()
        await asyncio.gather(*rounds)
        assert (len(server.taken), await post.states()) == (1, [SENT])


async def _left_sending(post: Post) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute(text("UPDATE outbox SET state = 'sending'"))

    await post.database.write(work)
