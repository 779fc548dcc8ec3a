"""Passwords, codes and tokens are found nowhere but where their owner sees them (N050-08)."""

import asyncio
import logging
import traceback
from pathlib import Path

import pytest
from sqlalchemy import Connection as Driver
from sqlalchemy import MetaData, select

from provisioning.contract import ContractError
from provisioning.db.connection import Connection
from provisioning.notify import mails
from provisioning.office import Office, OfficeSettings
from provisioning.selfcare import secret
from tests.support.selfcare import (
    CUSTOMER,
    HOME,
    ID,
    OPERATOR,
    PASSWORD,
    Counter,
    open_counter,
    wrong,
)

pytestmark = pytest.mark.rule("N050-08")

MARKED = "marker-password-4e1d"


async def _use(counter: Counter) -> dict[str, str]:
    """Every way a secret takes; what was secret, by name."""
    refused = await counter.selfcare.begin(MARKED, "marker-wrong-77aa", address=HOME)
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    await counter.refused(ticket.value, wrong(code))
    cookie, session = await counter.selfcare.finish(ticket.value, code, address=HOME)
    form = await counter.selfcare.form_token(session)
    next_cookie, again = await counter.selfcare.change_password(
        session, PASSWORD, "marker-new-password-5", origin=CUSTOMER
    )
    await counter.selfcare.change_mail(
        again, "new@customer.example", "marker-new-password-5", origin=CUSTOMER
    )
    mail_code = counter.letterbox.code_seen
    reset = await counter.selfcare.reset(counter.contracts[1], origin=OPERATOR)
    shown = repr([refused, ticket, session, again, reset, counter.selfcare])
    secrets = {
        "password typed as ID": MARKED,
        "wrong password": "marker-wrong-77aa",
        "password": PASSWORD,
        "new password": "marker-new-password-5",
        "made-up password": reset.password,
        "ticket": ticket.value,
        "decoy": refused.value,
        "cookie": cookie,
        "next cookie": next_cookie,
        "device": session.device,
        "csrf": session.csrf,
        "next csrf": again.csrf,
        "mail ticket": secret.mail_ticket(again.csrf),
        "form token": form,
    }
    assert [name for name, value in secrets.items() if value in shown] == []
    return secrets | {"code": code, "mail code": mail_code}


async def test_the_database_the_logs_and_the_audit_hold_none(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "sqlalchemy.engine")
    async with open_counter(database_url) as counter:
        secrets = await _use(counter)
        cells = await counter.database.read(_cells)
        audit = repr(await counter.told())
    assert len(cells) > 100
    assert "INSERT INTO selfcare_tickets" in caplog.text
    # Six digits are found by chance inside hashes; a code must be no value and no word of one.
    words = {word for cell in cells for word in cell.split()}
    long = {name: value for name, value in secrets.items() if "code" not in name}
    assert [name for name, value in long.items() if any(value in cell for cell in cells)] == []
    assert [name for name, value in secrets.items() if value in words] == []
    assert [name for name, value in secrets.items() if value in caplog.text] == []
    assert [name for name, value in long.items() if value in audit] == []


async def test_the_files_of_an_office_hold_none(tmp_path: Path) -> None:
    """With the outbox that really mails: a code at rest is sealed."""
    office = await Office.open(OfficeSettings(tmp_path, "tokuban"))
    counter = Counter(office._database)
    await counter.prepare()
    ticket = await office.selfcare.begin(ID, PASSWORD, address=HOME)
    contents = await asyncio.to_thread(_files, tmp_path)
    waiting = await office.outbox.unsent()
    counter.selfcare.close()
    await office.close()
    assert len(waiting) == 1
    assert {"tokuban.sqlite3", "tokuban.sqlite3-wal"} <= set(contents)
    subject = mails.texts()["login_code"]["ja"]["subject"]
    for value in (PASSWORD, ticket.value, subject):
        assert [name for name, content in contents.items() if value.encode() in content] == []


async def test_no_error_repeats_a_secret(counter: Counter) -> None:
    said = []
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    _, session = await counter.selfcare.finish(ticket.value, code, address=HOME)
    for failing in (
        counter.selfcare.finish(ticket.value, code, address=HOME),
        counter.selfcare.change_password(session, MARKED, MARKED + "-new", origin=CUSTOMER),
        counter.selfcare.change_password(session, PASSWORD, "mark", origin=CUSTOMER),
        counter.selfcare.change_mail(session, MARKED, PASSWORD, origin=CUSTOMER),
        counter.selfcare.create(counter.contracts[0], password=MARKED, origin=OPERATOR),
    ):
        with pytest.raises(ContractError) as failed:
            await failing
        said.append("".join(traceback.format_exception(failed.value)))
    text = "\n".join(said)
    assert [each for each in (MARKED, PASSWORD, ticket.value, session.csrf) if each in text] == []


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def _cells(connection: Connection) -> list[str]:
    """Every value of every row of the database."""

    def tables(blocking: Driver) -> MetaData:
        found = MetaData()
        found.reflect(blocking)
        return found

    metadata = await connection.run_sync(tables)
    return [
        str(value)
        for table in metadata.sorted_tables
        for row in await connection.execute(select(table))
        for value in row
    ]
