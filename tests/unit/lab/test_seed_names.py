"""Names in a seed file: text that shows what it is, and numbers that are somebody's."""

from pathlib import Path

import pytest

from lab import seeds
from lab.errors import Refused
from lab.seed_model import Option
from provisioning.contract import Profile
from provisioning.profiles.store import ProfileFiles
from tests.unit.lab.test_seeds import GOOD, WHOLE, refusal

REFUSED = "must be plain text on one line, without control characters"


@pytest.mark.parametrize("hidden", ["\\u202e", "\\u2066", "\\u2069", "\\u0085", "\\e"])
@pytest.mark.parametrize(
    ("name", "place"),
    [("ma: 東京", "line 1, ma"), ("ma: 大阪", "ma"), ("name: 山田太郎", "name")],
)
def test_what_would_show_as_another_name_is_refused(hidden: str, name: str, place: str) -> None:
    field, _, text = name.partition(": ")
    with pytest.raises(Refused) as refused:
        seeds.parse(Path("seed.yaml"), WHOLE.replace(name, f'{field}: "{text}{hidden}x"'))
    assert f"{place}: {REFUSED}" in str(refused.value)


def test_every_option_of_a_profile_can_be_named() -> None:
    profiles = ProfileFiles.load()
    offered = {option for profile in Profile for option in profiles.of(profile).options}
    assert set(Option) == offered


@pytest.mark.rule("LINE-01")
def test_a_number_that_no_subscriber_can_have_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("number: 03-1234-5678", "number: 0901234567")
    assert refusal(tmp_path, text) == (
        "seed.yaml:2:13: line 1, number: must be a subscriber's number, of 10 digits as "
        "0312345678, or with 050, 060, 070, 080 or 090 of 11 as 09012345678 (it is '0901234567')"
    )


@pytest.mark.rule("N050-02")
@pytest.mark.parametrize(
    ("old", "place"), [("0312345678", "number: "), ("user: 0312345678", "account 1, user: ")]
)
def test_what_customers_order_from_is_nobody_s(tmp_path: Path, old: str, place: str) -> None:
    text = GOOD.replace("03-1234-5678", "0312345678").replace(old, old[:-10] + "05000000005", 1)
    block = 'blocks:\n  - first: "05000000000"\n    last: "05000000009"\n'
    message = refusal(tmp_path, text + block)
    assert message.endswith(
        f"{place}05000000005 is of the block 05000000000 to 05000000009: customers order it"
    )
