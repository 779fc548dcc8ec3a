"""A password, its HA1 and the key are found nowhere but where they must be."""

import logging
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.contract import E164, Access, ContractError
from provisioning.lines.model import ha1
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support.storage import DOCOMO, REALM, binding, seed

MARKER = "marker-password-7f3a"
SECRETS = (MARKER, *ha1("docomo", REALM, MARKER).values())


def _shows(text: str | bytes) -> list[str]:
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    return [secret for secret in SECRETS if secret in plain]


async def test_the_stored_files_hold_no_secret_in_the_clear(tmp_path: Path) -> None:
    office = await Office.open(OfficeSettings(tmp_path, REALM))
    await office.seed(_marked())
    account = office.directory.account("docomo")
    assert account is not None
    assert set(account.ha1.values()) == set(SECRETS[1:])
    contents = _files(tmp_path, "{}")
    await office.close()
    contents |= _files(tmp_path, "{} closed")
    assert "tokuban.sqlite3-wal" in contents
    assert {name: _shows(content) for name, content in contents.items() if _shows(content)} == {}
    key = contents["secret.key"].strip()
    assert [name for name, content in contents.items() if key in content] == [
        "secret.key",
        "secret.key closed",
    ]


def _files(folder: Path, name: str) -> dict[str, bytes]:
    return {
        name.format(path.name): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


async def test_logs_and_errors_show_none(
    office_settings: OfficeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    office = await Office.open(office_settings)
    said = [repr(office), repr(office_settings), repr(_marked())]
    await office.seed(_marked())
    first = _marked()[0]
    numberless = replace(first, line=replace(first.line, number=E164("0")))
    doubled = replace(first, accounts=first.accounts * 2)
    for failing in (
        office.seed([numberless]),
        office.seed([doubled]),
        office.bindings.save("nobody", (binding(),)),
    ):
        with pytest.raises(ContractError) as failed:
            await failing
        said.append("".join(traceback.format_exception(failed.value)))
    said.append(repr(office.directory.account("docomo")))
    said.append(repr(await office.audit.of(DOCOMO)))
    await office.close()
    assert len(caplog.text) > 0
    assert _shows("\n".join([*said, caplog.text])) == []


def _marked() -> list[SeedLine]:
    first, *others = seed()
    return [replace(first, accounts=(SeedAccount("docomo", Access.OS, MARKER),)), *others]
