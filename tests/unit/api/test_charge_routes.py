"""`/v1/charges`, `/v1/quote` and why: what is charged is explained, in both languages (LINK-04)."""

import csv
import io

import httpx2
import pytest

from provisioning.contract import Access
from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.support.call_records import record
from tests.support.storage import AU, DOCOMO, RAKUTEN
from tests.unit.api.conftest import OPERATOR, Clients

pytestmark = pytest.mark.rule("LINK-04")

PLAYED, FORWARDED, EXCLUDED, DIALLED, LINKED = 1, 2, 3, 4, 5
FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
async def calls(office: Office) -> None:
    """A record for each of the four causes, and one that Link called for free."""
    rakuten = record(service="line")._replace(payer=RAKUTEN, line=RAKUTEN, seconds=31.0)
    link = rakuten._replace(access=Access.LINK)
    for number, made in {
        PLAYED: link._replace(service="voicemail-playback", destination="1417", called="1417"),
        FORWARDED: rakuten._replace(service="forwarding", leg=2, payer=DOCOMO),
        EXCLUDED: link._replace(destination="+81570012345"),
        DIALLED: rakuten._replace(called=FORMULA),
        LINKED: link,
    }.items():
        call_id = record(number).call_id
        await office.records.append(made._replace(call_id=call_id, linked_id=call_id))
    await office.billing.settle()


@pytest.mark.usefixtures("calls")
async def test_each_of_the_four_causes_is_told_in_both_languages(api: httpx2.AsyncClient) -> None:
    causes = {PLAYED: "playback", FORWARDED: "forwarding", EXCLUDED: "excluded", DIALLED: "dialler"}
    for id, cause in causes.items():
        told = (await api.get(f"/v1/cdrs/{id}/why")).json()
        assert (told["charged"], told["cause"], told["reason"]) == (True, cause, None)
        assert [each["cause"] for each in told["asked"] if each["applies"]] == [cause]
        assert [each["cause"] for each in told["asked"]] == list(causes.values())[:id]
        assert "円" in told["ja"]
        assert "yen" in told["en"]


@pytest.mark.usefixtures("calls")
async def test_the_reckoning_is_shown_in_full(api: httpx2.AsyncClient) -> None:
    told = (await api.get(f"/v1/cdrs/{PLAYED}/why")).json()
    assert told["rule"] == "VM-05"
    assert told["cost"] == {
        "line": RAKUTEN,
        "number_class": "voicemail",
        "tariff": "standard",
        "price": "domestic",
        "source": "S1: 20 yen (22 with tax) for 30 seconds of a domestic call.",
        "seconds": 31.0,
        "unit_s": 30,
        "units": 2,
        "unit_yen": "20",
        "yen": "40",
        "yen_with_tax": "44",
        "tax_percent": 10,
        "rounding": "exact",
    }
    assert told["en"].endswith("31 s = 2 started × 30 s at 20 yen: 40 yen (44 with 10% tax).")
    assert "合計 40 円 (税込 44 円" in told["ja"]


@pytest.mark.rule("LINK-01")
@pytest.mark.usefixtures("calls")
async def test_why_a_call_was_free(api: httpx2.AsyncClient) -> None:
    told = (await api.get(f"/v1/cdrs/{LINKED}/why")).json()
    assert (told["charged"], told["reason"], told["rule"]) == (False, "link", "LINK-01")
    assert told["cost"] is None
    assert not any(each["applies"] for each in told["asked"])
    missing = await api.get("/v1/cdrs/999/why")
    assert (missing.status_code, missing.json()["type"]) == (
        404,
        "urn:tokuban:problem:unknown-record",
    )


@pytest.mark.usefixtures("calls")
async def test_charges_are_listed_and_exported(api: httpx2.AsyncClient) -> None:
    listed = (await api.get("/v1/charges")).json()["items"]
    assert [each["cause"] for each in listed] == ["dialler", "excluded", "forwarding", "playback"]
    assert [each["line"] for each in listed].count(DOCOMO) == 1
    one = (await api.get("/v1/charges", params={"cause": "forwarding"})).json()["items"]
    assert [(each["line"], each["leg"], each["yen"]) for each in one] == [(DOCOMO, 2, "40")]
    none = (await api.get("/v1/charges", params={"line": AU})).json()["items"]
    assert none == []
    first = (await api.get("/v1/charges", params={"limit": 1})).json()
    second = await api.get("/v1/charges", params={"limit": 1, "after": first["next"]})
    assert second.json()["items"] == listed[1:2]
    exported = await api.get("/v1/charges", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [row["yen"] for row in rows] == ["40", "20", "40", "40"]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert any(cell == f"'{FORMULA}" for cell in cells)


async def test_a_quote_answers_before_the_call(api: httpx2.AsyncClient) -> None:
    async def asked(**fields: str) -> tuple[str | None, str | None]:
        answer = await api.get("/v1/quote", params={"from": RAKUTEN, "seconds": "61"} | fields)
        told = answer.json()
        return told["reason"] or told["cause"], told["cost"] and told["cost"]["yen_with_tax"]

    assert await asked(to="0312345678") == ("dialler", "66")
    assert await asked(to="0312345678", access="link") == ("link", None)
    assert await asked(to="184-0570-012345", access="link") == ("excluded", "44")
    assert await asked(to="1417-090-0000-0001", access="link") == ("playback", "66")
    assert await asked(to="050-0999-1418", access="link") == ("playback", "66")
    assert await asked(to="0120000003") == ("number", None)
    assert await asked(to="0312345678", at="2018-01-01T00:00:00+09:00") == ("dialler", "64.8")
    refused = await api.get("/v1/quote", params={"from": "09077777777", "to": "110"})
    assert refused.json()["type"] == "urn:tokuban:problem:unknown-line"


async def test_a_token_needs_the_scope_of_calls(office: Office, clients: Clients) -> None:
    for scope, status in ((Scope.CALLS_READ, 200), (Scope.LINES_READ, 403)):
        made = await office.tokens.create("test", [scope], origin=OPERATOR)
        async with clients("192.0.2.7", made.secret) as client:
            assert (await client.get("/v1/charges")).status_code == status
            quoted = await client.get("/v1/quote", params={"from": DOCOMO, "to": "117"})
            assert quoted.status_code == status
