"""`/v1/contracts` and `/v1/plans`: what a customer signed, and the login that opens it."""

from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, Strict

from provisioning.api.asking import PLAIN, After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.masking import Shown
from provisioning.api.shapes import Listed, Shape
from provisioning.contract import Location, Profile
from provisioning.customers.model import (
    MOST_LETTERS,
    MOST_NUMBERS,
    NUMBER_CAP,
    BadField,
    Contract,
    ContractClosed,
    ContractInUse,
    ContractStatus,
    NewContract,
    Plan,
    UnknownContract,
    UnknownCustomer,
    UnknownPlan,
)
from provisioning.selfcare.model import BadLogin, LoginExists, NewLogin, UnknownLogin

router = APIRouter(prefix="/v1", tags=["contracts"], route_class=KeyedRoute)

CUSTOMER_ID = r"^C[0-9]{8}$"
CONTRACT_ID = r"^K[0-9]{8}$"

Id = Annotated[str, Path(pattern=CONTRACT_ID, description="As K00000001.")]
Cap = Annotated[
    int, Field(ge=0, le=MOST_NUMBERS, description="Numbers it may add over its life (N050-01).")
]
Place = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS, pattern=PLAIN)]


class PlanShape(Shape):
    """A plan and what each added number costs a month, in yen without tax (N050-07)."""

    name: str
    ja: str
    en: str
    monthly_fee_yen: int
    source: str = Field(description="Where the fee is from; A: an assumption.")

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The plan as its file says."""
        return cls(
            name=plan.name,
            ja=plan.ja,
            en=plan.en,
            monthly_fee_yen=plan.monthly_fee_yen,
            source=plan.source,
        )


class PlansShape(Listed):
    """Every plan."""

    items: list[PlanShape]


class ContractShape(Shape):
    """A contract; `ma` and `prefecture` are where its numbers are charged from."""

    id: str
    customer: str
    plan: str
    profile: Profile
    ma: str
    prefecture: str
    status: ContractStatus
    number_cap: int
    numbers_added: int = Field(description="Over its life: cancelling gives none back.")
    monthly_fee_yen: int = Field(
        description="What its added numbers cost a month by its plan, without tax (N050-07)."
    )
    selfcare_id: str | None = Field(description="The login that opens it, where it has one.")

    @classmethod
    def of(cls, contract: Contract, selfcare_id: str | None, monthly_fee_yen: int) -> Self:
        """The contract as it stands."""
        return cls(
            id=contract.id,
            customer=contract.customer,
            plan=contract.plan,
            profile=contract.profile,
            ma=contract.location.ma,
            prefecture=contract.location.prefecture,
            status=contract.status,
            number_cap=contract.number_cap,
            numbers_added=contract.numbers_added,
            monthly_fee_yen=monthly_fee_yen,
            selfcare_id=selfcare_id,
        )


class ContractsShape(Listed):
    """A page of contracts, by id."""

    items: list[ContractShape]


class NewContractShape(Shape):
    """What becomes a contract."""

    customer: str = Field(pattern=CUSTOMER_ID, description="The customer's id.")
    plan: str = Field(max_length=40, pattern=PLAIN, description="As `GET /v1/plans` lists them.")
    profile: Annotated[Profile, Strict(False)]
    ma: Place
    prefecture: Place
    number_cap: Cap = NUMBER_CAP


class ContractChangesShape(Shape):
    """What shall be different."""

    number_cap: Cap


class NewLoginShape(Shape):
    """The self-care ID that is wanted; without one it is made up."""

    selfcare_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$", description="Anybody's choice."
    )


class LoginShape(Shape):
    """A self-care login and, this once, its password."""

    selfcare_id: str
    password: Shown

    @classmethod
    def of(cls, login: NewLogin) -> Self:
        """A login that was just made or reset."""
        return cls(selfcare_id=login.selfcare_id, password=login.password)


@router.get("/plans")
async def list_plans(office: Here) -> PlansShape:
    """The plans a contract may follow."""
    return PlansShape(items=[PlanShape.of(plan) for plan in office.customers.plans.values()])


@router.get("/contracts")
async def list_contracts(
    office: Here,
    customer: Annotated[str | None, Query(pattern=CUSTOMER_ID, description="Of whom.")] = None,
    after: After = "",
    limit: Limit = 100,
) -> ContractsShape:
    """Contracts, of all customers or of one."""
    page = await office.customers.contracts(customer=customer, after=after, limit=limit)
    return ContractsShape(items=[await _shape(office, each) for each in page.items], next=page.next)


@router.post(
    "/contracts", status_code=201, responses=refusals(UnknownCustomer, UnknownPlan, BadField)
)
async def open_contract(
    office: Here, asker: Asker, response: Response, wanted: NewContractShape
) -> ContractShape:
    """Open a contract for a customer."""
    new = NewContract(
        wanted.customer,
        wanted.plan,
        wanted.profile,
        Location(wanted.ma, wanted.prefecture),
        wanted.number_cap,
    )
    made = await office.customers.open_contract(new, origin=asker)
    response.headers["Location"] = f"/v1/contracts/{made.id}"
    return await _shape(office, made)


@router.get("/contracts/{contract}", responses=refusals(UnknownContract))
async def show_contract(office: Here, contract: Id) -> ContractShape:
    """One contract."""
    return await _shape(office, await office.customers.contract(contract))


@router.patch(
    "/contracts/{contract}", responses=refusals(UnknownContract, ContractClosed, BadField)
)
async def change_contract(
    office: Here, asker: Asker, contract: Id, wanted: ContractChangesShape
) -> ContractShape:
    """Raise or lower how many numbers it may add (N050-01)."""
    changed = await office.customers.set_cap(contract, wanted.number_cap, origin=asker)
    return await _shape(office, changed)


@router.post(
    "/contracts/{contract}/closure",
    responses=refusals(UnknownContract, ContractClosed, ContractInUse),
)
async def close_contract(office: Here, asker: Asker, contract: Id) -> ContractShape:
    """End a contract; its numbers are cancelled before."""
    return await _shape(office, await office.customers.close_contract(contract, origin=asker))


@router.post(
    "/contracts/{contract}/login",
    status_code=201,
    responses=refusals(UnknownContract, LoginExists, BadLogin),
)
async def create_login(
    office: Here, asker: Asker, contract: Id, wanted: NewLoginShape
) -> LoginShape:
    """Give a contract its self-care login; the password is shown this once."""
    made = await office.selfcare.create(contract, selfcare_id=wanted.selfcare_id, origin=asker)
    return LoginShape.of(made)


@router.post(
    "/contracts/{contract}/login/password-resets",
    status_code=201,
    responses=refusals(UnknownContract, UnknownLogin),
)
async def reset_login(office: Here, asker: Asker, contract: Id) -> LoginShape:
    """A new self-care password, shown this once; sessions and codes of the old one end."""
    return LoginShape.of(await office.selfcare.reset(contract, origin=asker))


async def _shape(office: Here, contract: Contract) -> ContractShape:
    login = await office.selfcare.of_contract(contract.id)
    fee_yen = await office.customers.monthly_fee_yen(contract.id)
    return ContractShape.of(contract, login.selfcare_id if login else None, fee_yen)
