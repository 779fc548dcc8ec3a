"""A seed makes lines; what their users have set since stays."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from provisioning.contract import (
    E164,
    Access,
    LineStatus,
    NumberDisplay,
    OutOfRange,
)
from provisioning.db.connection import Connection
from provisioning.lines.model import ha1
from provisioning.lines.sealing import WrongKey
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support.diversions import unanswered
from tests.support.storage import (
    AU,
    DOCOMO,
    FREEPHONE,
    NTT,
    RAKUTEN,
    REALM,
    SOMEWHERE,
    binding,
    seed,
)

pytestmark = pytest.mark.rule("LAB-03")


async def test_the_same_seed_again_changes_nothing(office: Office) -> None:
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    await office.forwarding.start(DOCOMO)
    await office.presentation.start(NTT)
    await office.bindings.save("docomo", (binding(),))
    before = await _rows(office)
    await office.seed(seed())
    assert await _rows(office) == before


async def test_a_changed_password_counts_at_once_and_keeps_the_phone(office: Office) -> None:
    await office.bindings.save("docomo", (binding(),))
    first, *others = seed()
    await office.seed([replace(first, accounts=(_account("docomo", "another"),)), *others])
    account = office.directory.account("docomo")
    assert account is not None
    assert account.ha1 == ha1("docomo", REALM, "another")
    assert (await office.bindings.load())["docomo"] == (binding(),)


async def test_a_new_realm_makes_the_secrets_anew(
    office: Office, office_settings: OfficeSettings
) -> None:
    await office.close()
    again = await Office.open(replace(office_settings, realm="elsewhere"))
    await again.seed(seed())
    account = again.directory.account("docomo")
    assert account is not None
    assert account.ha1 == ha1("docomo", "elsewhere", "secret-docomo")
    await again.close()


async def test_a_line_takes_up_what_its_seed_says_now(office: Office) -> None:
    first, *_ = seed()
    changed = replace(first.line, status=LineStatus.SUSPENDED, options=frozenset({"a", "b"}))
    await office.seed([replace(first, line=changed)])
    assert office.directory.line(DOCOMO) == changed


async def test_a_line_that_the_seed_leaves_out_is_gone_with_its_passwords(office: Office) -> None:
    await office.bindings.save("ntt", (binding(),))
    await office.seed(seed()[:2])
    assert {line.number for line in office.directory.lines()} == {DOCOMO, RAKUTEN}
    assert set(office.directory.users()) == {"docomo", "rakuten", "rakuten-link"}
    assert office.directory.accounts_of(NTT) == ()
    assert await office.bindings.load() == {}


async def test_a_line_that_comes_back_has_its_settings_again(office: Office) -> None:
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    await office.forwarding.start(DOCOMO)
    await office.presentation.start(NTT)
    await office.seed(seed()[1:2])
    await office.seed(seed())
    assert await office.forwarding.of(DOCOMO) == unanswered(True, SOMEWHERE, 15)
    assert await office.presentation.of(NTT) == NumberDisplay(FREEPHONE, True)
    assert set(office.directory.users()) == {"docomo", "rakuten", "rakuten-link", "ntt", "au"}


async def test_a_line_that_no_seed_made_stays(office: Office) -> None:
    async def make(connection: Connection) -> None:
        await connection.execute(
            text("UPDATE lines SET origin = 'office' WHERE number = :number"), {"number": AU}
        )

    await office._database.write(make)
    await office.seed(seed()[:1])
    assert set(office.directory.users()) == {"docomo", "au"}
    assert office.directory.line(AU) is not None


async def test_an_account_that_its_line_no_longer_has_goes(office: Office) -> None:
    await office.bindings.save("rakuten-link", (binding(),))
    rakuten = seed()[1]
    await office.seed([replace(rakuten, accounts=rakuten.accounts[:1])])
    assert office.directory.account("rakuten-link") is None
    assert [a.user for a in office.directory.accounts_of(RAKUTEN)] == ["rakuten"]
    assert await office.bindings.load() == {}


async def test_an_account_moves_to_another_line(office: Office) -> None:
    docomo, au = seed()[0], seed()[3]
    moved = (*au.accounts, *docomo.accounts)
    await office.seed([replace(docomo, accounts=()), replace(au, accounts=moved)])
    assert [a.user for a in office.directory.accounts_of(AU)] == ["au", "docomo"]


async def test_the_ring_time_starts_with_the_profiles_own(office: Office) -> None:
    assert await office.forwarding.of(AU) == unanswered(False, None, 24)


@pytest.mark.rule("SHOW-01")
async def test_the_display_follows_its_contract(office: Office) -> None:
    await office.presentation.start(NTT)
    ntt = seed()[2]
    another = E164("+81800123456")
    await office.seed([replace(ntt, line=replace(ntt.line, freephone=another))])
    assert await office.presentation.of(NTT) == NumberDisplay(another, True)
    await office.seed([replace(ntt, line=replace(ntt.line, options=frozenset()))])
    assert await office.presentation.of(NTT) == NumberDisplay()
    await office.seed([ntt])
    assert await office.presentation.of(NTT) == NumberDisplay(FREEPHONE, False)


async def test_a_seed_that_contradicts_itself_changes_nothing(office: Office) -> None:
    before = await _rows(office)
    first, second, *_ = seed()
    for wrong in (
        [first, first],
        [first, replace(second, accounts=first.accounts)],
        [replace(first, line=replace(first.line, number=E164("0901")))],
        [replace(first, line=replace(first.line, freephone=E164("0120")))],
    ):
        with pytest.raises(OutOfRange):
            await office.seed(wrong)
    assert await _rows(office) == before


async def test_another_key_is_refused(office: Office, office_settings: OfficeSettings) -> None:
    await office.close()
    key = office_settings.data / "secret.key"
    key.unlink()
    with pytest.raises(WrongKey, match="does not open"):
        await Office.open(office_settings)


async def test_a_row_swapped_to_another_account_is_refused(
    office: Office, office_settings: OfficeSettings
) -> None:
    """Whoever can write the database must not give an account somebody else's password."""

    async def swap(connection: Connection) -> None:
        sealed = "(SELECT sealed_ha1 FROM accounts WHERE username = 'au')"
        await connection.execute(
            text(f"UPDATE accounts SET sealed_ha1 = {sealed} WHERE username = 'docomo'")
        )

    await office._database.write(swap)
    with pytest.raises(WrongKey, match="docomo belongs to another"):
        await Office.open(office_settings)


async def _rows(office: Office) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the database, the sealed secrets included."""

    async def work(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        names = ("lines", "line_options", "accounts", "bindings", "diversions", "number_displays")
        return {
            name: [tuple(row) for row in await connection.execute(text(f"SELECT * FROM {name}"))]
            for name in names
        }

    return await office._database.read(work)


def _account(user: str, password: str) -> SeedAccount:
    return SeedAccount(user, Access.OS, password)


def test_a_seed_line_does_not_show_its_passwords() -> None:
    assert "secret-docomo" not in repr(SeedLine(seed()[0].line, seed()[0].accounts))
