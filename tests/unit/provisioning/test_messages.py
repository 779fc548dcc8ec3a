"""What becomes of a message's row, on both databases."""

import asyncio
from dataclasses import replace

import pytest

from provisioning.audit.model import Origin
from provisioning.contract import (
    E164,
    MessageState,
    MessageTooLong,
    NewMessage,
    TooManyMessages,
    UnknownLine,
)
from provisioning.events import Event
from provisioning.messages.model import DAY_S
from provisioning.messages.store import Wanted
from provisioning.office import Office
from tests.support.storage import AU, DOCOMO, NOBODY

NEW = NewMessage("au|a1|1", "au", DOCOMO, AU, "今日は 📱")


def new(occasion: str = "au|a1|1", *, to: E164 = DOCOMO, account: str = "au") -> NewMessage:
    return replace(NEW, occasion=occasion, to=to, account=account)


async def states(office: Office) -> list[tuple[MessageState, str | None]]:
    page = await office.messages.search(Wanted())
    return [(each.row.state, each.text) for each in reversed(page.items)]


async def test_a_message_is_kept_once_and_its_text_until_it_is_delivered(office: Office) -> None:
    messages = office.messages
    told: list[tuple[int, E164]] = []
    messages.watchers.append(lambda message, line: told.append((message, line)))
    kept = await messages.keep(NEW)
    again = await messages.keep(NEW)
    assert again == kept
    assert (kept.state, kept.text, kept.sender) == (MessageState.WAITING, NEW.text, AU)
    assert told == [(kept.id, DOCOMO)]
    assert await messages.waiting() == [(kept.id, DOCOMO)]
    begun = await messages.attempt(kept.id)
    assert begun == replace(kept, attempts=1)
    assert await messages.conclude(kept.id, MessageState.DELIVERED)
    assert not await messages.conclude(kept.id, MessageState.REFUSED)
    assert await messages.attempt(kept.id) is None
    assert await messages.waiting() == []
    assert await states(office) == [(MessageState.DELIVERED, None)]
    assert (await messages.keep(NEW)).state is MessageState.DELIVERED


async def test_twenty_at_once_of_one_occasion_are_one(office: Office) -> None:
    kept = await asyncio.gather(*(office.messages.keep(NEW) for _ in range(20)))
    assert len({each.id for each in kept}) == 1
    assert len(await office.messages.waiting()) == 1


async def test_no_text_can_be_read_in_the_database(office: Office) -> None:
    kept = await office.messages.keep(NEW)
    assert NEW.text not in repr(kept) + repr(NEW)
    shown = await office.messages.show(kept.id)
    assert shown is not None
    assert shown.text == NEW.text
    assert NEW.text.encode() not in (shown.row.sealed or b"")
    assert NEW.text not in repr(shown)


async def test_what_cannot_be_kept_is_refused(office: Office) -> None:
    messages = office.messages
    messages.limits = replace(messages.limits, octets=4, per_line=2, per_account=3)
    with pytest.raises(MessageTooLong):
        await messages.keep(NEW)
    short = replace(NEW, text="abcd")
    with pytest.raises(UnknownLine):
        await messages.keep(replace(short, to=NOBODY))
    for occasion in ("1", "2"):
        await messages.keep(replace(short, occasion=occasion))
    with pytest.raises(TooManyMessages):
        await messages.keep(replace(short, occasion="3", account="docomo"))
    await messages.keep(replace(short, occasion="4", to=AU))
    with pytest.raises(TooManyMessages):
        await messages.keep(replace(short, occasion="5", to=AU))
    assert len(await messages.waiting()) == 3


async def test_what_nobody_took_in_time_expires_by_business_time(office: Office) -> None:
    await office.clock.freeze()
    kept = await office.messages.keep(NEW)
    await office.messages.keep(replace(NEW, occasion="brief", lasts_s=60.0))
    await office.clock.advance(61.0)
    assert await office.messages.waiting() == [(kept.id, DOCOMO)]
    await office.clock.advance(3 * DAY_S)
    assert await office.messages.waiting() == []
    assert await states(office) == [(MessageState.EXPIRED, None)] * 2
    await office.clock.advance(office.messages.limits.kept_days * DAY_S)
    assert await states(office) == []


async def test_a_line_takes_its_messages_along(office: Office) -> None:
    kept = await office.messages.keep(NEW)
    await office.messages.keep(new("2", to=AU))
    await office.upkeep.remove(AU, origin=Origin("operator"))
    assert await office.messages.waiting() == [(kept.id, DOCOMO)]
    assert await office.messages.show(kept.id + 1) is None
    assert not await office.messages.conclude(kept.id + 1, MessageState.DELIVERED)


async def test_events_tell_of_a_message_and_not_what_it_says(office: Office) -> None:
    reader = office.events.follow()
    kept = await office.messages.keep(NEW)
    await office.messages.conclude(kept.id, MessageState.REFUSED)
    told = [each for each in await reader.next() if isinstance(each, Event)]
    assert [each.kind for each in told] == ["message.waiting", "message.refused"]
    assert all(each.facts == {"message": kept.id, "line": DOCOMO} for each in told)
