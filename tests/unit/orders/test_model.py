"""The life of a number, the end of a quarantine, and what fields may hold."""

from datetime import UTC, datetime

import pytest

from provisioning.contract import E164
from provisioning.customers import model as customers
from provisioning.customers.model import BadField
from provisioning.customers.store import read_plans
from provisioning.instants import JST
from provisioning.numbers import model
from provisioning.numbers.model import (
    TABLE,
    BadBlock,
    NumberInput,
    NumberState,
    WrongNumberState,
)
from provisioning.orders.model import BadCount, BadKey, check, form_reference
from tests.support.orders import FIRST, NEW_CUSTOMER, number


class TestLife:
    """The states of a number and what moves it on."""

    def test_every_state_is_reached_from_free(self) -> None:
        reached = {NumberState.FREE}
        while more := {s.next for (had, _), s in TABLE.items() if had in reached} - reached:
            reached |= more
        assert reached == set(NumberState)

    @pytest.mark.rule("N050-02")
    def test_an_assigned_number_becomes_free_through_quarantine_alone(self) -> None:
        into = {had for (had, _), step in TABLE.items() if step.next is NumberState.FREE}
        assert into == {NumberState.QUARANTINED, NumberState.RESERVED}
        held = {step.next for (had, _), step in TABLE.items() if had is NumberState.ASSIGNED}
        assert held == {NumberState.QUARANTINED}

    def test_what_is_not_listed_is_refused(self) -> None:
        for state in NumberState:
            for input in NumberInput:
                if (state, input) not in TABLE:
                    with pytest.raises(WrongNumberState, match=f"05000000000 is {state}, not"):
                        model.step(FIRST, state, input)
                else:
                    assert model.step(FIRST, state, input) is TABLE[state, input]


def _jst(*parts: int) -> float:
    return datetime(*parts, tzinfo=JST).timestamp()  # type: ignore[arg-type, misc]


@pytest.mark.rule("N050-02")
@pytest.mark.parametrize(
    ("cancelled", "free"),
    [
        ((2026, 7, 25, 9, 30), (2027, 1, 25, 9, 30)),
        ((2026, 1, 31, 0, 0), (2026, 7, 31, 0, 0)),
        ((2026, 8, 31, 23, 59), (2027, 2, 28, 23, 59)),
        ((2027, 8, 31, 12, 0), (2028, 2, 29, 12, 0)),
        ((2026, 12, 31, 12, 0), (2027, 6, 30, 12, 0)),
        ((2026, 9, 1, 0, 0), (2027, 3, 1, 0, 0)),
    ],
)
def test_a_quarantine_ends_on_the_same_day_six_months_later(
    cancelled: tuple[int, ...], free: tuple[int, ...]
) -> None:
    assert model.quarantine_end(_jst(*cancelled)) == _jst(*free)


def test_the_day_of_a_cancellation_is_the_one_in_japan() -> None:
    """16:00 UTC on 30 August is the 31st in Japan."""
    cancelled = datetime(2026, 8, 30, 16, 0, tzinfo=UTC).timestamp()
    assert model.quarantine_end(cancelled) == _jst(2027, 2, 28, 1, 0)


class TestBlocks:
    """What may be loaded."""

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("+815000000001", "+815000000000"),
            ("+815000000000", "+815000100000"),
            ("05000000000", "05000000001"),
            ("+819000000000", "+819000000001"),
            ("+81500000000", "+81500000001"),
            ("+8150000000００", "+815000000001"),
            ("+815000000000\n", "+815000000001"),
            ("", ""),
        ],
    )
    def test_others_are_refused(self, first: str, last: str) -> None:
        with pytest.raises(BadBlock):
            model.check_block(E164(first), E164(last))

    def test_the_longest_has_a_hundred_thousand(self) -> None:
        model.check_block(number(0), number(99_999))
        model.check_block(number(7), number(7))


class TestFields:
    """What a customer's fields may hold."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "  "),
            ("name", "a" * 201),
            ("name", "two\nlines"),
            ("name", "nul\0"),
            ("name", "half \ud800 pair"),
            ("address", "line\u2028separator"),
            ("name", "two\x85lines"),
            ("name", "turned \u202eround"),
            ("contact", "kept \u2066apart\u2069"),
            ("contact", "escape \x1b[31m"),
            ("postal_code", "100-000"),
            ("postal_code", "１００-０００１"),
            ("phone", "call me"),
            ("phone", "0120"),
            ("phone", "03-1234-5678-9012-3456"),
            ("phone", "03--1234-5678"),
            ("mail", "nobody"),
            ("mail", "two@at@example.jp"),
            ("mail", "a@b"),
            ("mail", "a b@example.jp"),
            ("mail", "a@example.jp\nBcc: x@example.jp"),
            ("mail", ".a@example.jp"),
            ("mail", "a..b@example.jp"),
            ("mail", "a" * 65 + "@example.jp"),
            ("mail", "a@-example.jp"),
            ("mail", f"a@{'b' * 250}.jp"),
        ],
    )
    def test_a_bad_value_is_refused_by_its_fields_name(self, field: str, value: str) -> None:
        old = customers.customer("C00000001", NEW_CUSTOMER)
        with pytest.raises(BadField) as refused:
            customers.changed(old, customers.CustomerChanges(**{field: value}))  # type: ignore[arg-type]
        assert refused.value.field == field

    def test_values_are_kept_in_one_form(self) -> None:
        old = customers.customer("C00000001", NEW_CUSTOMER)
        changes = customers.CustomerChanges(
            name=" 名前 ", postal_code="1000002", mail=" a+b@example.jp ", phone="+81-3-1234-5678"
        )
        new = customers.changed(old, changes)
        assert (new.name, new.postal_code, new.mail) == ("名前", "100-0002", "a+b@example.jp")
        assert (new.id, new.kind, new.address) == (old.id, old.kind, old.address)

    @pytest.mark.parametrize("id", ["C00000000", "C0000001", "K00000001", "C0000000１"])
    def test_an_id_of_another_shape_is_refused(self, id: str) -> None:
        with pytest.raises(BadField):
            customers.given_id("C", id)

    @pytest.mark.parametrize(("cap", "added"), [(-1, 0), (2, 3), (100_001, 0)])
    def test_a_cap_keeps_its_bounds(self, cap: int, added: int) -> None:
        with pytest.raises(BadField):
            customers.cap(cap, added)

    @pytest.mark.parametrize("reference", ["", "  ", "a" * 101, "two\nlines", "nul\0", "tab\there"])
    def test_a_form_needs_a_reference(self, reference: str) -> None:
        with pytest.raises(BadField):
            form_reference(reference)


@pytest.mark.rule("N050-01")
@pytest.mark.parametrize("count", [0, -1, 51, 10**9])
def test_an_order_adds_one_to_fifty(count: int) -> None:
    with pytest.raises(BadCount):
        check(count, "form")


@pytest.mark.parametrize("key", ["", "a" * 201, "new\nline", "日本"])
def test_a_key_is_printable(key: str) -> None:
    with pytest.raises(BadKey):
        check(1, key)


def test_plans_say_their_fee_and_its_source() -> None:
    for name, plan in read_plans().items():
        assert plan.name == name
        assert plan.ja
        assert plan.en
        assert plan.source
        assert plan.monthly_fee_yen > 0


def test_a_fee_is_whole_yen() -> None:
    with pytest.raises(ValueError, match="monthly_fee_yen"):
        customers.plans({"odd": {"ja": "", "en": "", "monthly_fee_yen": 1.5, "source": ""}})
