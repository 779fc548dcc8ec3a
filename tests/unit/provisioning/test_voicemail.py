"""Voicemail as it is kept: places, times, files and rows, and what excludes what."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    BoxFull,
    Counts,
    Deposit,
    Greeting,
    Line,
    MessageMark,
    NotContracted,
    PinVerdict,
    Profile,
    UnknownVoiceMessage,
)
from provisioning.office import Office
from provisioning.seeds import SeedLine, SeedVoicemail
from provisioning.upkeep.model import LineChanges
from tests.support import postgres
from tests.support.boxes import (
    BEGUN,
    SECOND,
    VOICEMAIL,
    files,
    leave,
    seeds,
    voicemail_office,
)
from tests.support.storage import AU, DOCOMO, RAKUTEN, SOMEWHERE, TOKYO

OPERATOR = Origin("operator", "test")
HOUR = 3600.0


@pytest.mark.rule("VM-04")
async def test_a_messages_time_runs_from_its_recording(tmp_path: Path) -> None:
    """Saving it again does not prolong it; when its time is over, row and file are gone."""
    told: list[tuple[E164, Counts]] = []
    async with voicemail_office(tmp_path) as office:
        first = await leave(office.voicemail)
        await office.clock.advance(HOUR)
        second = await leave(office.voicemail)
        await office.clock.advance(70 * HOUR)
        saved = await office.voicemail.mark(DOCOMO, first.id, MessageMark.SAVED)
        assert saved.expires_at == BEGUN + 72 * HOUR
        office.voicemail.watchers.append(lambda line, counts: told.append((line, counts)))
        assert [ran.work for ran in await office.clock.advance(HOUR)] == ["voicemail"]
        assert await office.voicemail.messages(DOCOMO) == (second,)
        assert told == [(DOCOMO, Counts(1, 0))]
        assert files(tmp_path) == {second.id}
        with pytest.raises(UnknownVoiceMessage):
            await office.voicemail.sound(DOCOMO, first.id)
        changes = [change.what for change in await office.audit.of(DOCOMO)]
        assert changes[0] == "voice message expired"


@pytest.mark.rule("VM-01")
async def test_of_two_who_come_for_the_last_place_one_is_refused(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        for _ in range(19):
            await leave(office.voicemail, ulaw=SECOND[:4000])
        came = await asyncio.gather(
            *(office.voicemail.deposit(DOCOMO, None, f"call-{n}") for n in range(5)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, BoxFull) for each in came) == 4
        for each in came:
            if not isinstance(each, BaseException):
                each.write(SECOND)
                await each.keep()
        assert len(await office.voicemail.messages(DOCOMO)) == 20


async def test_a_hundred_callers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each hears an own place; who comes to a full box is told so."""

    async def call(office: Office, number: int) -> bool:
        line = AU if number % 4 else DOCOMO
        try:
            deposit: Deposit = await office.voicemail.deposit(line, None, f"call-{number}")
        except BoxFull:
            return False
        for at in range(0, 8000, 160):
            deposit.write(SECOND[at : at + 160])
            await asyncio.sleep(0)
        return await deposit.keep() is not None

    async with voicemail_office(tmp_path) as office:
        taken = await asyncio.gather(*(call(office, number) for number in range(100)))
        assert sum(taken) == 75 + 20
        assert await office.voicemail.counts(DOCOMO) == Counts(20, 0)
        messages = await office.voicemail.messages(AU)
        assert {message.id for message in messages} < files(tmp_path)
        assert {await office.voicemail.sound(AU, each.id) for each in messages} == {SECOND}


async def test_a_hundred_boxes_at_once_have_each_its_own(tmp_path: Path) -> None:
    """A caller for each of a hundred lines, and at once each owner hears what was said there."""
    lines = [E164(f"+8190{number:08}") for number in range(100)]

    async def call(office: Office, line: E164) -> None:
        deposit = await office.voicemail.deposit(line, line, f"call of {line}")
        deposit.write(said(line))
        await deposit.keep()

    async def hear(office: Office, line: E164) -> bool:
        (message,) = await office.voicemail.messages(line)
        sound = await office.voicemail.sound(line, message.id)
        await office.voicemail.mark(line, message.id, MessageMark.SAVED)
        return (message.caller, sound) == (line, said(line))

    def said(line: E164) -> bytes:
        return line.encode().ljust(160, b"\x55") * 50

    async with voicemail_office(tmp_path, wait_s=60.0) as office:
        await office.seed([SeedLine(boxed(line), ()) for line in lines])
        await asyncio.gather(*(call(office, line) for line in lines))
        assert all(await asyncio.gather(*(hear(office, line) for line in lines)))
        counts = [await office.voicemail.counts(line) for line in lines]
        assert set(counts) == {Counts(0, 1)}


def boxed(line: E164) -> Line:
    return Line(line, Profile.DOCOMO, TOKYO, options=VOICEMAIL)


@pytest.mark.rule("FWD-09")
async def test_on_docomo_starting_one_stops_the_other(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        box = await office.voicemail.of(DOCOMO)
        assert box is not None
        assert box.conditions
        await office.forwarding.set_target(DOCOMO, SOMEWHERE)
        await office.forwarding.start(DOCOMO)
        stopped = await office.voicemail.of(DOCOMO)
        assert stopped is not None
        assert not stopped.conditions
        await office.voicemail.start(DOCOMO)
        assert not (await office.forwarding.of(DOCOMO)).active
        again = await office.voicemail.of(DOCOMO)
        assert again == box
        whats = [change.what for change in await office.audit.of(DOCOMO, most=4)]
        assert whats[::-1] == [
            "forwarding started",
            "voicemail stopped",
            "forwarding stopped",
            "voicemail started",
        ]


async def test_aus_1420_stops_voicemail_too(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        await office.forwarding.stop(AU)
        box = await office.voicemail.of(AU)
        assert box is not None
        assert not box.conditions


async def test_a_line_that_forwards_gets_a_box_that_is_stopped(tmp_path: Path) -> None:
    """Who contracts voicemail finds it started; who forwards already must start it first."""
    async with voicemail_office(tmp_path) as office:
        await office.forwarding.set_target(RAKUTEN, SOMEWHERE)
        option = LineChanges(options=frozenset({"voicemail"}))
        await office.upkeep.change(RAKUTEN, option, origin=OPERATOR)
        started = await office.voicemail.of(RAKUTEN)
        assert started is not None
        assert started.conditions
        await office.upkeep.change(RAKUTEN, LineChanges(options=frozenset()), origin=OPERATOR)
        assert await office.voicemail.of(RAKUTEN) is None
        await office.forwarding.start(RAKUTEN)
        await office.upkeep.change(RAKUTEN, option, origin=OPERATOR)
        stopped = await office.voicemail.of(RAKUTEN)
        assert stopped is not None
        assert not stopped.conditions


@pytest.mark.parametrize("ending", ["option", "line"])
async def test_who_ends_the_option_or_the_line_ends_its_messages(
    tmp_path: Path, ending: str
) -> None:
    async with voicemail_office(tmp_path) as office:
        await leave(office.voicemail)
        other = await leave(office.voicemail, AU)
        await office.voicemail.set_greeting(DOCOMO, Greeting.OWN, SECOND * 2)
        going_on = await office.voicemail.deposit(DOCOMO, None, "call")
        going_on.write(SECOND)
        if ending == "option":
            none = LineChanges(options=frozenset())
            await office.upkeep.change(DOCOMO, none, origin=OPERATOR)
        else:
            await office.upkeep.remove(DOCOMO, origin=OPERATOR)
        assert await office.voicemail.of(DOCOMO) is None
        assert await going_on.keep() is None
        await office.voicemail.tidy()
        assert files(tmp_path) == {other.id}
        if ending != "line":
            with pytest.raises(NotContracted):
                await office.voicemail.messages(DOCOMO)


@pytest.mark.rule("VM-08")
async def test_a_seed_takes_away_no_box_with_messages_in_it(tmp_path: Path) -> None:
    """A start seeds anew; the office may have contracted what the seed does not know."""
    plain = replace(seeds()[0], line=replace(seeds()[0].line, options=frozenset()))
    again = [plain, *seeds()[1:]]
    async with voicemail_office(tmp_path) as office:
        message = await leave(office.voicemail)
        await office.seed(again)
        assert await office.voicemail.messages(DOCOMO) == (message,)
        await office.voicemail.erase(DOCOMO, message.id)
        await office.seed(again)
        assert await office.voicemail.of(DOCOMO) is None


async def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        await leave(office.voicemail)
        await office.voicemail.set_greeting(DOCOMO, Greeting.OWN, SECOND * 2)
        folder = tmp_path / "voicemail"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert modes == {0o600}
        (message,) = await office.voicemail.messages(DOCOMO)
        header = (folder / f"{message.id}.au").read_bytes()[:28]
        assert header[:8].hex() == "2e736e640000001c"
        assert header[8:24].hex() == "ffffffff0000000100001f4000000001"


async def test_nothing_shows_a_pin(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        await office.voicemail.set_pin(DOCOMO, "8642")
        tries = await asyncio.gather(
            *(office.voicemail.check_pin(DOCOMO, f"{pin:04}") for pin in range(10))
        )
        assert tries.count(PinVerdict.WRONG) == 3
        assert tries.count(PinVerdict.LOCKED) == 7
        assert await office.voicemail.check_pin(DOCOMO, "8642") is PinVerdict.LOCKED
        await office.voicemail.by(OPERATOR).unlock(DOCOMO)
        assert await office.voicemail.check_pin(DOCOMO, "8642") is PinVerdict.RIGHT
        changes = await office.audit.of(DOCOMO)
        assert "voicemail locked against remote use" in {change.what for change in changes}
        assert not [change for change in changes if "8642" in f"{change.before}{change.after}"]
        assert not [change for change in changes if "argon2" in f"{change.before}{change.after}"]


async def test_a_seed_says_how_a_box_is_on_its_first_day(tmp_path: Path) -> None:
    wanted = SeedVoicemail(frozenset(), 30, Greeting.PLAIN, "8642")
    docomo = replace(seeds()[0], voicemail=wanted)
    async with voicemail_office(tmp_path / "first") as office:
        await office.snapshots.clear()
        await office.seed([docomo])
        box = await office.voicemail.of(DOCOMO)
        assert box is not None
        assert (box.conditions, box.ring_time_s) == (frozenset(), 30)
        assert (box.greeting, box.has_pin) == (Greeting.PLAIN, True)
        assert await office.voicemail.check_pin(DOCOMO, "8642") is PinVerdict.RIGHT
        await office.voicemail.set_ring_time(DOCOMO, 5)
        await office.seed([docomo])
        kept = await office.voicemail.of(DOCOMO)
        assert kept is not None
        assert kept.ring_time_s == 5


@pytest.mark.rule("LAB-03")
async def test_a_snapshot_has_the_sound_of_its_messages(tmp_path: Path) -> None:
    async with voicemail_office(tmp_path) as office:
        message = await leave(office.voicemail)
        await office.voicemail.set_greeting(DOCOMO, Greeting.OWN, SECOND * 2)
        await office.snapshots.save("evening")
        await office.voicemail.erase(DOCOMO, message.id)
        later = await leave(office.voicemail, AU)
        await office.snapshots.load("evening")
        await office.refresh()
        assert await office.voicemail.messages(AU) == ()
        assert await office.voicemail.sound(DOCOMO, message.id) == SECOND
        assert await office.voicemail.greeting(DOCOMO) == SECOND * 2
        assert later.id not in files(tmp_path)
        await office.snapshots.clear()
        await office.refresh()
        assert files(tmp_path) == set()
        await office.snapshots.load("evening")
        await office.refresh()
        assert await office.voicemail.sound(DOCOMO, message.id) == SECOND
        await office.snapshots.delete("evening")
        assert list((tmp_path / "snapshots").iterdir()) == []
        assert await office.voicemail.sound(DOCOMO, message.id) == SECOND


async def test_two_carriers_at_one_database_share_a_box(
    tmp_path: Path, postgres_server: str
) -> None:
    """Each has its own folder: a message is heard where it was left, and erased from either.

    Lamps at both know of it.
    """
    key = Fernet.generate_key().decode()
    with postgres.database(postgres_server) as url:
        async with (
            voicemail_office(tmp_path / "one", url, key=key) as one,
            voicemail_office(tmp_path / "two", url, key=key) as two,
        ):
            told = asyncio.Event()
            two.voicemail.watchers.append(lambda *_: told.set())
            message = await leave(one.voicemail)
            async with asyncio.timeout(30):
                await told.wait()
            assert await two.voicemail.messages(DOCOMO) == (message,)
            assert files(tmp_path / "two") == set()
            await two.voicemail.tidy()
            assert await one.voicemail.sound(DOCOMO, message.id) == SECOND
            await two.voicemail.erase(DOCOMO, message.id)
            await one.voicemail.tidy()
            assert files(tmp_path / "one") == set()
