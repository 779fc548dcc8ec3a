"""`/v1/messages` over HTTP."""

import json

import httpx2
import pytest

from provisioning.contract import MessageState
from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.support.storage import DOCOMO
from tests.unit.api.conftest import OPERATOR, Clients

NEW = {"to": "09000000001", "text": "今日は", "sender": "0300000003"}
MESSAGES = "/v1/messages"
JSON = {"Content-Type": "application/json"}


async def test_the_operator_sends_and_sees_what_becomes_of_it(
    api: httpx2.AsyncClient, office: Office
) -> None:
    told: list[tuple[int, str]] = []
    office.messages.watchers.append(lambda message, line: told.append((message, line)))
    made = await api.post(MESSAGES, json=NEW)
    sent = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"{MESSAGES}/{sent['id']}")
    assert told == [(sent["id"], DOCOMO)]
    assert (sent["to"], sent["sender"], sent["account"]) == (DOCOMO, "+81300000003", "operator")
    assert (sent["state"], sent["attempts"], sent["text"]) == ("waiting", 0, None)
    assert (await api.get(made.headers["location"])).json() == sent | {"text": "今日は"}
    await office.messages.conclude(sent["id"], MessageState.DELIVERED)
    shown = (await api.get(made.headers["location"])).json()
    assert (shown["state"], shown["text"]) == ("delivered", None)


async def test_messages_are_listed_newest_first_by_line_and_state(
    api: httpx2.AsyncClient, office: Office
) -> None:
    for number, to in enumerate(("09000000001", "09000000004", "09000000001")):
        await api.post(MESSAGES, json={"to": to, "text": f"{number}"})
    first = (await api.get(MESSAGES, params={"limit": 2})).json()
    assert [each["text"] for each in first["items"]] == ["2", "1"]
    second = (await api.get(MESSAGES, params={"after": first["next"]})).json()
    assert ([each["text"] for each in second["items"]], second["next"]) == (["0"], None)
    await office.messages.conclude(first["items"][0]["id"], MessageState.REFUSED)
    for filters, count in (
        ({"to": "090-0000-0001"}, 2),
        ({"to": "09000000001", "state": "refused"}, 1),
        ({"state": "waiting"}, 2),
        ({"state": "expired"}, 0),
    ):
        found = (await api.get(MESSAGES, params=filters)).json()["items"]
        assert len(found) == count, filters


async def test_the_same_key_sends_once_and_its_answer_keeps_no_text(
    api: httpx2.AsyncClient, office: Office
) -> None:
    answers = [
        await api.post(MESSAGES, json=NEW, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await office.messages.waiting()) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"to": "0399999999"}, 404),
        ({"to": "110"}, 422),
        ({"text": ""}, 422),
        ({"text": "あ" * 1000}, 422),
        ({"text": "\ud800"}, 422),
        ({"sender": "someone"}, 422),
        ({"sender": "sip:1@x"}, 422),
        ({"more": 1}, 422),
    ],
)
async def test_what_cannot_be_sent(
    api: httpx2.AsyncClient, office: Office, change: dict[str, object], status: int
) -> None:
    content = json.dumps(NEW | change)
    refused = await api.post(MESSAGES, content=content, headers=JSON)
    assert refused.status_code == status
    assert NEW["text"] not in refused.text
    assert await office.messages.waiting() == []


async def test_there_is_room_for_so_many(api: httpx2.AsyncClient, office: Office) -> None:
    for number in range(office.messages.limits.per_line):
        assert (await api.post(MESSAGES, json=NEW | {"text": f"{number}"})).status_code == 201
    refused = await api.post(MESSAGES, json=NEW)
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "urn:tokuban:problem:too-many-messages",
    )
    assert (await api.get(f"{MESSAGES}/999999")).status_code == 404


@pytest.mark.parametrize(
    ("sender", "shown"), [("171", "171"), ("+12125551234", "+12125551234"), (None, None)]
)
async def test_a_message_comes_from_a_number_a_code_or_nobody(
    api: httpx2.AsyncClient, sender: str | None, shown: str | None
) -> None:
    assert (await api.post(MESSAGES, json=NEW | {"sender": sender})).json()["sender"] == shown


async def test_texts_need_a_scope_of_their_own(clients: Clients, office: Office) -> None:
    made = await office.tokens.create("w", [Scope.MESSAGES_WRITE], origin=OPERATOR)
    async with clients("192.0.2.7", made.secret) as writer:
        sent = (await writer.post(MESSAGES, json=NEW)).json()
        assert (await writer.get(MESSAGES)).json()["items"] == [sent]
        assert (await writer.get(f"{MESSAGES}/{sent['id']}")).json()["text"] is None
    scopes = [Scope.MESSAGES_READ, Scope.MESSAGES_TEXT]
    made = await office.tokens.create("r", scopes, origin=OPERATOR)
    async with clients("192.0.2.7", made.secret) as reader:
        assert (await reader.get(MESSAGES)).json()["items"] == [sent | {"text": "今日は"}]
        assert (await reader.post(MESSAGES, json=NEW)).status_code == 403
    made = await office.tokens.create("t", [Scope.MESSAGES_TEXT], origin=OPERATOR)
    async with clients("192.0.2.7", made.secret) as other:
        assert (await other.get(MESSAGES)).status_code == 403
