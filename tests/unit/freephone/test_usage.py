"""Usage: each call counts once, for what became of it, its hour and the line it reached."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest

from provisioning.contract import E164, NATION, CallRecord, Freephone, Group, OutOfRange, Reception
from provisioning.freephone.document import FreephoneDocument
from provisioning.freephone.usage import (
    By,
    Fate,
    Some,
    Span,
    by_time,
    fate_of,
    spans,
    start_of,
    total,
)
from provisioning.office import Office
from tests.support.call_records import call_id, record
from tests.support.freephones import NUMBER
from tests.support.orders import OPERATOR, contract
from tests.support.storage import AU, DOCOMO, NTT
from tests.unit.api.conftest import api_of

MIDNIGHT = 1_793_631_600.0
"""3 November 2026 in Japan."""
HOUR = 3600.0
DAY = Span(MIDNIGHT, MIDNIGHT + 24 * HOUR)
OTHER = E164("+81120000009")
LATER = 9e9
"""In wall time: after any test began."""

numbers = count(1)


def calls(
    service: str,
    at: float,
    *,
    answered: bool = False,
    rang: tuple[tuple[E164, str], ...] = (),
    leads_to: E164 = NUMBER,
    payer: E164 = NUMBER,
    wall_at: float = LATER,
) -> Iterator[CallRecord]:
    """The legs of a call at so many hours after midnight; `rang`: (line, service) of each other."""
    number, begun = next(numbers), MIDNIGHT + at * HOUR
    when: dict[str, Any] = {
        "started_at": wall_at,
        "business_started_at": begun,
        "answered_at": begun if answered else None,
    }
    yield record(number, service=service, payer=payer, destination=leads_to, line=None, **when)
    for leg, (line, role) in enumerate(rang, 2):
        yield record(
            number, leg, call_id=call_id(number), service=role, payer=None, line=line, **when
        )


async def keep(office: Office, *made: Iterator[CallRecord]) -> None:
    for each in made:
        for leg in each:
            await office.records.append(leg)


@pytest.fixture
async def number(office: Office) -> E164:
    payer = await contract(office)
    one = Freephone(NUMBER, (Group("all", (NATION,), NTT),), (Reception(NTT),))
    await office.freephones.create(NUMBER, payer.id, FreephoneDocument.of(one), origin=OPERATOR)
    return NUMBER


@pytest.mark.rule("FREE-12")
@pytest.mark.parametrize(
    ("service", "answered", "fate"),
    [
        ("freephone", True, Fate.ANSWERED),
        ("freephone", False, Fate.NO_ANSWER),
        ("freephone-busy", True, Fate.ANSWERED),
        ("freephone-busy", False, Fate.BUSY),
        ("freephone-refused", False, Fate.REFUSED),
        ("freephone-off-hours", False, Fate.OFF_HOURS),
    ],
)
def test_a_record_has_one_fate(service: str, answered: bool, fate: Fate) -> None:
    assert fate_of(service, answered=answered) is fate


def test_hours_and_days_are_japan_s() -> None:
    assert list(spans(DAY, By.HOUR)) == [MIDNIGHT + n * HOUR for n in range(24)]
    assert list(spans(Span(MIDNIGHT - 1, MIDNIGHT + 1), By.DAY)) == [MIDNIGHT - 24 * HOUR, MIDNIGHT]
    assert start_of(MIDNIGHT + 1.5 * HOUR, By.HOUR) == MIDNIGHT + HOUR
    found = by_time([Some(1, "freephone", True, 2)], Span(MIDNIGHT, MIDNIGHT + 2 * HOUR), By.HOUR)
    assert [(each.begins, each.calls) for each in found] == [(MIDNIGHT, 0), (MIDNIGHT + HOUR, 2)]


@pytest.mark.rule("FREE-12")
async def test_calls_are_counted_by_hour_and_by_the_line_they_reached(
    office: Office, number: E164
) -> None:
    await keep(
        office,
        calls("freephone", 0.0, answered=True, rang=((NTT, "line"),)),
        calls("freephone", 9.99, answered=True, rang=((NTT, "line"), (AU, "line"))),
        calls("freephone", 10.0, answered=True, rang=((NTT, "line"), (NTT, "forwarding"))),
        calls("freephone", 10.5, rang=((NTT, "line"),)),
        calls("freephone-busy", 10.6, leads_to=NTT),
        calls("freephone-busy", 10.7, leads_to=NTT, rang=((AU, "line"),)),
        calls("freephone-off-hours", 23.999, leads_to=NTT),
        calls("freephone-refused", 12.0),
        calls("freephone", 24.0, answered=True, rang=((NTT, "line"),)),
        calls("freephone", -0.001, answered=True, rang=((NTT, "line"),)),
        calls("freephone", 11.0, answered=True, payer=OTHER),
        calls("line", 11.0, answered=True, payer=DOCOMO),
    )
    hours = await office.usage.count(number, DAY, By.HOUR)
    assert [each.calls for each in hours] == [1] + [0] * 8 + [1, 4, 0, 1] + [0] * 10 + [1]
    assert hours[10].fates == {
        Fate.ANSWERED: 1,
        Fate.NO_ANSWER: 1,
        Fate.BUSY: 2,
        Fate.REFUSED: 0,
        Fate.OFF_HOURS: 0,
    }
    reached = await office.usage.count(number, DAY, By.NUMBER)
    assert [(each.number, each.calls) for each in reached] == [(NTT, 5), (NUMBER, 1), (AU, 2)]
    assert reached[0].of(Fate.OFF_HOURS) == reached[0].of(Fate.BUSY) == 1
    (whole,) = await office.usage.count(number, DAY, By.DAY)
    assert total(hours).fates == total(reached).fates == whole.fates


@pytest.mark.rule("FREE-12")
async def test_calls_of_who_had_the_number_before_are_not_counted(
    office: Office, number: E164
) -> None:
    await keep(
        office,
        calls("freephone", 9.0, answered=True, wall_at=1.0),
        calls("freephone", 10.0, answered=True),
    )
    assert total(await office.usage.count(number, DAY, By.HOUR)).calls == 1
    assert total(await office.usage.count(number, DAY, By.NUMBER)).calls == 1


@pytest.mark.parametrize("span", [Span(1.0, 1.0), Span(2.0, 1.0), Span(0.0, 367 * 86_400.0)])
def test_a_span_that_is_none_is_refused(span: Span) -> None:
    with pytest.raises(OutOfRange):
        span.checked()


@pytest.mark.rule("FREE-12")
async def test_usage_is_asked_for_over_http(office: Office, number: E164) -> None:
    await keep(office, calls("freephone", 9.5, answered=True, rang=((NTT, "line"),)))
    app = api_of(office, [])
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 50000))
    path = "/v1/freephones/0120000003/usage"
    asked = {"from": "2026-11-03T00:00:00+09:00", "to": "2026-11-04T00:00:00+09:00"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as api:
        items = (await api.get(path, params=asked)).json()["items"]
        assert len(items) == 24
        assert items[9] == {
            "begins": "2026-11-03T09:00:00+09:00",
            "number": None,
            "calls": 1,
            "answered": 1,
            "busy": 0,
            "no_answer": 0,
            "refused": 0,
            "off_hours": 0,
        }
        rows = await api.get(path, params={**asked, "by": "number", "format": "csv"})
        assert rows.text.splitlines() == [
            "begins,number,calls,answered,busy,no_answer,refused,off_hours",
            ",0300000003,1,1,0,0,0,0",
            ",0120000003,0,0,0,0,0,0",
        ]
        assert len((await api.get(path)).json()["items"]) == 24
        wrong = await api.get(path, params={"from": asked["to"], "to": asked["from"]})
        assert (wrong.status_code, wrong.headers["content-type"]) == (
            422,
            "application/problem+json",
        )
        assert (await api.get("/v1/freephones/0120999999/usage")).status_code == 404
