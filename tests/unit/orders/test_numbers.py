"""The inventory, cancellations and password resets."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.contract import E164
from provisioning.customers.model import BadField
from provisioning.lines.model import ha1
from provisioning.numbers.model import (
    BadBlock,
    BlockOverlap,
    NumberState,
    UnknownNumber,
    WrongNumberState,
    national,
)
from provisioning.office import Office
from provisioning.orders.model import InventoryEmpty
from tests.support.orders import (
    OPERATOR,
    OWNER,
    before_each_statement,
    contract,
    number,
    order,
    ordered,
    stock,
)
from tests.support.storage import REALM, binding

JULY_25 = datetime(2026, 7, 25, 3, 0, tzinfo=UTC)
JANUARY_25 = datetime(2027, 1, 25, 3, 0, tzinfo=UTC)
JUST_BEFORE = timedelta(seconds=1)


class TestBlocks:
    """The operator's inventory."""

    async def test_one_is_loaded_and_listed(self, shop: Office) -> None:
        other = await stock(shop, 50, first=1000)
        assert [(b.id, b.size) for b in await shop.numbers.blocks()] == [
            ("B00000001", 100),
            (other.id, 50),
        ]
        page = await shop.numbers.list(block=other.id, limit=30)
        assert [each.number for each in page.items] == [number(n) for n in range(1000, 1030)]
        rest = await shop.numbers.list(block=other.id, after=page.next or "")
        assert (len(rest.items), rest.next) == (20, None)
        (change,) = (await shop.audit.search(subject=other.id)).items
        assert change.after == "05000001000 to 05000001049"

    @pytest.mark.parametrize(("first", "count"), [(0, 1), (99, 10), (50, 5)])
    async def test_numbers_are_loaded_once(self, shop: Office, first: int, count: int) -> None:
        with pytest.raises(BlockOverlap, match="B00000001"):
            await stock(shop, count, first)
        assert (await shop.numbers.counts())[NumberState.FREE] == 100

    async def test_the_longest_one_can_be_ordered_from(self, shop: Office) -> None:
        await stock(shop, 100_000, first=100_000)
        assert (await shop.numbers.counts())[NumberState.FREE] == 100_100
        owner = await contract(shop)
        assert len(set(ordered([await order(shop, owner.id, 50)]))) == 50
        with pytest.raises(BadBlock):
            await stock(shop, 100_001, first=1_000_000)

    async def test_one_of_any_length_is_loaded_at_once(self, shop: Office) -> None:
        """Whoever registers meanwhile waits for some rows, never for a hundred thousand."""
        said: list[str] = []
        with before_each_statement(shop, said.append):
            await stock(shop, 100_000, first=1000)
        inserts = [each.split("(")[0].strip() for each in said if "INSERT INTO number" in each]
        assert inserts == ["INSERT INTO number_blocks"]

    async def test_a_page_goes_on_in_the_next_block(self, shop: Office) -> None:
        await stock(shop, 50, first=1000)
        mine = [number(each) for each in (2, 98, 1001)]
        for each in mine:
            await shop.numbers.reserve(each, origin=OPERATOR)
        every = [number(each) for each in (*range(100), *range(1000, 1050))]
        free = [each for each in every if each not in mine]
        for state, expected in ((None, every), (NumberState.FREE, free)):
            found: list[E164] = []
            after: str | None = ""
            while after is not None:
                page = await shop.numbers.list(state=state, after=after, limit=40)
                found += [record.number for record in page.items]
                after = page.next
            assert found == expected
        reserved = await shop.numbers.list(state=NumberState.RESERVED)
        assert [record.number for record in reserved.items] == mine

    async def test_a_number_of_no_block_is_unknown(self, shop: Office) -> None:
        for asking in (
            shop.numbers.get(number(500)),
            shop.numbers.reserve(number(500), origin=OPERATOR),
            shop.orders.cancel(E164("' OR 1=1 --"), form_reference="F-1", origin=OPERATOR),
        ):
            with pytest.raises(UnknownNumber):
                await asking

    async def test_only_what_fits_its_state_moves_a_number(self, shop: Office) -> None:
        await shop.numbers.reserve(number(1), origin=OPERATOR)
        with pytest.raises(WrongNumberState):
            await shop.numbers.reserve(number(1), origin=OPERATOR)
        with pytest.raises(WrongNumberState):
            await shop.numbers.release(number(2), origin=OPERATOR)
        changes = await shop.audit.of(number(1))
        assert [(c.what, c.before, c.after) for c in changes] == [
            ("number reserved", "free", "reserved")
        ]


@pytest.mark.rule("N050-06")
class TestCancellation:
    """The end of a number by written form."""

    async def test_the_line_and_all_it_had_go(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id, 2)
        gone, kept = ordered([placed])
        told: list[str] = []
        shop.directory.watchers.append(told.append)
        await shop.bindings.save(national(gone), (binding(),))
        record = await shop.orders.cancel(gone, form_reference=" F-2026-07 ", origin=OPERATOR)
        assert (record.state, record.reference) == (NumberState.QUARANTINED, "F-2026-07")
        assert shop.directory.line(gone) is None
        assert shop.directory.account(national(gone)) is None
        assert shop.directory.line(kept) is not None
        assert await shop.bindings.load() == {}
        assert told == [national(gone)]
        assert not await shop.orders.service_password_fits(
            gone, placed.numbers[0].service_password or ""
        )
        change = (await shop.audit.of_contract(owner.id))[0]
        assert (change.subject, change.what, change.who) == (gone, "number cancelled", "operator")
        assert "F-2026-07" in change.after

    async def test_only_an_assigned_number_ends(self, shop: Office) -> None:
        owner = await contract(shop)
        (mine,) = ordered([await order(shop, owner.id)])
        with pytest.raises(BadField):
            await shop.orders.cancel(mine, form_reference=" ", origin=OPERATOR)
        await shop.orders.cancel(mine, form_reference="F-1", origin=OPERATOR)
        for state in (mine, next(n for n in map(number, range(100)) if n != mine)):
            with pytest.raises(WrongNumberState):
                await shop.orders.cancel(state, form_reference="F-2", origin=OPERATOR)


@pytest.mark.rule("N050-02")
class TestQuarantine:
    """Six months to the day, on the business clock."""

    @pytest.fixture
    async def waiting(self, shop: Office) -> E164:
        """A number cancelled on 25 July while all others are taken."""
        await shop.clock.freeze()
        await shop.clock.set(JULY_25)
        owner = await contract(shop, cap=200)
        placed = [await order(shop, owner.id, 50, key=key) for key in ("one", "two")]
        first = ordered(placed)[0]
        await shop.orders.cancel(first, form_reference="F-1", origin=OPERATOR)
        return first

    async def test_it_ends_to_the_second(self, shop: Office, waiting: E164) -> None:
        other = await contract(shop)
        assert await shop.numbers.next_due() == JANUARY_25.timestamp()
        await shop.clock.set(JANUARY_25 - JUST_BEFORE)
        with pytest.raises(InventoryEmpty):
            await order(shop, other.id)
        await shop.clock.set(JANUARY_25)
        assert ordered([await order(shop, other.id)]) == [waiting]
        assert await shop.numbers.next_due() is None

    async def test_a_clock_set_back_makes_it_last_again(self, shop: Office, waiting: E164) -> None:
        other = await contract(shop)
        await shop.clock.set(JANUARY_25)
        await shop.clock.set(JULY_25 + timedelta(days=1))
        with pytest.raises(InventoryEmpty):
            await order(shop, other.id)
        await shop.clock.set(JANUARY_25)
        assert ordered([await order(shop, other.id)]) == [waiting]

    async def test_the_first_order_still_says_what_it_added(
        self, shop: Office, waiting: E164
    ) -> None:
        (first, *_) = (await shop.orders.list()).items
        other = await contract(shop)
        await shop.clock.set(JANUARY_25)
        second = await order(shop, other.id)
        assert waiting in ordered([await shop.orders.get(first.id)])
        assert waiting in ordered([second])
        assert [c.what for c in await shop.audit.of(waiting)] == [
            "number assigned",
            "quarantine ended",
            "number cancelled",
            "number assigned",
        ]


@pytest.mark.rule("N050-04")
class TestResets:
    """New passwords, shown once."""

    async def test_a_new_line_password_counts_at_once(self, shop: Office) -> None:
        owner = await contract(shop)
        placed = await order(shop, owner.id)
        (mine,), user = ordered([placed]), national(placed.numbers[0].number)
        told: list[str] = []
        shop.directory.watchers.append(told.append)
        await shop.bindings.save(user, (binding(),))
        password = await shop.orders.reset_line_password(mine, origin=OWNER)
        account = shop.directory.account(user)
        assert account is not None
        assert account.ha1 == ha1(user, REALM, password)
        assert password != placed.numbers[0].line_password
        assert shop.directory.accounts_of(mine) == (account,)
        assert await shop.bindings.load() == {}
        assert told == [user]
        await shop.refresh()
        assert shop.directory.account(user) == account

    async def test_a_new_service_password_replaces_the_old_one(self, shop: Office) -> None:
        owner = await contract(shop)
        (mine,) = ordered([await order(shop, owner.id)])
        passwords = {await shop.orders.reset_service_password(mine, origin=OWNER) for _ in "12345"}
        fitting = [p for p in passwords if await shop.orders.service_password_fits(mine, p)]
        assert len(fitting) == 1
        change = (await shop.audit.of_contract(owner.id))[0]
        assert (change.subject, change.what) == (mine, "service password reset")

    async def test_nobodys_number_has_no_passwords(self, shop: Office) -> None:
        with pytest.raises(WrongNumberState):
            await shop.orders.reset_line_password(number(1), origin=OPERATOR)
        with pytest.raises(UnknownNumber):
            await shop.orders.reset_service_password(number(500), origin=OPERATOR)
