"""Passwords of numbers are found nowhere but in their first answer (N050-08)."""

import logging
import traceback
from pathlib import Path

import pytest

from provisioning.contract import ContractError
from provisioning.lines.model import ha1
from provisioning.numbers.model import national
from provisioning.office import Office, OfficeSettings
from provisioning.orders import store
from provisioning.orders.model import NumberOrder
from tests.support.orders import OWNER, contract, order, stock
from tests.support.storage import REALM

pytestmark = pytest.mark.rule("N050-08")


def _secrets(order: NumberOrder) -> list[str]:
    """Line passwords and their HA1; a service password has four digits, which stand anywhere."""
    found = []
    for added in order.numbers:
        password = added.line_password or ""
        found += [password, *ha1(national(added.number), REALM, password).values()]
    return found


async def test_the_stored_files_hold_none(tmp_path: Path) -> None:
    office = await Office.open(OfficeSettings(tmp_path, REALM))
    await stock(office, 100)
    owner = await contract(office)
    placed = await order(office, owner.id, 5)
    reset = await office.orders.reset_line_password(placed.numbers[0].number, origin=OWNER)
    contents = _contents(tmp_path)
    await office.close()
    contents += _contents(tmp_path)
    secrets = [*_secrets(placed), reset, "$argon2id$"]
    assert [s for s in secrets if any(s.encode() in content for content in contents)] == []


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_logs_errors_and_the_audit_show_none(
    shop: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    owner = await contract(shop)
    placed = await order(shop, owner.id, 3)
    said = [repr(placed), repr(shop), repr(shop.orders._desk), str(placed.numbers)]
    mine = placed.numbers[0].number
    reset = await shop.orders.reset_line_password(mine, origin=OWNER)
    service = await shop.orders.reset_service_password(mine, origin=OWNER)
    await shop.orders.letter(placed.id, origin=OWNER)
    for failing in (
        order(shop, owner.id, 4),
        shop.orders.letter(placed.id, origin=OWNER),
        shop.orders.reset_line_password(mine[:-1], origin=OWNER),  # type: ignore[arg-type]
    ):
        with pytest.raises(ContractError) as failed:
            await failing
        said.append("".join(traceback.format_exception(failed.value)))
    changes = (await shop.audit.search(limit=1000)).items
    said += [repr(changes), repr(await shop.orders.list()), caplog.text]
    everything = "\n".join(said)
    assert [s for s in [*_secrets(placed), reset] if s in everything] == []
    quoted = [c for c in changes if f" {service}" in f" {c.before} {c.after}"]
    assert quoted == []


async def test_the_letter_is_destroyed_once_it_was_handed_out(tmp_path: Path) -> None:
    office = await Office.open(OfficeSettings(tmp_path, REALM))
    await stock(office, 100)
    owner = await contract(office)
    placed = await order(office, owner.id)
    await office.orders.letter(placed.id, origin=OWNER)
    sealed = await office._database.read(lambda c: store.sealed_letter(c, placed.id))
    assert sealed is None
    await office.close()
