"""Lines and accounts that the operator makes by hand, on both databases."""

from dataclasses import replace

import pytest

from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    Access,
    ContractError,
    Line,
    LineStatus,
    Location,
    NumberDisplay,
    OutOfRange,
    Profile,
    UnknownLine,
)
from provisioning.lines.model import UnknownAccount, ha1
from provisioning.office import Office, OfficeSettings
from provisioning.upkeep.model import AccountExists, LineChanges, LineExists, OfInventory
from tests.support.diversions import unanswered
from tests.support.storage import AU, DOCOMO, NTT, REALM, binding, seed

OPERATOR = Origin("operator", "the desk")
NEW = E164("+81312340001")
TOKYO = Location("東京", "東京都")
SHOWING = Line(
    NEW, Profile.NTT, TOKYO, options=frozenset({"tokutei-notify"}), freephone=E164("+81120000099")
)
F050 = E164("+815000000001")


@pytest.mark.rule("LINE-01")
class TestLines:
    async def test_a_new_line_has_its_settings_at_once(
        self, office: Office, office_settings: OfficeSettings
    ) -> None:
        await office.upkeep.create(SHOWING, origin=OPERATOR)
        assert office.directory.line(NEW) == SHOWING
        assert await office.forwarding.of(NEW) == unanswered(ring_time_s=15)
        assert await office.presentation.of(NEW) == NumberDisplay(SHOWING.freephone)
        await office.refresh()
        assert office.directory.line(NEW) == SHOWING
        await office.seed(seed())
        assert office.directory.line(NEW) == SHOWING

    async def test_a_change_keeps_what_still_fits(self, office: Office) -> None:
        await office.upkeep.create(SHOWING, origin=OPERATOR)
        await office.presentation.start(NEW)
        changes = LineChanges(ma="横浜", prefecture="神奈川県", status=LineStatus.SUSPENDED)
        changed = await office.upkeep.change(NEW, changes, origin=OPERATOR)
        where = Location("横浜", "神奈川県")
        assert changed == replace(SHOWING, location=where, status=LineStatus.SUSPENDED)
        assert office.directory.line(NEW) == changed
        assert (await office.presentation.of(NEW)).active

    async def test_another_freephone_starts_switched_as_it_was_and_none_ends_it(
        self, office: Office
    ) -> None:
        await office.presentation.start(NTT)
        other = E164("+81120000098")
        await office.upkeep.change(NTT, LineChanges(freephone=other), origin=OPERATOR)
        assert await office.presentation.of(NTT) == NumberDisplay(other, active=True)
        await office.upkeep.change(NTT, LineChanges(options=frozenset()), origin=OPERATOR)
        assert await office.presentation.of(NTT) == NumberDisplay()
        line = office.directory.line(NTT)
        assert line is not None
        assert (line.freephone, line.options) == (None, frozenset())

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (replace(SHOWING, profile=Profile.AU), "au has no 'tokutei-notify'"),
            (replace(SHOWING, options=frozenset({"wings"})), "ntt has no 'wings'"),
            (replace(SHOWING, options=frozenset()), "come together"),
            (replace(SHOWING, freephone=None), "come together"),
            (replace(SHOWING, freephone=DOCOMO), "0120"),
            (replace(SHOWING, number=E164("+14155550100")), "subscriber's number"),
            (replace(SHOWING, number=E164("+81901234567")), "subscriber's number"),
            (replace(SHOWING, number=E164("+81120123456")), "subscriber's number"),
        ],
    )
    async def test_what_its_profile_lacks_is_refused(
        self, office: Office, line: Line, said: str
    ) -> None:
        with pytest.raises(OutOfRange, match=said):
            await office.upkeep.create(line, origin=OPERATOR)
        assert office.directory.line(line.number) is None

    async def test_a_refused_change_changes_nothing(self, office: Office) -> None:
        before, noted = office.directory.line(AU), await office.audit.of(AU)
        changes = LineChanges(ma="横浜", options=frozenset({"tokutei-notify"}))
        with pytest.raises(OutOfRange):
            await office.upkeep.change(AU, changes, origin=OPERATOR)
        await office.refresh()
        assert office.directory.line(AU) == before
        assert await office.audit.of(AU) == noted

    async def test_a_line_goes_with_all_it_has(self, office: Office) -> None:
        await office.bindings.save("docomo", (binding(),))
        await office.upkeep.remove(DOCOMO, origin=OPERATOR)
        assert office.directory.line(DOCOMO) is None
        assert office.directory.account("docomo") is None
        assert "docomo" not in await office.bindings.load()
        with pytest.raises(UnknownLine):
            await office.upkeep.remove(DOCOMO, origin=OPERATOR)

    async def test_a_taken_number_and_one_a_former_seed_left(self, office: Office) -> None:
        line = Line(AU, Profile.DOCOMO, TOKYO)
        with pytest.raises(LineExists):
            await office.upkeep.create(line, origin=OPERATOR)
        await office.seed([each for each in seed() if each.line.number != AU])
        await office.upkeep.create(line, origin=OPERATOR)
        await office.refresh()
        assert office.directory.line(AU) == line

    async def test_an_050_number_s_line_is_the_orders_business(self, office: Office) -> None:
        await office.numbers.load_block(F050, F050, origin=OPERATOR)
        with pytest.raises(OfInventory, match="order"):
            await office.upkeep.create(Line(F050, Profile.NTT, TOKYO), origin=OPERATOR)

    async def test_an_050_number_is_no_other_line_s_account(self, office: Office) -> None:
        await office.numbers.load_block(F050, F050, origin=OPERATOR)
        with pytest.raises(OfInventory, match="order"):
            await office.upkeep.add_account(DOCOMO, "0" + F050[3:], origin=OPERATOR)
        assert office.directory.account("0" + F050[3:]) is None

    async def test_each_act_is_audited(self, office: Office) -> None:
        await office.upkeep.create(SHOWING, origin=OPERATOR)
        changes = LineChanges(status=LineStatus.SUSPENDED)
        for _ in range(2):
            await office.upkeep.change(NEW, changes, origin=OPERATOR)
        await office.upkeep.remove(NEW, origin=OPERATOR)
        rows = await office.audit.of(NEW)
        assert [row.what for row in rows] == ["line removed", "line changed", "line made"]
        assert {(row.who, row.origin) for row in rows} == {("operator", "the desk")}
        assert "suspended" in rows[1].after
        assert f"shows {SHOWING.freephone}" in rows[2].after


class TestAccounts:
    async def test_a_made_up_password_opens_it(self, office: Office) -> None:
        made = await office.upkeep.add_account(AU, "added", access=Access.OS, origin=OPERATOR)
        account = office.directory.account("added")
        assert account is not None
        assert account.ha1 == ha1("added", REALM, made.password)
        assert len(made.password) == 12
        assert {each.user for each in office.directory.accounts_of(AU)} == {"au", "added"}

    async def test_another_password_ends_the_old_one_and_its_phones(self, office: Office) -> None:
        told: list[str] = []
        office.directory.watchers.append(told.append)
        await office.bindings.save("au", (binding(),))
        made = await office.upkeep.reset_password("au", origin=OPERATOR)
        account = office.directory.account("au")
        assert account is not None
        assert account.ha1 == ha1("au", REALM, made.password)
        assert "au" not in await office.bindings.load()
        assert told == ["au"]

    async def test_a_removed_one_is_forgotten(self, office: Office) -> None:
        await office.upkeep.remove_account("au", origin=OPERATOR)
        assert office.directory.accounts_of(AU) == ()
        for act in (office.upkeep.remove_account, office.upkeep.reset_password):
            with pytest.raises(UnknownAccount):
                await act("au", origin=OPERATOR)

    async def test_rows_decide_not_what_memory_knows(self, office: Office) -> None:
        """Another node may have made an account, or removed one, a moment ago."""
        account = office.directory.account("au")
        assert account is not None
        office.directory.remove_account("au")
        await office.upkeep.remove_account("au", origin=OPERATOR)
        office.directory.add((), (account,))
        before = await office.audit.of(AU)
        with pytest.raises(UnknownAccount):
            await office.upkeep.remove_account("au", origin=OPERATOR)
        assert await office.audit.of(AU) == before

    @pytest.mark.parametrize(
        ("user", "password", "error"),
        [
            ("docomo", None, AccountExists),
            ("a b", None, OutOfRange),
            ("", None, OutOfRange),
            ("a/b", None, OutOfRange),
            ("..", None, OutOfRange),
            ("added", "short", OutOfRange),
            ("added", "x" * 129, OutOfRange),
            ("added", "half\x00password", OutOfRange),
        ],
    )
    async def test_what_is_none(
        self, office: Office, user: str, password: str | None, error: type[ContractError]
    ) -> None:
        users = set(office.directory.users())
        with pytest.raises(error) as refused:
            await office.upkeep.add_account(AU, user, password=password, origin=OPERATOR)
        assert set(office.directory.users()) == users
        assert password is None or password not in str(refused.value)

    async def test_a_line_that_is_not_there_gets_none(self, office: Office) -> None:
        with pytest.raises(UnknownLine):
            await office.upkeep.add_account(NEW, "added", origin=OPERATOR)
