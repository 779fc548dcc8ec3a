"""SIGKILL in the middle of a delivery: the next run delivers what waits, and nothing twice."""

import asyncio
import signal
import sys
from collections import deque
from pathlib import Path

import pytest

from provisioning.notify.model import MailState
from provisioning.notify.smtp import SmtpPostman
from provisioning.office import Office, OfficeSettings
from tests.support.mail_server import HANG, QUICK, TAKE_AND_HANG, ScriptedServer
from tests.unit.notify.conftest import SENDER

REALM = "tokuban"

CHILD = f"""
import asyncio, sys
from pathlib import Path
from provisioning.notify.model import Mail
from provisioning.notify.smtp import SmtpPostman
from provisioning.office import Office, OfficeSettings
from tests.support.mail_server import ScriptedServer
from tests.unit.notify.conftest import SENDER

async def main():
    office = await Office.open(OfficeSettings(Path(sys.argv[1]), {REALM!r}))
    server = ScriptedServer()
    server.port = int(sys.argv[2])
    office.outbox.start(SmtpPostman(server.server()), SENDER)
    await office.outbox.send(Mail("a@b.example", "once", "text"), key="one")
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def killed_while_the_server_hangs(folder: Path, server: ScriptedServer) -> None:
    """Run a carrier's office, and kill it when the server has come to its scripted silence."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(folder), str(server.port)
    )
    try:
        async with asyncio.timeout(60):
            await server.hanging.wait()
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    server.release.set()


@pytest.mark.parametrize(
    ("stage", "script", "state"),
    [
        ("rcpt", HANG, MailState.SENT),
        ("data", TAKE_AND_HANG, MailState.UNSURE),
    ],
    ids=["before the hand-over", "after the server took it, before the note of it"],
)
async def test_it_is_delivered_once(
    tmp_path: Path, server: ScriptedServer, stage: str, script: str, state: MailState
) -> None:
    script_of: deque[str] = getattr(server, stage)
    script_of.append(script)
    await killed_while_the_server_hangs(tmp_path, server)
    office = await Office.open(OfficeSettings(tmp_path, REALM))
    try:
        office.outbox.start(SmtpPostman(server.server(waits=QUICK)), SENDER)
        await office.outbox.stop()
        await office.outbox.deliver_due()
        await office.outbox.deliver_due()
        left = [each.state for each in await office.outbox.unsent()]
    finally:
        await office.close()
    assert [each.subject for each in server.taken] == ["once"]
    assert left == ([] if state is MailState.SENT else [state])
