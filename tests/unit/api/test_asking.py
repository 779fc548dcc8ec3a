"""What the API makes of a query it does not know, of its bare address, and of refused targets."""

from typing import Any

import httpx2
import pytest

from provisioning.forwarding.model import REASONS, Why
from provisioning.office import Office
from tests.support.storage import AU, DOCOMO
from tests.unit.api.conftest import Known

ALL_ON_ONE = {"ring_time_s": 20}


@pytest.mark.parametrize(
    ("path", "unknown", "there_are"),
    [
        ("/v1/lines?profil=ntt", ["profil"], "after, limit, profile, status"),
        (
            "/v1/lines?limit=3&offset=3&Status=active",
            ["Status", "offset"],
            "after, limit, profile, status",
        ),
        (f"/v1/lines/{DOCOMO}/forwarding?verbose=1", ["verbose"], "none"),
    ],
)
async def test_a_parameter_that_is_none_is_named(
    api: httpx2.AsyncClient, known: Known, path: str, unknown: list[str], there_are: str
) -> None:
    answer = await api.get(path)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:tokuban:problem:bad-request"
    errors = answer.json()["errors"]
    assert [each["field"] for each in errors] == [f"query.{name}" for name in unknown]
    assert all(each["reason"].endswith(f"there are: {there_are}") for each in errors)


async def test_a_change_with_a_parameter_that_is_none_changes_nothing(
    api: httpx2.AsyncClient, office: Office
) -> None:
    answer = await api.patch(f"/v1/lines/{DOCOMO}?dry_run=1", json={"status": "suspended"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["reason"] == "there is no such parameter here; there are: none"
    line = office.directory.line(DOCOMO)
    assert line is not None
    assert line.status == "active"


async def test_every_parameter_of_a_list_is_taken(api: httpx2.AsyncClient, known: Known) -> None:
    answer = await api.get("/v1/lines?profile=ntt&status=active&after=&limit=3")
    assert answer.status_code == 200


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("target", "why"),
    [
        (DOCOMO, Why.OWN_LINE),
        ("110", Why.EMERGENCY),
        ("+81119", Why.EMERGENCY),
        ("+118", Why.EMERGENCY),
        ("117", Why.SHORT_CODE),
        ("+811417", Why.SHORT_CODE),
        ("0120000003", Why.FREEPHONE),
        ("+81120000003", Why.FREEPHONE),
        ("+818001234567", Why.FREEPHONE),
        ("+81570000000", Why.PREMIUM),
        ("0180990000", Why.PREMIUM),
        ("+81990123456", Why.PREMIUM),
        ("+14155550100", Why.INTERNATIONAL),
        ("0033390312345678", Why.CARRIER_PREFIX),
        ("0312345678", Why.NO_COUNTRY_CODE),
        ("09012345678", Why.NO_COUNTRY_CODE),
        ("", Why.NOT_A_NUMBER),
        ("+810312345678", Why.ZERO_KEPT),
        ("+8109012345678", Why.ZERO_KEPT),
        ("+810120000003", Why.FREEPHONE),
        ("+810110", Why.EMERGENCY),
        ("+810117", Why.SHORT_CODE),
        ("+8103123456", Why.NOT_A_NUMBER),
        ("+8131234567", Why.NOT_A_NUMBER),
        ("sip:someone@tokuban.example", Why.NOT_A_NUMBER),
    ],
)
async def test_a_refused_target_says_why(
    api: httpx2.AsyncClient, known: Known, target: str, why: Why
) -> None:
    wanted: dict[str, Any] = {"no_answer": {"active": True, "target": target}}
    answer = await api.put(f"/v1/lines/{DOCOMO}/forwarding", json=ALL_ON_ONE | wanted)
    assert answer.status_code == 422
    assert answer.json()["detail"] == REASONS[why]
    assert answer.json()["errors"] == [
        {
            "field": "body.no_answer.target",
            "reason": REASONS[why],
            "why": why.value,
            "rule": "FWD-06",
        }
    ]


@pytest.mark.rule("FWD-06")
async def test_the_field_names_the_condition(api: httpx2.AsyncClient, known: Known) -> None:
    to = {
        "always": {"active": False, "target": "+81312345678"},
        "busy": {"active": True, "target": "+81120000003"},
    }
    answer = await api.put(f"/v1/lines/{AU}/forwarding", json=ALL_ON_ONE | to)
    (error,) = answer.json()["errors"]
    assert (error["field"], error["why"]) == ("body.busy.target", "freephone")
