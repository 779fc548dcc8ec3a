"""`/v1/cdrs`, `/v1/calls` and `/v1/events`: what is shown, to whom, and that nothing runs in it."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx2
import pytest

from provisioning.api.events import written
from provisioning.events import Dropped, Event, Gap
from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.support.call_records import GoingOn, call_id, record
from tests.support.storage import AU, DOCOMO
from tests.unit.api.conftest import OPERATOR, Clients, api_of

ELSEWHERE = "192.0.2.7"
FORMULA = '=HYPERLINK("http://x")\x1b[31m\r\n,"'


@pytest.fixture
async def calls(office: Office) -> None:
    """Three records."""
    await office.records.append(record(1))
    await office.records.append(record(2, line=AU, service="talkie", called=FORMULA))
    await office.records.append(record(3, answered_at=None, business_answered_at=None))


def ids(answer: httpx2.Response) -> list[int]:
    assert answer.status_code == 200
    return [int(item["call_id"][-3:]) for item in answer.json()["items"]]


@pytest.mark.rule("BILL-01")
@pytest.mark.usefixtures("calls")
class TestRecords:
    async def test_every_field_is_shown(self, api: httpx2.AsyncClient) -> None:
        shown = (await api.get("/v1/cdrs")).json()["items"][-1]
        assert shown == {
            "id": 1,
            "call_id": call_id(1),
            "leg": 1,
            "linked_id": call_id(1),
            "sip_call_id": "a84b4c76e66710@phone",
            "calling": "+819000000001",
            "called": "1840312345678",
            "destination": "+81312345678",
            "presented": None,
            "prefix": "184",
            "line": "+819000000001",
            "access": "os",
            "service": "forwarding-menu",
            "payer": "+819000000001",
            "started_at": "2027-01-15T08:00:00.250000Z",
            "answered_at": "2027-01-15T08:00:01.750000Z",
            "ended_at": "2027-01-15T08:00:10.375000Z",
            "business_started_at": "2027-01-16T08:00:00.250000Z",
            "business_answered_at": "2027-01-16T08:00:01.750000Z",
            "business_ended_at": "2027-01-16T08:00:10.375000Z",
            "seconds": 8.625,
            "cause": "hung-up",
            "sip_status": 200,
            "q850": 16,
            "trunk": "west",
            "interrupted": False,
        }

    async def test_filters(self, api: httpx2.AsyncClient) -> None:
        assert ids(await api.get("/v1/cdrs?line=09000000001")) == [3, 1]
        assert ids(await api.get("/v1/cdrs?service=talkie")) == [2]
        assert ids(await api.get(f"/v1/cdrs?call_id={call_id(3)}")) == [3]
        assert ids(await api.get("/v1/cdrs?from=2027-01-16T17:00:00%2B09:00")) == [3, 2, 1]
        assert ids(await api.get("/v1/cdrs?to=2027-01-16T17:00:00%2B09:00")) == []

    @pytest.mark.parametrize(
        "query",
        ["from=yesterday", "from=2027-01-16T17:00:00", "after=x", "limit=0", "format=xml"],
    )
    async def test_what_is_asked_wrongly(self, api: httpx2.AsyncClient, query: str) -> None:
        assert (await api.get(f"/v1/cdrs?{query}")).status_code == 422

    async def test_pages(self, api: httpx2.AsyncClient) -> None:
        first = await api.get("/v1/cdrs?limit=2")
        second = await api.get(f"/v1/cdrs?limit=2&after={first.json()['next']}")
        assert (ids(first), ids(second), second.json()["next"]) == ([3, 2], [1], None)

    @pytest.mark.parametrize(
        ("query", "accept"), [("?format=csv", "*/*"), ("", "text/html, text/csv;q=0.9")]
    )
    async def test_csv_has_a_cell_for_every_field(
        self, api: httpx2.AsyncClient, query: str, accept: str
    ) -> None:
        answer = await api.get(f"/v1/cdrs{query}", headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("text/csv")
        assert "cdrs.csv" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["call_id"] for row in rows] == [call_id(n) for n in (3, 2, 1)]
        assert rows[0]["answered_at"] == ""
        assert rows[0]["line"] == "'+819000000001"
        assert list(rows[0]) == list((await api.get("/v1/cdrs")).json()["items"][0])

    async def test_no_cell_runs(self, api: httpx2.AsyncClient) -> None:
        text = (await api.get("/v1/cdrs?format=csv")).text
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@"))
                assert cell.isprintable()
        assert "\x1b" not in text
        assert "'=HYPERLINK" in text

    async def test_json_lines(self, api: httpx2.AsyncClient) -> None:
        answer = await api.get("/v1/cdrs", headers={"Accept": "application/x-ndjson"})
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines == (await api.get("/v1/cdrs")).json()["items"]
        assert lines[1]["called"] == FORMULA
        assert "\x1b" not in answer.text

    async def test_a_file_has_every_record_or_as_many_as_asked_for(
        self, api: httpx2.AsyncClient, office: Office
    ) -> None:
        await asyncio.gather(*(office.records.append(record(n)) for n in range(10, 1510)))
        whole = await api.get("/v1/cdrs?format=jsonl")
        assert len(whole.text.splitlines()) == 1503
        assert len((await api.get("/v1/cdrs?format=jsonl&limit=7")).text.splitlines()) == 7


async def test_live_calls(api: httpx2.AsyncClient, office: Office) -> None:
    office.records.open(call_id(1), 1, GoingOn(record(1)))
    (shown,) = (await api.get("/v1/calls")).json()["items"]
    assert shown == {
        "id": call_id(1),
        "leg": 1,
        "line": DOCOMO,
        "dialled": "1840312345678",
        "state": "confirmed",
        "since": "2027-01-15T08:00:00.250000Z",
        "service": "forwarding-menu",
        "prompts": [],
    }
    await office.records.append(record(1))
    assert (await api.get("/v1/calls")).json()["items"] == []


class Listener:
    """A reader of `/v1/events` without a socket: what was sent, and when it goes away."""

    def __init__(self, office: Office, query: str = "", last: str | None = None) -> None:
        headers = [(b"host", b"127.0.0.1")]
        if last is not None:
            headers.append((b"last-event-id", last.encode()))
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/v1/events",
            "raw_path": b"/v1/events",
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
            "scheme": "http",
            "root_path": "",
        }
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self._begun = False
        self._app = api_of(office)

    async def serve(self) -> None:
        async with asyncio.timeout(30):
            await self._app(self.scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if not self._begun:
            self._begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.put_nowait(dict(message))

    async def text(self) -> str:
        async with asyncio.timeout(10):
            return str((await self.sent.get())["body"].decode())


@pytest.fixture
async def listener(office: Office) -> AsyncIterator[Listener]:
    listener = Listener(office, "past=true")
    office.events.tell("before", n=1)
    serving = asyncio.create_task(listener.serve())
    yield listener
    listener.gone.set()
    await serving


class TestEvents:
    async def test_they_come_as_server_sent_events(
        self, listener: Listener, office: Office
    ) -> None:
        start = await listener.sent.get()
        headers = dict(start["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"cache-control"] == b"no-store"
        assert "event: before\n" in await listener.text()
        office.events.tell("call.ended", call_id="x", line="\n\ndata: forged\r\n")
        text = await listener.text()
        id, kind, data = text.removesuffix("\n\n").split("\n")
        assert kind == "event: call.ended"
        told = json.loads(data.removeprefix("data: "))
        assert id == f"id: {told['id']}"
        assert told["facts"] == {"call_id": "x", "line": "\n\ndata: forged\r\n"}

    async def test_who_goes_away_leaves_its_place(self, listener: Listener, office: Office) -> None:
        await listener.sent.get()
        assert office.events._readers
        listener.gone.set()
        while (await listener.sent.get())["more_body"]:
            pass
        assert not office.events._readers

    async def test_one_goes_on_behind_the_last_id(self, office: Office) -> None:
        for number in range(3):
            office.events.tell("counted", n=number)
        reader = office.events.follow(past=True)
        events = [e for e in await reader.next() if isinstance(e, Event)]
        seen = next(e.id for e in events if e.facts.get("n") == 1)
        resuming = Listener(office, "follow=false", last=seen)
        await resuming.serve()
        await resuming.sent.get()
        text = await resuming.text()
        assert '"n": 2' in text
        assert '"n": 1' not in text

    async def test_without_following_it_ends(self, office: Office) -> None:
        office.events.tell("before")
        reading = Listener(office, "past=true&follow=false")
        await reading.serve()
        kinds = [message["type"] for message in _drained(reading)]
        assert kinds == ["http.response.start", "http.response.body", "http.response.body"]

    async def test_more_readers_than_places(self, api: httpx2.AsyncClient, office: Office) -> None:
        readers = [office.events.follow() for _ in range(16)]
        assert (await api.get("/v1/events?follow=false")).status_code == 503
        readers[0].end()
        assert (await api.get("/v1/events?follow=false")).status_code == 200

    async def test_a_stalled_reader_is_cut_off(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("provisioning.api.events.SEND_WITHIN_S", 0.01)
        stalled = Listener(office, "past=true")

        async def stall(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        office.events.tell("before")
        stalled._send = stall  # type: ignore[method-assign]
        await stalled.serve()
        assert not office.events._readers

    async def test_silence_is_broken_by_a_comment(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("provisioning.api.events.BEAT_S", 0.01)
        quiet = Listener(office)
        serving = asyncio.create_task(quiet.serve())
        await quiet.sent.get()
        assert await quiet.text() == ":\n\n"
        office.events.close()
        await serving


def _drained(listener: Listener) -> list[dict[str, Any]]:
    return [listener.sent.get_nowait() for _ in range(listener.sent.qsize())]


def test_a_gap_and_a_drop_are_events() -> None:
    gap = 'event: stream.gap\ndata: {"kind": "stream.gap", "missed": 3}\n\n'
    assert written(Gap(3)) == gap
    assert '"missed": null' in written(Gap(None))
    assert written(Dropped("slow")).startswith("event: stream.dropped\n")


@pytest.mark.parametrize(
    ("scope", "opened"),
    [(Scope.CALLS_READ, {"/v1/cdrs", "/v1/calls"}), (Scope.EVENTS_READ, {"/v1/events"})],
)
async def test_each_needs_its_scope(
    clients: Clients, office: Office, scope: Scope, opened: set[str]
) -> None:
    made = await office.tokens.create("test", [scope], origin=OPERATOR)
    async with clients(ELSEWHERE, made.secret) as client:
        for path in ("/v1/cdrs", "/v1/calls", "/v1/events"):
            answer = await client.get(f"{path}?follow=false" if "events" in path else path)
            assert answer.status_code == (200 if path in opened else 403), path
