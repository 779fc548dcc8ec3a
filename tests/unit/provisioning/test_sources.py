"""Addresses that stand for a password, of lines with the option `ngn-uni` (facts §8)."""

import pytest

from provisioning.audit.model import Origin
from provisioning.contract import OutOfRange
from provisioning.lines import model
from provisioning.lines.model import UnknownAccount
from provisioning.office import Office
from provisioning.upkeep.model import LineChanges
from tests.support.storage import FREEPHONE, NTT, binding

OPERATOR = Origin("operator", "the desk")
WITH_UNI = LineChanges(options=frozenset({"tokutei-notify", "ngn-uni"}), freephone=FREEPHONE)
WITHOUT = LineChanges(options=frozenset({"tokutei-notify"}), freephone=FREEPHONE)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["192.0.2.1"], ("192.0.2.1/32",)),
        (["192.0.2.8/29", "192.0.2.8/29"], ("192.0.2.8/29",)),
        (["2001:db8::/32"], ("2001:db8::/32",)),
        ([], ()),
    ],
)
def test_a_source_has_one_spelling(written: list[str], kept: tuple[str, ...]) -> None:
    assert model.sources(written) == kept


@pytest.mark.parametrize(
    "written", ["", "ntt", "192.0.2.1/29", "0.0.0.0/0", "::/0", "192.0.2.1/33"]
)
def test_what_is_no_network_or_too_much_of_one_is_refused(written: str) -> None:
    with pytest.raises(OutOfRange, match=r"^sources: "):
        model.sources([written])


def test_an_account_has_sixteen_sources_at_most() -> None:
    with pytest.raises(OutOfRange):
        model.sources([f"192.0.2.{last}" for last in range(17)])


async def test_sources_count_only_with_the_option(office: Office) -> None:
    with pytest.raises(OutOfRange, match="ngn-uni"):
        await office.upkeep.set_sources("ntt", ["192.0.2.0/29"], origin=OPERATOR)
    assert office.directory.accounts_at("192.0.2.1") == ()
    await office.upkeep.change(NTT, WITH_UNI, origin=OPERATOR)
    account = await office.upkeep.set_sources("ntt", ["192.0.2.0/29"], origin=OPERATOR)
    assert account.sources == ("192.0.2.0/29",)
    assert office.directory.accounts_at("192.0.2.7") == (account,)
    assert office.directory.accounts_at("192.0.2.8") == ()
    assert office.directory.accounts_at("not an address") == ()
    await office.refresh()
    assert office.directory.accounts_at("192.0.2.7") == (account,)
    await office.upkeep.change(NTT, WITHOUT, origin=OPERATOR)
    assert office.directory.accounts_at("192.0.2.7") == ()
    with pytest.raises(UnknownAccount):
        await office.upkeep.set_sources("nobody", [], origin=OPERATOR)


async def test_other_sources_end_the_registrations_made_from_the_old_ones(office: Office) -> None:
    gone: list[str] = []
    office.directory.watchers.append(gone.append)
    await office.upkeep.change(NTT, WITH_UNI, origin=OPERATOR)
    await office.upkeep.set_sources("ntt", ["192.0.2.1"], origin=OPERATOR)
    await office.bindings.save("ntt", (binding(),))
    await office.upkeep.set_sources("ntt", ["192.0.2.1/32"], origin=OPERATOR)
    assert "ntt" in await office.bindings.load()
    await office.upkeep.set_sources("ntt", [], origin=OPERATOR)
    assert gone == ["ntt", "ntt"]
    assert await office.bindings.load() == {}
    assert office.directory.accounts_at("192.0.2.1") == ()
    (change, *_) = await office.audit.of(NTT)
    assert (change.what, change.before, change.after) == (
        "account sources changed", "ntt, 192.0.2.1/32", "ntt",
    )  # fmt: skip
