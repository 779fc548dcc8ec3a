"""The letterbox of the self-care login: the outbox, and the one of the tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning.contract import Language
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.notify import store
from provisioning.notify.message import unpacked
from provisioning.notify.model import MailState
from provisioning.office import Office, OfficeSettings
from provisioning.selfcare.ports import Letterbox
from tests.support.selfcare import MemoryLetterbox

TO, NEW, CODE = "owner@customer.example", "new@customer.example", "402871"


@dataclass(frozen=True)
class Box:
    """A letterbox, and what arrived in it as (to, text)."""

    letterbox: Letterbox
    database: Database
    arrived: Callable[[], Awaitable[list[tuple[str, str]]]]


@pytest.fixture(params=["memory", "outbox"])
async def box(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Box]:
    """Either letterbox, over a database."""
    office = await Office.open(OfficeSettings(tmp_path, "tokuban"))
    memory = MemoryLetterbox()

    async def seen() -> list[tuple[str, str]]:
        return [(mail.to, mail.text) for mail in memory.mails]

    try:
        if request.param == "memory":
            yield Box(memory, office._database, seen)
        else:
            yield Box(office.mails, office._database, lambda: _kept(office))
    finally:
        await office.close()


async def _kept(office: Office) -> list[tuple[str, str]]:
    kept = await office._database.read(lambda c: store.latest(c, [MailState.WAITING], 10))
    mails = []
    for each in kept:
        assert each.sealed is not None
        mail = unpacked(office.outbox._sealer.open_bytes(each.message_id, each.sealed))
        mails.append((mail.to, mail.text))
    return mails


@pytest.mark.parametrize("language", list(Language))
async def test_a_code_arrives_with_its_minutes(box: Box, language: Language) -> None:
    for write in (box.letterbox.code, box.letterbox.new_address_code):
        await box.database.write(lambda c, write=write: write(c, TO, language, CODE, 10))  # type: ignore[misc]
    arrived = await box.arrived()
    assert [to for to, _ in arrived] == [TO, TO]
    assert all(CODE in text and "10" in text for _, text in arrived)


@pytest.mark.parametrize("language", list(Language))
async def test_a_change_is_told(box: Box, language: Language) -> None:
    letterbox = box.letterbox
    await box.database.write(lambda c: letterbox.password_changed(c, TO, language))
    await box.database.write(lambda c: letterbox.mail_changed(c, TO, language, NEW))
    arrived = await box.arrived()
    assert [to for to, _ in arrived] == [TO, TO]
    assert any(NEW in text for _, text in arrived)


async def test_what_did_not_happen_is_not_told(box: Box) -> None:
    async def work(connection: Connection) -> None:
        await box.letterbox.code(connection, TO, Language.JA, CODE, 10)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await box.database.write(work)
    assert await box.arrived() == []
