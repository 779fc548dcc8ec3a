"""`tokuban why`, `quote` and `charge`: what they ask for and print (LINK-04)."""

from urllib.parse import parse_qs, urlsplit

import pytest

from lab.errors import Refused
from provisioning.api.charges import ChargeShape, RatedShape
from provisioning.billing.book import TariffBook
from provisioning.billing.model import Charge, rate
from provisioning.billing.store import KeptCharge
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.call_records import call_id, record
from tests.unit.lab.test_call_commands import carrier, run

pytestmark = pytest.mark.rule("LINK-04")

RATED = rate(
    record(service="line"), ProfileFiles.load().of(Profile.DOCOMO), TariffBook.load().in_force
)
VERDICT = RatedShape.of(RATED).model_dump_json()


def test_why_is_told_in_both_languages() -> None:
    with carrier(VERDICT) as (url, asked):
        english, japanese = run("why", "42", "--url", url).splitlines()
    assert english.startswith("The call was made with the phone's own dialler.")
    assert english.endswith(
        "8.625 s = 1 started × 30 s at 20 yen: 20 yen (22 with 10% tax). (LINK-03)"
    )
    assert "合計 20 円 (税込 22 円" in japanese
    assert asked == ["/v1/cdrs/42/why"]


def test_why_as_json() -> None:
    with carrier(VERDICT) as (url, _):
        assert '"cause": "dialler"' in run("why", "42", "--json", "--url", url)


def test_a_call_without_records_is_refused() -> None:
    with (
        carrier('{"items": [], "next": null}') as (url, asked),
        pytest.raises(Refused, match="no record of a call"),
    ):
        run("why", call_id(1), "--url", url)
    assert parse_qs(urlsplit(asked[0]).query)["call_id"] == [call_id(1)]


def test_a_quote_asks_with_everything() -> None:
    with carrier(VERDICT) as (url, asked):
        text = run("quote", "09000000002", "184#7119", "90", "--access", "link", "--url", url)
    assert text.startswith("The call was made")
    assert parse_qs(urlsplit(asked[0]).query) == {
        "from": ["09000000002"],
        "to": ["184#7119"],
        "seconds": ["90"],
        "access": ["link"],
    }


def test_charges_are_listed() -> None:
    assert isinstance(RATED, Charge)
    item = ChargeShape.of(KeptCharge(1, RATED)).model_dump_json()
    with carrier(f'{{"items": [{item}], "next": null}}') as (url, asked):
        _, row = run("charge", "list", "--cause", "dialler", "--url", url).splitlines()
    assert row.split()[-2:] == ["20", "22"]
    assert parse_qs(urlsplit(asked[0]).query)["cause"] == ["dialler"]


def test_an_export_is_the_carrier_s_own() -> None:
    with carrier("call_id\r\nx\r\n") as (url, asked):
        run("charge", "export", "csv", "--line", "09000000001", "--url", url)
    assert parse_qs(urlsplit(asked[0]).query) == {"format": ["csv"], "line": ["09000000001"]}
