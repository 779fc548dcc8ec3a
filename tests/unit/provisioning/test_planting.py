"""A whole seed: blocks, customers, contracts and self-care logins, made once (LAB-03)."""

from dataclasses import replace

import pytest

from provisioning.contract import (
    E164,
    Access,
    ContractError,
    ContractKind,
    Location,
    NumberDisplay,
    Profile,
    Trunk,
    TrunkClass,
)
from provisioning.customers.model import (
    ContractStatus,
    CustomerChanges,
    NewContract,
    NewCustomer,
    UnknownCustomer,
)
from provisioning.numbers.model import Block, NumberState
from provisioning.office import Office
from provisioning.seeding import NotOfTheSeed, missing
from provisioning.seeds import (
    Seed,
    SeedAccount,
    SeedBlock,
    SeedContract,
    SeedLogin,
    SeedTrunk,
)
from provisioning.snapshots.model import Rows
from provisioning.snapshots.rows import read
from tests.support.diversions import unanswered
from tests.support.storage import AU, DOCOMO, NTT, SOMEWHERE, seed
from tests.support.whole_seed import BLOCK, CONTRACT, CUSTOMER, OPERATOR, TRUNK, whole

pytestmark = pytest.mark.rule("LAB-03")

SOMEBODY = NewCustomer(
    ContractKind.CONSUMER, "山田", "100-0001", "東京都", "03-1234-5678", "y@tokuban.example"
)
BY_HAND = Trunk(
    "by-hand",
    TrunkClass.MOBILE,
    ("192.0.2.201:5060;transport=udp",),
    account="by-hand",
    prefixes=("080",),
)


async def rows(office: Office) -> dict[str, Rows]:
    return await office._database.read(read)


async def test_it_makes_what_it_says(office: Office) -> None:
    await office.plant(whole())
    customer = await office.customers.get("C00000005")
    contract = await office.customers.contract("K00000007")
    assert (customer.name, contract.customer, contract.number_cap) == (
        "特番商店",
        "C00000005",
        3,
    )
    login = await office.selfcare.of_contract("K00000007")
    assert login is not None
    assert login.selfcare_id == "demo-shop"
    assert (await office.numbers.counts())[NumberState.FREE] == 10


async def test_the_same_again_changes_nothing(office: Office) -> None:
    await office.plant(whole())
    before = await rows(office)
    await office.plant(whole())
    assert await rows(office) == before


async def test_what_people_changed_stays(office: Office) -> None:
    await office.plant(whole())
    changes = CustomerChanges(mail="new@tokuban.example")
    await office.customers.update("C00000005", changes, origin=OPERATOR)
    await office.customers.set_cap("K00000007", 20, origin=OPERATOR)
    await office.selfcare.reset("K00000007", origin=OPERATOR)
    await office.numbers.reserve(BLOCK.first, origin=OPERATOR)
    before = await rows(office)
    await office.plant(whole())
    assert await rows(office) == before


async def test_a_closed_contract_stays_closed(office: Office) -> None:
    bare = replace(CUSTOMER, contracts=(replace(CONTRACT, login=None),))
    await office.plant(replace(whole(), customers=(bare,)))
    await office.customers.close_contract("K00000007", origin=OPERATOR)
    await office.plant(whole())
    contract = await office.customers.contract("K00000007")
    assert contract.status is ContractStatus.CLOSED
    assert await office.selfcare.of_contract("K00000007") is None


async def test_a_login_that_the_seed_leaves_out_is_gone_with_its_password(office: Office) -> None:
    await office.plant(whole())
    await office.plant(Seed(tuple(seed())))
    assert await office.selfcare.of_contract("K00000007") is None
    assert (await office.customers.get("C00000005")).name == "特番商店"
    await office.plant(whole())
    assert await office.selfcare.of_contract("K00000007") is not None


async def test_a_login_that_no_seed_made_stays(office: Office) -> None:
    bare = replace(CUSTOMER, contracts=(replace(CONTRACT, login=None),))
    await office.plant(replace(whole(), customers=(bare,)))
    await office.selfcare.create("K00000007", selfcare_id="by-hand", origin=OPERATOR)
    await office.plant(whole())
    await office.plant(Seed(tuple(seed())))
    login = await office.selfcare.of_contract("K00000007")
    assert login is not None
    assert login.selfcare_id == "by-hand"


async def test_an_id_that_the_office_gave_is_refused(office: Office) -> None:
    made = await office.customers.create(SOMEBODY, origin=OPERATOR)
    clash = replace(CUSTOMER, id=made.id)
    with pytest.raises(NotOfTheSeed, match=made.id):
        await office.plant(replace(whole(), customers=(clash,)))


async def test_what_a_seed_cannot_make_is_refused_whole(office: Office) -> None:
    """Neither rows nor what memory answers change, nor the logins of the seed before."""
    former = replace(CONTRACT, id="K00000001", login=SeedLogin("former", "marker-password"))
    await office.plant(
        Seed(tuple(seed()), (replace(CUSTOMER, id="C00000001", contracts=(former,)),))
    )
    theirs = await furnish(office)
    before = await rows(office), office.directory.users(), office.trunks.all()
    allowed = []
    for what, bad in bad_seeds(theirs).items():
        try:
            await office.plant(bad)
        except ContractError:
            now = await rows(office), office.directory.users(), office.trunks.all()
            assert now == before, what
        else:
            allowed.append(what)
    assert allowed == []
    await office.refresh()
    assert (office.directory.users(), office.trunks.all()) == before[1:]
    await office.plant(whole())


async def furnish(office: Office) -> str:
    """A trunk, a customer and a login that no seed made; the customer's id."""
    await office.trunking.create(BY_HAND, password="marker-trunk-password", origin=OPERATOR)
    made = await office.customers.create(SOMEBODY, origin=OPERATOR)
    new = NewContract(made.id, "standard", Profile.NTT, Location("東京", "東京都"))
    signed = await office.customers.open_contract(new, origin=OPERATOR)
    await office.selfcare.create(signed.id, selfcare_id="by-hand", origin=OPERATOR)
    return made.id


def bad_seeds(theirs: str) -> dict[str, Seed]:
    """Seeds of something good before something bad, by what that is."""
    account = SeedAccount("by-hand", Access.OS, "marker-password")
    rival = replace(BY_HAND, name="rival", account=None)
    other = replace(CUSTOMER, id="C00000009", contracts=())

    def signed(contract: SeedContract) -> Seed:
        return replace(whole(), customers=(replace(CUSTOMER, contracts=(CONTRACT, contract)),))

    second = replace(CONTRACT, id="K00000009", login=None)
    return {
        "a line twice": replace(whole(), lines=tuple(seed()[:1]) * 2),
        "the user of their trunk": replace(
            whole(), lines=(*seed()[1:], replace(seed()[0], accounts=(account,)))
        ),
        "their trunk": replace(whole(), trunks=(TRUNK, SeedTrunk(BY_HAND, "marker-password"))),
        "their trunk's prefix": replace(whole(), trunks=(TRUNK, SeedTrunk(rival))),
        "a block abroad": replace(whole(), blocks=(BLOCK, SeedBlock(E164("+10"), E164("+11")))),
        "their customer": replace(whole(), customers=(CUSTOMER, replace(other, id=theirs))),
        "no mail address": replace(whole(), customers=(CUSTOMER, replace(other, mail="nowhere"))),
        "an unknown plan": signed(replace(second, plan="unheard-of")),
        "an impossible cap": signed(replace(second, number_cap=10**9)),
        "their login": signed(replace(second, login=SeedLogin("by-hand", "marker-password"))),
        "a weak password": signed(replace(second, login=SeedLogin("another", "short"))),
    }


async def test_the_office_goes_on_behind_the_ids_of_a_seed(office: Office) -> None:
    await office.plant(whole())
    made = await office.customers.create(SOMEBODY, origin=OPERATOR)
    assert made.id == "C00000006"


async def test_a_longer_block_adds_what_was_missing(office: Office) -> None:
    await office.plant(whole())
    longer = SeedBlock(BLOCK.first, E164("+815000000019"))
    await office.plant(replace(whole(), blocks=(longer,)))
    assert (await office.numbers.counts())[NumberState.FREE] == 20
    assert len(await office.numbers.blocks()) == 2


async def test_a_line_s_first_settings_are_the_seed_s_and_then_its_user_s(office: Office) -> None:
    lines = [line for line in seed() if line.line.number in (DOCOMO, NTT)]
    fresh = E164("+819000000077")
    forwarded = unanswered(True, SOMEWHERE, 20)
    new = replace(lines[0], line=replace(lines[0].line, number=fresh), accounts=())
    planted = (
        replace(lines[0], diversions=forwarded),
        replace(new, diversions=forwarded),
        replace(lines[1], shows_freephone=True),
    )
    await office.plant(Seed(planted))
    assert await office.forwarding.of(fresh) == forwarded
    assert not (await office.forwarding.of(DOCOMO)).active
    assert not (await office.presentation.of(NTT)).active
    await office.forwarding.stop(fresh)
    await office.plant(Seed(planted))
    assert await office.forwarding.of(fresh) == unanswered(False, SOMEWHERE, 20)


async def test_a_fresh_line_may_show_its_number_at_once(office: Office) -> None:
    ntt = next(each for each in seed() if each.line.number == NTT)
    fresh = replace(ntt.line, number=E164("+81300000077"))
    await office.plant(Seed((replace(ntt, line=fresh, accounts=(), shows_freephone=True),)))
    assert await office.presentation.of(fresh.number) == NumberDisplay(fresh.freephone, True)


async def test_another_customers_absence_is_no_matter(office: Office) -> None:
    with pytest.raises(UnknownCustomer):
        await office.customers.get("C00000005")
    await office.plant(Seed(tuple(each for each in seed() if each.line.number != AU)))
    assert office.directory.line(AU) is None


def test_no_password_in_a_representation() -> None:
    assert "marker" not in repr(whole())


@pytest.mark.parametrize(
    ("loaded", "expected"),
    [
        ([], [(0, 9)]),
        ([(0, 9)], []),
        ([(-5, 20)], []),
        ([(3, 4)], [(0, 2), (5, 9)]),
        ([(8, 12), (-3, 1)], [(2, 7)]),
        ([(20, 30)], [(0, 9)]),
    ],
)
def test_the_runs_that_are_missing(
    loaded: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    def number(offset: int) -> E164:
        return E164(f"+{815000000000 + offset}")

    blocks = [Block(f"B{i}", number(a), number(b), 0.0) for i, (a, b) in enumerate(loaded)]
    wanted = SeedBlock(number(0), number(9))
    assert list(missing(wanted, blocks)) == [(number(a), number(b)) for a, b in expected]
