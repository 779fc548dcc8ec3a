"""Messages, whoever keeps them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.contract import (
    E164,
    Messages,
    MessageState,
    MessageTooLong,
    NewMessage,
    TooManyMessages,
    UnknownLine,
)
from provisioning.messages.model import Limits
from provisioning.office import Office, OfficeSettings
from tests.support.fake_messages import InMemoryMessages
from tests.support.storage import AU, DOCOMO, NOBODY, REALM, seed

LIMITS = Limits(octets=20, per_line=2, per_account=3)
NEW = NewMessage("au|a1|1", "au", DOCOMO, AU, "今日は", withheld=True)


@pytest.fixture(params=["memory", "sqlite"])
async def messages(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Messages]:
    if request.param == "memory":
        yield InMemoryMessages([DOCOMO, AU], LIMITS)
        return
    office = await Office.open(OfficeSettings(tmp_path, REALM, messages=LIMITS))
    try:
        await office.seed(seed())
        yield office.messages
    finally:
        await office.close()


async def test_what_is_kept_waits_until_it_is_over(messages: Messages) -> None:
    told: list[tuple[int, E164]] = []
    messages.watchers.append(lambda message, line: told.append((message, line)))
    kept = await messages.keep(NEW)
    assert (kept.to, kept.sender, kept.withheld, kept.text) == (DOCOMO, AU, True, "今日は")
    assert (kept.state, kept.attempts) == (MessageState.WAITING, 0)
    assert await messages.keep(NEW) == kept
    assert told == [(kept.id, DOCOMO)]
    other = await messages.keep(replace(NEW, occasion="au|a2|1", to=AU))
    assert other.message_id != kept.message_id
    assert list(await messages.waiting()) == [(kept.id, DOCOMO), (other.id, AU)]
    assert await messages.attempt(kept.id) == replace(kept, attempts=1)
    assert await messages.attempt(kept.id) == replace(kept, attempts=2)
    assert await messages.conclude(kept.id, MessageState.DELIVERED)
    assert not await messages.conclude(kept.id, MessageState.REFUSED)
    assert await messages.attempt(kept.id) is None
    assert list(await messages.waiting()) == [(other.id, AU)]
    again = await messages.keep(NEW)
    assert (again.id, again.state, again.text) == (kept.id, MessageState.DELIVERED, None)


async def test_what_is_not_there_cannot_be_delivered(messages: Messages) -> None:
    assert await messages.attempt(7) is None
    assert not await messages.conclude(7, MessageState.DELIVERED)


async def test_no_room_no_line_no_end(messages: Messages) -> None:
    with pytest.raises(MessageTooLong):
        await messages.keep(replace(NEW, text="七文字ある文字列"))
    with pytest.raises(UnknownLine):
        await messages.keep(replace(NEW, to=NOBODY))
    await messages.keep(replace(NEW, occasion="1"))
    await messages.keep(replace(NEW, occasion="2"))
    with pytest.raises(TooManyMessages):
        await messages.keep(replace(NEW, occasion="3", account="docomo"))
    await messages.keep(replace(NEW, occasion="4", to=AU))
    with pytest.raises(TooManyMessages):
        await messages.keep(replace(NEW, occasion="5", to=AU))
    free = await messages.keep(replace(NEW, occasion="6", to=AU, capped=False))
    assert free.state is MessageState.WAITING
