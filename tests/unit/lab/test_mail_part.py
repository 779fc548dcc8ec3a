"""Mail as a part of the carrier: its settings, its port, and the way from an office to a code."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from lab.configuration import load
from lab.errors import Refused
from lab.mail_part import USUAL_PORT, MailPart
from lab.mail_settings import MailSettings
from provisioning.contract import Language
from provisioning.office import Office, OfficeSettings
from tests.support.mail_server import mail_server

TO = "owner@customer.example"
MARKER = "marker-password-5521"


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[Office]:
    office = await Office.open(OfficeSettings(tmp_path, "tokuban"))
    yield office
    await office.close()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tokuban.toml of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)


async def write_code(office: Office) -> None:
    await office._database.write(
        lambda connection: office.mails.code(connection, TO, Language.JA, "048291", 10)
    )


@pytest.mark.rule("N050-05")
async def test_without_a_server_the_laboratory_catches_what_the_office_writes(
    on_sqlite: Office,
) -> None:
    part = MailPart(MailSettings(catcher_port=0), on_sqlite)
    await part.start()
    await write_code(on_sqlite)
    found = await on_sqlite.caught.latest_code(to=TO, wait_s=20)
    await part.stop(5)
    assert found is not None
    assert found.code == "048291"


@pytest.mark.rule("N050-05")
async def test_with_a_server_it_goes_there_and_the_catcher_still_takes_others(
    on_sqlite: Office,
) -> None:
    async with mail_server() as server:
        settings = MailSettings(
            server=f"smtp://tokuban:{MARKER}@127.0.0.1:{server.port}",  # type: ignore[arg-type]
            starttls="off",  # type: ignore[arg-type]
            catcher_port=0,
        )
        part = MailPart(settings, on_sqlite)
        await part.start()
        await write_code(on_sqlite)
        await on_sqlite.outbox.deliver_due()
        await part.stop(5)
        assert server.logins == [(b"tokuban", MARKER.encode())]
        assert [each.to for each in server.taken] == [TO]
    assert part.port
    assert await on_sqlite.caught.list() == ()


async def test_with_neither_the_mails_wait(on_sqlite: Office) -> None:
    part = MailPart(MailSettings(), on_sqlite, catches=False)
    await part.start()
    await write_code(on_sqlite)
    await part.stop(5)
    assert part.port is None
    assert len(await on_sqlite.outbox.unsent()) == 1


async def test_the_usual_port_gives_way_and_a_chosen_one_does_not(on_sqlite: Office) -> None:
    with ExitStack() as held:
        with suppress(OSError):  # whoever else has it serves as well
            held.enter_context(socket.create_server(("127.0.0.1", USUAL_PORT)))
        part = MailPart(MailSettings(), on_sqlite)
        await part.start()
        await part.stop(1)
        assert part.port not in (None, USUAL_PORT)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = holder.getsockname()[1]
        with pytest.raises(Refused, match=f"mail port 127.0.0.1:{taken} is used by another"):
            await MailPart(MailSettings(catcher_port=taken), on_sqlite).start()


def test_settings_say_what_is_wrong_and_never_the_login() -> None:
    with pytest.raises(Refused) as refused:
        load(None, {"TOKUBAN__MAIL__SERVER": f"http://user:{MARKER}@host"})
    assert "TOKUBAN__MAIL__SERVER: mail.server: this is no mail server" in str(refused.value)
    assert MARKER not in str(refused.value)
    with pytest.raises(Refused, match=r"mail\.sender: this is no sender"):
        load(None, {"TOKUBAN__MAIL__SENDER": "nobody"})
    with pytest.raises(Refused, match=r"mail\.starttls"):
        load(None, {"TOKUBAN__MAIL__STARTTLS": "perhaps"})
    given = load(None, {"TOKUBAN__MAIL__SERVER": f"smtps://user:{MARKER}@mail.example"})
    assert given.mail.server is not None
    assert MARKER not in repr(given)


@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0", "::1"])
async def test_the_catcher_listens_where_it_is_told_and_is_reached_there(
    on_sqlite: Office, host: str
) -> None:
    part = MailPart(MailSettings(catcher_host=host, catcher_port=0), on_sqlite)
    await part.start()
    await write_code(on_sqlite)
    found = await on_sqlite.caught.latest_code(to=TO, wait_s=20)
    await part.stop(5)
    assert found is not None


async def test_an_address_of_another_host_is_refused(on_sqlite: Office) -> None:
    with pytest.raises(Refused, match=r"mail cannot listen on 192\.0\.2\.1"):
        await MailPart(MailSettings(catcher_host="192.0.2.1"), on_sqlite).start()
