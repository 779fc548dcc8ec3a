"""The whole state under a name: saved, looked at, put back, on either database (LAB-03)."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import inspect

from lab import areas
from provisioning.contract import (
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    NewMessage,
    OutOfRange,
    Reception,
    Shares,
    StorageUnavailable,
    Trunk,
    TrunkClass,
)
from provisioning.db import migrate, schema
from provisioning.db.connection import Connection
from provisioning.freephone.document import FreephoneDocument
from provisioning.lines.sealing import WrongKey
from provisioning.notify.model import Mail, MailState
from provisioning.numbers.model import NumberState
from provisioning.office import Office, OfficeSettings
from provisioning.snapshots import model, rows
from provisioning.snapshots.model import BadSnapshot, Rows, Snapshot, UnknownSnapshot
from provisioning.tokens.model import Scope
from provisioning.upkeep.model import LineChanges
from tests.support import postgres
from tests.support.boxes import leave
from tests.support.call_records import record
from tests.support.changes import by_people
from tests.support.storage import AU, DOCOMO, FREEPHONE, NTT, REALM, SOMEWHERE, binding, seed
from tests.support.whole_seed import CONTRACT, OPERATOR, whole

pytestmark = pytest.mark.rule("LAB-03")

SPLIT = Freephone(
    FREEPHONE,
    (Group("all", (NATION,), shares=Shares((NTT, DOCOMO), (2, 1))),),
    (Reception(NTT, 3), Reception(DOCOMO)),
    frozenset(
        (
            FreephoneOption.SEVERAL_LINES,
            FreephoneOption.SHARE_SPLIT,
            FreephoneOption.CUSTOMER_CONTROL,
        )
    ),
)

SPARSE = {
    "api_answers",
    "call_record_erasures",
    "unrated_records",
    "selfcare_sessions",
    "selfcare_devices",
    "freephone_sessions",
}
"""Tables that `use` leaves empty."""


@pytest.fixture
def office_settings(office_settings: OfficeSettings) -> OfficeSettings:
    """With the areas that freephone numbers are set up by."""
    return replace(office_settings, geography=areas.geography())


def file_of(settings: OfficeSettings, name: str) -> Path:
    return settings.data / "snapshots" / f"{name}.snapshot"


async def contents(office: Office) -> dict[str, Rows]:
    return await office._database.read(rows.read)


def without_outbox(tables: dict[str, Rows]) -> dict[str, Rows]:
    """Loading puts mails in doubt; everything else comes back as it was."""
    return {name: table for name, table in tables.items() if name != "outbox"}


async def use(office: Office) -> None:
    """Leave something in every kind of row that a phone or a person can change."""
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)
    await office.forwarding.start(DOCOMO)
    await office.presentation.start(NTT)
    await office.bindings.save("docomo", (binding(),))
    await office.records.append(record(service="line"))
    await office.billing.settle()
    await office.clock.freeze()
    await office.plant(whole())
    await office.bindings.save("other-carrier", (binding(),))
    with_uni = LineChanges(options=frozenset({"tokutei-notify", "ngn-uni"}), freephone=FREEPHONE)
    await office.upkeep.change(NTT, with_uni, origin=OPERATOR)
    await office.upkeep.set_sources("ntt", ["192.0.2.0/29"], origin=OPERATOR)
    order = await office.orders.place(CONTRACT.id, 2, key="form", origin=OPERATOR)
    await office.orders.cancel(order.numbers[0].number, form_reference="F-1", origin=OPERATOR)
    await office.selfcare.begin("demo-shop", "marker-password", address="192.0.2.7")
    await office.tokens.create("test", [Scope.LINES_READ], origin=OPERATOR)
    with_box = LineChanges(options=frozenset({"voicemail"}))
    await office.upkeep.change(AU, with_box, origin=OPERATOR)
    await leave(office.voicemail, AU)
    await office.messages.keep(NewMessage("occasion", "ntt", DOCOMO, NTT, "今日は"))
    await office.caught.take("a@b.example", ("c@d.example",), b"Subject: x\r\n\r\ny")
    await office.freephones.create(
        SPLIT.number, CONTRACT.id, FreephoneDocument.of(SPLIT), origin=OPERATOR
    )
    await office.freephones.with_turns(SPLIT.number, lambda _: (0, {("all", (2, 1)): (1, -1)}))
    await office.control.set_password(SPLIT.number, origin=OPERATOR)
    trunk = Trunk("with-login", TrunkClass.FIXED, peers=("192.0.2.9:5060",), login="tokuban")
    await office.trunking.create(trunk, login_password="their-secret", origin=OPERATOR)


async def test_what_was_saved_comes_back(office: Office) -> None:
    await use(office)
    before = await contents(office)
    info = await office.snapshots.save("evening")
    assert (info.name, info.schema) == ("evening", migrate.known())
    assert info.rows == sum(len(table.rows) for table in before.values())
    await office.forwarding.stop(DOCOMO)
    await office.clock.advance(3600)
    await office.bindings.save("docomo", ())
    assert await office.snapshots.load("evening") == info
    await office.refresh()
    assert without_outbox(await contents(office)) == without_outbox(before)
    assert {name for name, table in before.items() if not table.rows} <= SPARSE
    assert (await office.forwarding.of(DOCOMO)).active
    assert office.clock.seconds() == info.business_at


async def test_a_mail_that_may_have_gone_since_is_not_sent_again(office: Office) -> None:
    await office.outbox.send(Mail("a@tokuban.example", "subject", "text"), key="occasion")
    await office.snapshots.save("waiting")
    await office.snapshots.load("waiting")
    (kept,) = await office.outbox.unsent()
    assert kept.state is MailState.UNSURE
    assert kept.sealed is not None


async def test_time_goes_on_from_there(office: Office) -> None:
    """A quarantine that began before the state was saved ends after it was loaded."""
    await use(office)
    await office.snapshots.save("quarantined")
    assert [ran.work for ran in await office.clock.advance(200 * 86_400)] == [
        "self-care codes",
        "messages",  # one expired
        "voicemail",
        "messages",  # and was forgotten
        "quarantines",
    ]
    free = (await office.numbers.counts())[NumberState.FREE]
    await office.snapshots.load("quarantined")
    await office.refresh()
    assert (await office.numbers.counts())[NumberState.FREE] == free - 1
    assert len(await office.clock.advance(200 * 86_400)) == 5
    assert (await office.numbers.counts())[NumberState.FREE] == free


async def test_numbers_that_the_database_gives_go_on(office: Office) -> None:
    await use(office)
    await office.snapshots.save("one")
    await office.snapshots.load("one")
    await office.forwarding.stop(DOCOMO)
    assert len(await by_people(office, DOCOMO)) == 3


async def test_cleared_nothing_is_left(office: Office) -> None:
    await use(office)
    await office.snapshots.clear()
    await office.refresh()
    assert {name for name, table in (await contents(office)).items() if table.rows} == set()
    assert office.directory.users() == ()
    await office.seed(seed())
    await office.forwarding.set_target(DOCOMO, SOMEWHERE)


async def test_the_snapshot_has_every_table(office: Office) -> None:
    async def names(connection: Connection) -> set[str]:
        return await connection.run_sync(lambda plain: set(inspect(plain).get_table_names()))

    there = await office._database.read(names)
    assert set(schema.whole().tables) == there - {"alembic_version"}
    assert set(await contents(office)) == set(schema.whole().tables)


@pytest.fixture
async def both(
    tmp_path: Path, postgres_server: str
) -> AsyncIterator[Callable[[str], OfficeSettings]]:
    """Settings of two offices with one data folder, one on SQLite and one on PostgreSQL."""
    with postgres.database(postgres_server) as url:
        sqlite = OfficeSettings(data=tmp_path / "data", realm=REALM, geography=areas.geography())
        settings = {"sqlite": sqlite, "postgresql": replace(sqlite, database=url)}
        yield settings.__getitem__


@pytest.mark.parametrize(("first", "then"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
async def test_one_database_loads_what_the_other_saved(
    both: Callable[[str], OfficeSettings], first: str, then: str
) -> None:
    one = await Office.open(both(first))
    await one.seed(seed())
    await use(one)
    await one.snapshots.save("moving")
    before, users = await contents(one), set(one.directory.users())
    await one.close()
    other = await Office.open(both(then))
    await other.snapshots.load("moving")
    await other.refresh()
    assert without_outbox(await contents(other)) == without_outbox(before)
    assert set(other.directory.users()) == users
    await other.forwarding.stop(DOCOMO)
    await other.close()


async def test_what_is_saved_meanwhile_is_seen_whole(office: Office) -> None:
    """Every table is read as of one instant, whatever is written at the same time."""

    async def write() -> None:
        for number in range(40):
            await office.forwarding.set_ring_time(DOCOMO, 5 + number)

    async def save() -> None:
        for number in range(10):
            await office.snapshots.save(f"s{number}")

    await asyncio.gather(write(), save())
    for number in range(10):
        await office.snapshots.load(f"s{number}")
        await office.refresh()
        changes = await by_people(office, DOCOMO)
        ring_time_s = (await office.forwarding.of(DOCOMO)).ring_time_s
        assert not changes or changes[0].after.endswith(f" {ring_time_s} s")


async def test_no_secret_lies_open_and_only_the_owner_reads(
    office: Office, office_settings: OfficeSettings
) -> None:
    await office.snapshots.save("sealed")
    path = file_of(office_settings, "sealed")
    account = office.directory.account("docomo")
    assert account is not None
    written = path.read_text("utf-8")
    for secret in ("secret-docomo", *account.ha1.values()):
        assert secret not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_another_key_changes_nothing(office: Office, office_settings: OfficeSettings) -> None:
    await office.snapshots.save("mine")
    await office.close()
    (office_settings.data / "secret.key").unlink()
    await _empty(office_settings)
    other = await Office.open(office_settings)
    await other.seed(seed()[:1])
    before = await contents(other)
    with pytest.raises(WrongKey, match="does not open"):
        await other.snapshots.load("mine")
    assert await contents(other) == before
    await other.close()


async def _empty(settings: OfficeSettings) -> None:
    from provisioning.db.unit_of_work import Database

    database = Database.at(settings.url)
    await database.write(lambda connection: rows.replace(connection, {}))
    await database.close()


async def test_a_newer_snapshot_is_refused(office: Office, office_settings: OfficeSettings) -> None:
    await office.snapshots.save("new")
    _alter_head(file_of(office_settings, "new"), schema="9999")
    before = await contents(office)
    with pytest.raises(BadSnapshot, match=r"newer tokuban wrote .*9999"):
        await office.snapshots.load("new")
    assert await contents(office) == before


async def test_an_older_one_is_brought_up_to_date(
    office: Office, office_settings: OfficeSettings
) -> None:
    """Lines of schema 0001 had no origin: all came from a seed."""
    line = ("+819000000009", "docomo", "東京", "東京都", "consumer", "active", None, "ja")
    names = "number", "profile", "ma", "prefecture", "kind", "status", "freephone", "language"
    old = Snapshot("0001", 0.0, 0.0, {"lines": Rows(names, [line])})
    office.snapshots._folder.save("old", model.written(old))
    await office.snapshots.load("old")
    await office.refresh()
    assert [each.number for each in office.directory.lines()] == ["+819000000009"]
    after = (await contents(office))["lines"]
    assert after.rows[0][after.columns.index("origin")] == "seed"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda whole: "", "no snapshot of tokuban"),
        (lambda whole: "{}", "no snapshot of tokuban"),
        (lambda whole: whole[: len(whole) // 2], "damaged"),
        (lambda whole: whole.rsplit("\n", 2)[0] + "\n", "damaged"),
        (lambda whole: whole.replace('{"base64": "', '{"base64": "*'), "damaged"),
        (lambda whole: whole.replace('"docomo", "東京"', '"docomo"'), "damaged"),
        (lambda whole: whole.replace('"table": "lines"', '"table": "strangers"'), "strangers"),
        (lambda whole: whole.replace('"docomo", "東京"', '"nobody", "東京"'), "do not fit"),
    ],
)
async def test_a_spoilt_file_changes_nothing(
    office: Office, office_settings: OfficeSettings, spoil: Callable[[str], str], told: str
) -> None:
    await office.snapshots.save("spoilt")
    path = file_of(office_settings, "spoilt")
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    before = await contents(office)
    with pytest.raises(BadSnapshot, match=told):
        await office.snapshots.load("spoilt")
    assert await contents(office) == before


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../lines", "a/b", "-a", "a" * 65, "ä", "a.", "a\0"]
)
async def test_a_name_is_a_plain_file_name(office: Office, name: str) -> None:
    for action in (office.snapshots.save, office.snapshots.load, office.snapshots.delete):
        with pytest.raises(OutOfRange, match="1 to 64"):
            await action(name)


async def test_listed_overwritten_and_removed(office: Office) -> None:
    assert await office.snapshots.all() == ()
    with pytest.raises(UnknownSnapshot, match="none was saved"):
        await office.snapshots.load("one")
    await office.snapshots.save("two")
    await office.snapshots.save("one")
    await office.snapshots.save("two")
    assert [info.name for info in await office.snapshots.all()] == ["one", "two"]
    await office.snapshots.delete("two")
    with pytest.raises(UnknownSnapshot, match="there are one"):
        await office.snapshots.delete("two")


async def test_a_disk_that_takes_nothing_leaves_the_old_one(
    office: Office, office_settings: OfficeSettings
) -> None:
    await office.snapshots.save("kept")
    path = file_of(office_settings, "kept")
    before = path.read_bytes()

    def broken() -> object:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageUnavailable, match="No space left"):
        office.snapshots._folder.save("kept", broken())  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["kept.snapshot"]


def _alter_head(path: Path, **change: object) -> None:
    head, _, rest = path.read_text("utf-8").partition("\n")
    path.write_text(json.dumps(json.loads(head) | change) + "\n" + rest, "utf-8")
