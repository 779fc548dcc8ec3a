"""Voicemail, whoever keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provisioning.contract import (
    E164,
    BoxFull,
    Condition,
    Counts,
    Greeting,
    Mailboxes,
    MessageMark,
    NotContracted,
    OutOfRange,
    PinVerdict,
    UnknownLine,
    UnknownVoiceMessage,
)
from tests.support import postgres
from tests.support.boxes import BEGUN, LINES, SECOND, leave, voicemail_office
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.storage import AU, DOCOMO, NOBODY, NTT, RAKUTEN

SAVED = MessageMark.SAVED
OTHER_BOX = "00000000-0000-4000-8000-000000000000"


EVERYWHERE = pytest.mark.parametrize("boxes", ["memory", "sqlite", "postgresql"], indirect=True)


@pytest.fixture(params=["memory", "sqlite"])
async def boxes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mailboxes]:
    if request.param == "memory":
        yield InMemoryMailboxes(LINES, BEGUN)
    elif request.param == "sqlite":
        async with voicemail_office(tmp_path) as office:
            yield office.voicemail
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            async with voicemail_office(tmp_path, url) as office:
                yield office.voicemail


@EVERYWHERE
@pytest.mark.rule("VM-01")
async def test_a_message_is_left_heard_saved_and_erased(boxes: Mailboxes) -> None:
    told: list[tuple[E164, Counts]] = []
    boxes.watchers.append(lambda line, counts: told.append((line, counts)))
    deposit = await boxes.deposit(DOCOMO, AU, "call-1")
    for _ in range(100):
        deposit.write(SECOND[:160])
    assert deposit.seconds == 2.0
    assert await deposit.sound() == SECOND[:160] * 100
    assert await boxes.messages(DOCOMO) == ()
    kept = await deposit.keep()
    assert kept is not None
    assert (kept.line, kept.caller, kept.mark) == (DOCOMO, AU, MessageMark.NEW)
    assert (kept.seconds, kept.recorded_at, kept.interrupted) == (2.0, BEGUN, False)
    assert kept.expires_at == BEGUN + 72 * 3600
    assert await deposit.keep() == kept
    assert await boxes.messages(DOCOMO) == (kept,)
    assert await boxes.sound(DOCOMO, kept.id) == SECOND[:160] * 100
    saved = await boxes.mark(DOCOMO, kept.id, SAVED)
    assert (saved.mark, saved.expires_at) == (SAVED, kept.expires_at)
    assert await boxes.mark(DOCOMO, kept.id, SAVED) == saved
    assert await boxes.counts(DOCOMO) == Counts(0, 1)
    await boxes.erase(DOCOMO, kept.id)
    assert await boxes.messages(DOCOMO) == ()
    ones = [counts for _, counts in dict.fromkeys(told)]
    assert ones == [Counts(1, 0), Counts(0, 1), Counts(0, 0)]


@pytest.mark.rule("VM-03")
async def test_new_ones_come_first(boxes: Mailboxes) -> None:
    first, second, third = [await leave(boxes) for _ in range(3)]
    await boxes.mark(DOCOMO, first.id, SAVED)
    marks = [each.mark for each in await boxes.messages(DOCOMO)]
    assert marks == [MessageMark.NEW, MessageMark.NEW, SAVED]
    assert {each.id for each in (await boxes.messages(DOCOMO))[:2]} == {second.id, third.id}


async def test_nothing_is_kept_of_who_says_nothing(boxes: Mailboxes) -> None:
    silent = await boxes.deposit(DOCOMO, None, "call-1")
    assert await silent.keep() is None
    dropped = await boxes.deposit(DOCOMO, None, "call-2")
    dropped.write(SECOND)
    await dropped.drop()
    assert await dropped.keep() is None
    anew = await boxes.deposit(DOCOMO, None, "call-3")
    anew.write(SECOND * 3)
    await anew.begin_anew()
    assert anew.seconds == 0.0
    anew.write(SECOND[::-1])
    kept = await anew.keep()
    assert kept is not None
    anew.write(SECOND)
    assert await boxes.sound(DOCOMO, kept.id) == SECOND[::-1]
    assert await boxes.counts(DOCOMO) == Counts(1, 0)


@EVERYWHERE
async def test_no_box_opens_anothers_message(boxes: Mailboxes) -> None:
    kept = await leave(boxes)
    for wrong in (kept.id, OTHER_BOX, "", "../x", "a\0b", kept.id.upper()):
        with pytest.raises(UnknownVoiceMessage):
            await boxes.sound(AU, wrong)
        with pytest.raises(UnknownVoiceMessage):
            await boxes.mark(AU, wrong, SAVED)
        with pytest.raises(UnknownVoiceMessage):
            await boxes.erase(AU, wrong)
    assert await boxes.messages(DOCOMO) == (kept,)


@pytest.mark.rule("VM-01")
async def test_a_full_box_takes_no_more(boxes: Mailboxes) -> None:
    for _ in range(18):
        await leave(boxes, ulaw=SECOND[:4000])
    going_on = [await boxes.deposit(DOCOMO, None, f"call-{n}") for n in range(2)]
    with pytest.raises(BoxFull):
        await boxes.deposit(DOCOMO, None, "one-more")
    await boxes.deposit(AU, None, "elsewhere")
    await going_on[0].drop()
    going_on[1].write(SECOND)
    await going_on[1].keep()
    last = await boxes.deposit(DOCOMO, None, "last")
    last.write(SECOND)
    await last.keep()
    with pytest.raises(BoxFull):
        await boxes.deposit(DOCOMO, None, "one-more")
    await boxes.erase(DOCOMO, (await boxes.messages(DOCOMO))[0].id)
    await (await boxes.deposit(DOCOMO, None, "room-again")).drop()


@EVERYWHERE
@pytest.mark.rule("VM-02")
async def test_a_box_is_set(boxes: Mailboxes) -> None:
    box = await boxes.of(DOCOMO)
    assert box is not None
    assert Condition.CFB in box.conditions
    assert (box.ring_time_s, box.greeting, box.has_pin) == (15, Greeting.NUMBER, False)
    await boxes.set_ring_time(DOCOMO, 0)
    for seconds in (-1, 121):
        with pytest.raises(OutOfRange):
            await boxes.set_ring_time(DOCOMO, seconds)
    await boxes.stop(DOCOMO)
    stopped = await boxes.of(DOCOMO)
    assert stopped is not None
    assert (stopped.conditions, stopped.ring_time_s) == (frozenset(), 0)
    assert (await boxes.start(DOCOMO)).conditions == box.conditions
    assert (await boxes.start(DOCOMO, [Condition.CFB])).conditions == {Condition.CFB}
    with pytest.raises(OutOfRange):
        await boxes.start(DOCOMO, [])


@pytest.mark.rule("VM-02")
async def test_some_carriers_boxes_take_none_for_a_while(boxes: Mailboxes) -> None:
    for takes in (False, True):
        await boxes.set_taking(AU, takes)
        box = await boxes.of(AU)
        assert box is not None
        assert box.takes_messages is takes
    await boxes.set_taking(DOCOMO, True)
    with pytest.raises(OutOfRange):
        await boxes.set_taking(DOCOMO, False)


async def test_a_greeting_of_ones_own_waits_for_its_turn(boxes: Mailboxes) -> None:
    assert await boxes.greeting(DOCOMO) is None
    for wrong in (b"", b"\x7f", SECOND * 600):
        with pytest.raises(OutOfRange):
            await boxes.set_greeting(DOCOMO, Greeting.OWN, wrong)
    with pytest.raises(OutOfRange):
        await boxes.set_greeting(DOCOMO, Greeting.OWN)
    await boxes.set_greeting(DOCOMO, Greeting.OWN, SECOND * 2)
    assert await boxes.greeting(DOCOMO) == SECOND * 2
    await boxes.set_greeting(DOCOMO, Greeting.PLAIN)
    assert await boxes.greeting(DOCOMO) is None
    await boxes.set_greeting(DOCOMO, Greeting.OWN)
    assert await boxes.greeting(DOCOMO) == SECOND * 2
    await boxes.set_greeting(DOCOMO, Greeting.OWN, SECOND * 3)
    assert await boxes.greeting(DOCOMO) == SECOND * 3


async def test_the_fourth_wrong_pin_locks_the_box(boxes: Mailboxes) -> None:
    assert await boxes.check_pin(DOCOMO, "1234") is PinVerdict.WRONG
    for wrong in ("123", "12345", "12a4", "１２３４"):
        with pytest.raises(OutOfRange):
            await boxes.set_pin(DOCOMO, wrong)
    await boxes.set_pin(DOCOMO, "1234")
    tries = [await boxes.check_pin(DOCOMO, pin) for pin in ("0000", "0001", "1234")]
    assert tries == [PinVerdict.WRONG, PinVerdict.WRONG, PinVerdict.RIGHT]
    tries = [await boxes.check_pin(DOCOMO, "0000") for _ in range(4)]
    assert tries == [*[PinVerdict.WRONG] * 3, PinVerdict.LOCKED]
    assert await boxes.check_pin(DOCOMO, "1234") is PinVerdict.LOCKED
    locked = await boxes.of(DOCOMO)
    assert locked is not None
    assert (locked.has_pin, locked.remote_locked) == (True, True)
    await boxes.set_pin(DOCOMO, "4321")
    assert await boxes.check_pin(DOCOMO, "4321") is PinVerdict.RIGHT
    await boxes.set_pin(DOCOMO, None)
    assert await boxes.check_pin(DOCOMO, "4321") is PinVerdict.WRONG


async def test_who_contracted_nothing_has_no_box(boxes: Mailboxes) -> None:
    for line in (RAKUTEN, NTT, NOBODY):
        assert await boxes.of(line) is None
    for line, error in ((RAKUTEN, NotContracted), (NTT, NotContracted), (NOBODY, UnknownLine)):
        with pytest.raises(error):
            await boxes.start(line)
        with pytest.raises(error):
            await boxes.deposit(line, None, "call")
        with pytest.raises(error):
            await boxes.messages(line)
