"""Trunks as they are kept: made, removed, seeded, registered, on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from provisioning.audit.model import Origin
from provisioning.contract import Access, OutOfRange, Trunk, TrunkClass, TrunkLogin, UnknownLine
from provisioning.db.connection import Connection
from provisioning.db.trunk_tables import trunk_logins
from provisioning.lines.model import ha1
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import Seed, SeedAccount, SeedTrunk
from provisioning.trunks.model import TrunkConflict, TrunkExists, UnknownTrunk
from provisioning.upkeep.model import AccountExists
from tests.support.storage import DOCOMO, REALM, binding, seed

OPERATOR = Origin("operator", "the desk")
MOBILE = Trunk(
    "mobile-carrier",
    TrunkClass.MOBILE,
    ("192.0.2.1:5060;transport=udp", "192.0.2.2;transport=tcp"),
    prefixes=("070", "090"),
    trusted=True,
    prefecture="大阪府",
    calls=30,
)
PBX = Trunk("pbx", TrunkClass.FIXED, account="pbx-user", prefixes=("06",))


async def test_a_trunk_is_known_at_once_and_after_a_restart(
    office: Office, office_settings: OfficeSettings
) -> None:
    made = await office.trunking.create(MOBILE, origin=OPERATOR)
    assert (made.trunk, made.password) == (MOBILE, None)
    asked = await office.trunking.create(PBX, origin=OPERATOR)
    assert asked.password is not None
    assert len(asked.password) == 16
    account = office.trunks.account("pbx-user")
    assert account is not None
    assert account.ha1 == ha1("pbx-user", REALM, asked.password)
    assert asked.password not in repr(asked) + repr(account)
    await office.refresh()
    assert office.trunks.all() == (MOBILE, PBX)
    assert office.trunks.account("pbx-user") == account
    changes = await office.audit.search(subject="pbx")
    assert [(c.what, c.after, c.who) for c in changes.items] == [
        ("trunk made", "fixed, account pbx-user, takes 06, 100 calls", "operator")
    ]


async def test_what_another_has_is_refused_and_nothing_changes(office: Office) -> None:
    await office.trunking.create(MOBILE, origin=OPERATOR)
    for wrong, refusal in (
        (MOBILE, TrunkExists),
        (replace(MOBILE, name="x", prefixes=()), TrunkConflict),
        (Trunk("x", TrunkClass.FIXED, ("192.0.2.9",), prefixes=("+8190",)), TrunkConflict),
        (Trunk("x", TrunkClass.FIXED, account="docomo"), TrunkConflict),
        (Trunk("x", TrunkClass.FIXED, ("192.0.2.9",), prefixes=("119",)), OutOfRange),
    ):
        with pytest.raises(refusal):
            await office.trunking.create(wrong, origin=OPERATOR)
    with pytest.raises(OutOfRange, match="password"):
        await office.trunking.create(
            Trunk("x", TrunkClass.FIXED, ("192.0.2.9",)), password="long-enough", origin=OPERATOR
        )
    await office.refresh()
    assert office.trunks.all() == (MOBILE,)


async def test_no_line_takes_the_account_of_a_trunk(office: Office) -> None:
    await office.trunking.create(PBX, origin=OPERATOR)
    with pytest.raises(AccountExists):
        await office.upkeep.add_account(DOCOMO, "pbx-user", origin=OPERATOR)
    taken = replace(seed()[0], accounts=(SeedAccount("pbx-user", Access.OS, "secret"),))
    with pytest.raises(OutOfRange, match="trunk's account"):
        await office.seed([taken])
    assert office.directory.account("pbx-user") is None


async def test_a_removed_trunk_takes_account_and_registration_along(office: Office) -> None:
    gone: list[str] = []
    office.trunks.watchers.append(gone.append)
    await office.trunking.create(PBX, password="chosen-by-us", origin=OPERATOR)
    here = binding("sip:pbx@192.0.2.7:5060")
    await office.bindings.save("pbx-user", (here,))
    assert (await office.bindings.load())["pbx-user"] == (here,)
    assert await office.bindings.of(["pbx-user", "docomo"]) == {"pbx-user": (here,)}
    await office.trunking.remove("pbx", origin=OPERATOR)
    assert (gone, office.trunks.all(), await office.bindings.load()) == (["pbx-user"], (), {})
    with pytest.raises(UnknownLine):
        await office.bindings.save("pbx-user", (here,))
    with pytest.raises(UnknownTrunk):
        await office.trunking.remove("pbx", origin=OPERATOR)


async def test_a_seed_makes_changes_and_takes_back_its_own_trunks_alone(office: Office) -> None:
    await office.trunking.create(MOBILE, origin=OPERATOR)
    seeded = SeedTrunk(PBX, "seeded-password")
    both = Seed(tuple(seed()), trunks=(seeded,))
    await office.plant(both)
    await office.bindings.save("pbx-user", (binding(),))
    await office.plant(both)
    assert office.trunks.all() == (MOBILE, PBX)
    assert "pbx-user" in await office.bindings.load()
    other = replace(PBX, calls=3)
    await office.plant(Seed(tuple(seed()), trunks=(SeedTrunk(other, "another-one"),)))
    account = office.trunks.account("pbx-user")
    assert account is not None
    assert (office.trunks.of("pbx"), account.ha1) == (other, ha1("pbx-user", REALM, "another-one"))
    with pytest.raises(OutOfRange, match="not made by a seed"):
        await office.plant(Seed(tuple(seed()), trunks=(SeedTrunk(MOBILE),)))
    await office.plant(Seed(tuple(seed())))
    assert office.trunks.all() == (MOBILE,)


async def _logins(connection: Connection) -> list[Any]:
    return list(await connection.execute(select(trunk_logins)))


LOGGED_IN = replace(MOBILE, login="us@their.example", registers=True)
THEIRS = "their password for us"


async def test_a_login_is_kept_sealed_and_known_after_a_restart(office: Office) -> None:
    await office.trunking.create(LOGGED_IN, login_password=THEIRS, origin=OPERATOR)
    login = office.trunks.login("mobile-carrier")
    assert login == TrunkLogin("us@their.example", THEIRS)
    assert THEIRS not in repr(login)
    await office.refresh()
    assert (office.trunks.all(), office.trunks.login("mobile-carrier")) == ((LOGGED_IN,), login)
    (row,) = await office._database.read(_logins)
    assert THEIRS.encode() not in row.sealed_password
    (change,) = (await office.audit.search(subject="mobile-carrier")).items
    assert "registers as us@their.example" in (change.after or "")
    assert THEIRS not in str(change)
    await office.trunking.remove("mobile-carrier", origin=OPERATOR)
    assert office.trunks.login("mobile-carrier") is None
    await office.refresh()
    assert office.trunks.login("mobile-carrier") is None


@pytest.mark.parametrize(
    ("trunk", "password", "said"),
    [
        (MOBILE, "of nobody", "login_password"),
        (replace(MOBILE, login="us"), None, "login_password"),
        (replace(MOBILE, login="us"), "a\nb", "login_password"),
        (replace(MOBILE, login='u"s'), "x", "login: "),
        (replace(MOBILE, registers=True), None, "login: "),
        (replace(PBX, login="us"), "x", "no peer"),
    ],
)
async def test_a_login_that_cannot_be_is_refused(
    office: Office, trunk: Trunk, password: str | None, said: str
) -> None:
    with pytest.raises(OutOfRange, match=said):
        await office.trunking.create(trunk, login_password=password, origin=OPERATOR)


async def test_another_password_in_a_seed_takes_the_place_of_the_old(office: Office) -> None:
    for password in ("one", "another"):
        planted = SeedTrunk(LOGGED_IN, login_password=password)
        await office.plant(Seed(tuple(seed()), trunks=(planted,)))
        assert office.trunks.login("mobile-carrier") == TrunkLogin("us@their.example", password)
