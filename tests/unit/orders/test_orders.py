"""Orders: what they make, what is refused, and that each happens once."""

import asyncio
import io
from itertools import pairwise

import pytest
from pypdf import PdfReader

from provisioning import passwords
from provisioning.contract import Access, ContractError, Line, Profile
from provisioning.customers.model import ContractClosed, UnknownContract
from provisioning.lines.model import ha1
from provisioning.notify.letter import hyphenated
from provisioning.numbers.model import NumberState, national
from provisioning.office import Office
from provisioning.orders.model import (
    BadCount,
    CapReached,
    InventoryEmpty,
    KeyReused,
    LetterGone,
    LetterState,
    NumberOrder,
    OrderInFlight,
    UnknownOrder,
)
from provisioning.seeds import SeedAccount, SeedLine
from tests.support.diversions import unanswered
from tests.support.orders import OPERATOR, OWNER, contract, number, order, ordered, stock
from tests.support.storage import DOCOMO, REALM, TOKYO


@pytest.mark.rule("N050-04")
async def test_each_number_is_a_line_with_its_passwords(shop: Office) -> None:
    owner = await contract(shop)
    placed = await order(shop, owner.id, 3)
    assert len(set(ordered([placed]))) == 3
    for added in placed.numbers:
        user = national(added.number)
        line, account = shop.directory.line(added.number), shop.directory.account(user)
        assert line is not None
        assert account is not None
        assert added.line_password is not None
        assert added.service_password is not None
        assert (line.profile, line.location) == (owner.profile, owner.location)
        assert account.ha1 == ha1(user, REALM, added.line_password)
        assert (len(added.service_password), len(added.line_password)) == (4, 12)
        assert set(added.line_password) <= set(passwords.ALPHABET)
        assert await shop.orders.service_password_fits(added.number, added.service_password)
        assert not await shop.orders.service_password_fits(added.number, "no such")
        assert await shop.forwarding.of(added.number) == unanswered(ring_time_s=_ring_time(shop))
        record = await shop.numbers.get(added.number)
        assert (record.state, record.contract) == (NumberState.ASSIGNED, owner.id)
        assert (record.order, record.assigned_at) == (placed.id, placed.placed_at)


def _ring_time(shop: Office) -> int:
    return shop.profiles.of(Profile.NTT).ring_times.default


async def test_a_restart_knows_what_was_ordered(shop: Office) -> None:
    owner = await contract(shop)
    (mine,) = ordered([await order(shop, owner.id)])
    before = shop.directory.accounts_of(mine)
    await shop.refresh()
    assert shop.directory.accounts_of(mine) == before


@pytest.mark.rule("N050-01")
class TestCap:
    """At most 50 a time and over a contract's life."""

    async def test_the_last_one_fits_and_one_more_does_not(self, shop: Office) -> None:
        owner = await contract(shop)
        await order(shop, owner.id, 48)
        with pytest.raises(CapReached, match=r"support@tokuban\.example") as refused:
            await order(shop, owner.id, 3, key="another")
        assert refused.value.left == 2
        await order(shop, owner.id, 2, key="another")
        with pytest.raises(CapReached):
            await order(shop, owner.id, 1, key="one more")

    async def test_cancelling_gives_none_back(self, shop: Office) -> None:
        owner = await contract(shop, cap=1)
        (mine,) = ordered([await order(shop, owner.id)])
        await shop.orders.cancel(mine, form_reference="F-1", origin=OPERATOR)
        await shop.clock.advance(400 * 86_400)
        with pytest.raises(CapReached):
            await order(shop, owner.id, key="another")

    async def test_the_operator_raises_it(self, shop: Office) -> None:
        owner = await contract(shop, cap=1)
        await order(shop, owner.id)
        raised = await shop.customers.set_cap(owner.id, 60, origin=OPERATOR)
        assert raised.numbers_left == 59
        await order(shop, owner.id, 50, key="another")

    async def test_a_refused_order_changes_nothing(self, shop: Office) -> None:
        owner = await contract(shop, cap=2)
        before = await _state(shop, owner.id)
        for count, refusal in ((3, CapReached), (0, BadCount), (51, BadCount)):
            with pytest.raises(refusal):
                await order(shop, owner.id, count)
        with pytest.raises(UnknownContract):
            await order(shop, "K99999999")
        assert await _state(shop, owner.id) == before

    async def test_an_empty_inventory_refuses_whole_orders(self, shop: Office) -> None:
        owner = await contract(shop, cap=200)
        await order(shop, owner.id, 50, key="1")
        await order(shop, owner.id, 49, key="2")
        before = await _state(shop, owner.id)
        with pytest.raises(InventoryEmpty, match=r"support@tokuban\.example"):
            await order(shop, owner.id, 2, key="3")
        assert await _state(shop, owner.id) == before
        await order(shop, owner.id, 1, key="3")
        assert (await shop.numbers.counts())[NumberState.FREE] == 0

    async def test_a_closed_contract_adds_nothing(self, shop: Office) -> None:
        owner = await contract(shop)
        await shop.customers.close_contract(owner.id, origin=OPERATOR)
        with pytest.raises(ContractClosed):
            await order(shop, owner.id)


async def _state(shop: Office, contract_id: str) -> tuple[object, ...]:
    return (
        await shop.customers.contract(contract_id),
        await shop.numbers.counts(),
        await shop.orders.list(contract=contract_id),
        await shop.audit.of_contract(contract_id),
        shop.directory.lines(),
    )


@pytest.mark.rule("N050-03")
class TestOnce:
    """One key, one order."""

    async def test_the_same_key_answers_the_first_order_masked(self, shop: Office) -> None:
        owner = await contract(shop)
        first = await order(shop, owner.id, 2)
        again = await order(shop, owner.id, 2)
        assert again == await shop.orders.get(first.id)
        assert ordered([again]) == ordered([first])
        assert {(a.line_password, a.service_password) for a in again.numbers} == {(None, None)}

    async def test_the_same_key_with_another_count_is_refused(self, shop: Office) -> None:
        owner = await contract(shop)
        first = await order(shop, owner.id, 2)
        with pytest.raises(KeyReused, match=first.id):
            await order(shop, owner.id, 3)

    async def test_a_key_belongs_to_its_contract(self, shop: Office) -> None:
        one, other = await contract(shop), await contract(shop)
        assert (await order(shop, one.id)).id != (await order(shop, other.id)).id

    async def test_a_key_answers_even_when_nothing_can_be_added_any_more(
        self, shop: Office
    ) -> None:
        owner = await contract(shop, cap=1)
        (mine,) = ordered([first := await order(shop, owner.id)])
        await shop.orders.cancel(mine, form_reference="F-1", origin=OPERATOR)
        await shop.customers.close_contract(owner.id, origin=OPERATOR)
        assert (await order(shop, owner.id)).id == first.id

    async def test_twenty_at_once_with_one_key_make_one_order(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await _at_once(shop, owner.id, ["form"] * 20)
        (first,) = [each for each in placed if isinstance(each, NumberOrder)]
        others = [each for each in placed if each is not first]
        assert {type(each) for each in others} == {OrderInFlight}
        assert (await shop.customers.contract(owner.id)).numbers_added == 2
        assert (await order(shop, owner.id, 2)).id == first.id

    async def test_two_at_once_with_a_key_each_make_two(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await _at_once(shop, owner.id, ["one", "two"])
        assert len(set(ordered(p for p in placed if isinstance(p, NumberOrder)))) == 4

    async def test_orders_at_once_keep_the_cap(self, shop: Office) -> None:
        owner = await contract(shop, cap=5)
        placed = await _at_once(shop, owner.id, [str(n) for n in range(6)])
        made = [each for each in placed if isinstance(each, NumberOrder)]
        assert len(made) == 2
        assert {type(each) for each in placed} == {NumberOrder, CapReached}
        assert (await shop.customers.contract(owner.id)).numbers_added == 4

    async def test_whoever_goes_away_finds_the_order_made(self, shop: Office) -> None:
        owner = await contract(shop)
        request = asyncio.create_task(order(shop, owner.id, 2))
        await asyncio.sleep(0)
        request.cancel()
        await asyncio.wait([request])
        while True:
            try:
                again = await order(shop, owner.id, 2)
                break
            except OrderInFlight:
                await asyncio.sleep(0)
        assert again.numbers[0].line_password is None
        assert shop.directory.line(again.numbers[0].number) is not None


async def _at_once(
    shop: Office, contract_id: str, keys: list[str]
) -> list[NumberOrder | ContractError]:
    running = [asyncio.create_task(order(shop, contract_id, 2, key)) for key in keys]
    found = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(each, (NumberOrder, ContractError)) for each in found)
    return found  # type: ignore[return-value]


@pytest.mark.rule("N050-02")
class TestNumbers:
    """Which numbers are given."""

    async def test_they_come_in_no_particular_sequence(self, shop: Office) -> None:
        await stock(shop, 10_000, first=100)
        owner = await contract(shop)
        numbers = [int(each) for each in ordered([await order(shop, owner.id, 20)])]
        assert numbers != sorted(numbers)
        gaps = [abs(b - a) for a, b in pairwise(numbers)]
        assert sum(gap == 1 for gap in gaps) < 5
        assert max(numbers) - min(numbers) > 1000

    async def test_one_that_a_seed_uses_is_left_alone(self, shop: Office) -> None:
        line = Line(number(7), Profile.NTT, TOKYO)
        other = Line(DOCOMO, Profile.DOCOMO, TOKYO)
        accounts = (SeedAccount(national(number(8)), Access.OS, "seed-password"),)
        await shop.seed([SeedLine(line, ()), SeedLine(other, accounts)])
        owner = await contract(shop, cap=100)
        placed = [await order(shop, owner.id, 49, key=key) for key in ("one", "two")]
        assert len(set(ordered(placed))) == 98
        assert {number(7), number(8)}.isdisjoint(ordered(placed))
        with pytest.raises(InventoryEmpty):
            await order(shop, owner.id, key="three")

    async def test_one_that_is_held_back_is_not_given(self, shop: Office) -> None:
        await shop.numbers.reserve(number(3), origin=OPERATOR)
        owner = await contract(shop, cap=100)
        placed = [await order(shop, owner.id, n, key=str(n)) for n in (50, 49)]
        assert number(3) not in ordered(placed)
        await shop.numbers.release(number(3), origin=OPERATOR)
        assert ordered([await order(shop, owner.id, key="last")]) == [number(3)]


def said(pdf: bytes) -> str:
    """The letter's text without blanks."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return "".join(text.split())


@pytest.mark.rule("N050-04")
class TestLetter:
    """The letter is handed out once."""

    async def test_it_says_what_the_result_page_said(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id, 3)
        assert placed.letter is LetterState.READY
        plain = said(await shop.orders.letter(placed.id, origin=OWNER))
        for added in placed.numbers:
            assert added.line_password is not None
            assert added.service_password is not None
            assert added.line_password in plain
            assert added.service_password in plain
        assert "特番デモ商事株式会社" in plain
        assert placed.id in plain
        assert (await shop.orders.get(placed.id)).letter is LetterState.HANDED_OUT

    async def test_the_second_time_it_is_gone(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id)
        twice = [shop.orders.letter(placed.id, origin=OWNER) for _ in range(2)]
        found = await asyncio.gather(*twice, return_exceptions=True)
        assert sorted(type(each).__name__ for each in found) == ["LetterGone", "bytes"]
        with pytest.raises(LetterGone, match="reset the passwords"):
            await shop.orders.letter(placed.id, origin=OWNER)

    async def test_it_never_says_what_no_longer_holds(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id, 3)
        kept, reset, cancelled = placed.numbers
        orders = shop.orders
        fresh = await orders.reset_line_password(reset.number, origin=OWNER)
        await orders.cancel(cancelled.number, form_reference="F-1", origin=OWNER)
        plain = said(await orders.letter(placed.id, origin=OWNER))
        for password in (kept.line_password, kept.service_password, reset.service_password):
            assert str(password) in plain
        for stale in (reset.line_password, cancelled.line_password, fresh):
            assert str(stale) not in plain
        assert hyphenated(national(cancelled.number)) not in plain
        assert hyphenated(national(kept.number)) in plain
        assert plain.count("再設定しました") == 1

    async def test_it_goes_with_the_last_of_its_numbers(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id, 1)
        await shop.orders.reset_service_password(placed.numbers[0].number, origin=OWNER)
        assert placed.letter is LetterState.READY
        await shop.orders.cancel(placed.numbers[0].number, form_reference="F-1", origin=OWNER)
        with pytest.raises(LetterGone):
            await shop.orders.letter(placed.id, origin=OWNER)

    async def test_one_of_no_order_is_unknown(self, shop: Office) -> None:
        for id in ("N00000009", "", "N0000000\0", "N0000000\ud800", "' OR 1=1 --"):
            with pytest.raises(UnknownOrder):
                await shop.orders.letter(id, origin=OWNER)
            with pytest.raises(UnknownOrder):
                await shop.orders.get(id)


async def test_orders_are_listed_page_by_page(shop: Office) -> None:
    one, other = await contract(shop), await contract(shop)
    ids = [(await order(shop, one.id, key=key)).id for key in "abc"]
    await order(shop, other.id)
    page = await shop.orders.list(contract=one.id, limit=2)
    assert ([each.id for each in page.items], page.next) == (ids[:2], ids[1])
    page = await shop.orders.list(contract=one.id, after=page.next or "")
    assert ([each.id for each in page.items], page.next) == (ids[2:], None)
    assert len((await shop.orders.list()).items) == 4
    newest = await shop.orders.list(contract=one.id, limit=2, newest_first=True)
    assert ([each.id for each in newest.items], newest.next) == (ids[:0:-1], ids[1])
    oldest = await shop.orders.list(contract=one.id, after=ids[1], newest_first=True)
    assert ([each.id for each in oldest.items], oldest.next) == (ids[:1], None)


async def test_an_order_is_in_the_contracts_log_and_in_its_numbers_history(shop: Office) -> None:
    owner = await contract(shop)
    placed = await order(shop, owner.id, 2)
    latest = (await shop.audit.of_contract(owner.id))[0]
    assert (latest.subject, latest.what) == (placed.id, "numbers ordered")
    assert (latest.who, latest.origin) == (OWNER.who, OWNER.source)
    for added in placed.numbers:
        (change,) = await shop.audit.of(added.number)
        assert (change.what, change.after) == (
            "number assigned",
            f"assigned, {owner.id}, {placed.id}",
        )


@pytest.mark.rule("N050-07")
async def test_the_fee_follows_the_plan(shop: Office) -> None:
    standard, business = await contract(shop), await contract(shop, plan="business")
    for owner in (standard, business):
        await order(shop, owner.id, 3)
    fees = {name: plan.monthly_fee_yen for name, plan in shop.customers.plans.items()}
    assert await shop.customers.monthly_fee_yen(standard.id) == 3 * fees["standard"]
    assert await shop.customers.monthly_fee_yen(business.id) == 3 * fees["business"]
    (mine, *_) = (await shop.numbers.list(contract=standard.id)).items
    await shop.orders.cancel(mine.number, form_reference="F-1", origin=OPERATOR)
    assert await shop.customers.monthly_fee_yen(standard.id) == 2 * fees["standard"]
