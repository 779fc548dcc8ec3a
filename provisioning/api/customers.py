"""`/v1/customers`: who signed."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, Strict

from provisioning.api.asking import PLAIN, After, Asker, Here, Limit
from provisioning.api.describe import refusals
from provisioning.api.keyed import KeyedRoute
from provisioning.api.shapes import Listed, Shape
from provisioning.contract import ContractKind, Language
from provisioning.customers.model import (
    MOST_LETTERS,
    BadField,
    Customer,
    CustomerChanges,
    NewCustomer,
    UnknownCustomer,
)

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=KeyedRoute)

Id = Annotated[str, Path(pattern=r"^C[0-9]{8}$", description="As C00000001.")]
Kind = Annotated[ContractKind, Strict(False)]
Tongue = Annotated[Language, Strict(False)]


def _text(description: str, example: str, *, least: int = 1, pattern: str = PLAIN) -> Any:
    return Field(
        min_length=least,
        max_length=MOST_LETTERS,
        pattern=pattern,
        description=description,
        examples=[example],
    )


Name = Annotated[str, _text("A person's or company's name.", "特番デモ商事")]
PostalCode = Annotated[str, _text("Seven digits.", "100-0001", pattern=r"^[0-9]{3}-?[0-9]{4}$")]
Address = Annotated[str, _text("Where the letter goes.", "東京都千代田区千代田1-1")]
Phone = Annotated[str, _text("To call back.", "03-1234-5678", pattern=r"^[0+][0-9-]{8,19}$")]
Mail = Annotated[
    str, _text("For login codes.", "demo@tokuban.example", pattern=r"^[!-?A-~]+@[!-?A-~]+$")
]
Contact = Annotated[str, _text("Whom to ask for at a company.", "総務部 山田", least=0)]


class CustomerShape(Shape):
    """A customer."""

    id: str
    kind: ContractKind
    name: str
    postal_code: str
    address: str
    phone: str
    mail: str
    contact: str
    language: Language

    @classmethod
    def of(cls, customer: Customer) -> Self:
        """The customer as it stands."""
        return cls(
            id=customer.id,
            kind=customer.kind,
            name=customer.name,
            postal_code=customer.postal_code,
            address=customer.address,
            phone=customer.phone,
            mail=customer.mail,
            contact=customer.contact,
            language=customer.language,
        )


class CustomersShape(Listed):
    """A page of customers, by id."""

    items: list[CustomerShape]


class NewCustomerShape(Shape):
    """What becomes a customer."""

    kind: Kind
    name: Name
    postal_code: PostalCode
    address: Address
    phone: Phone
    mail: Mail
    contact: Contact = ""
    language: Tongue = Language.JA


class CustomerChangesShape(Shape):
    """What shall be different; what is absent or null stays."""

    name: Name | None = None
    postal_code: PostalCode | None = None
    address: Address | None = None
    phone: Phone | None = None
    mail: Mail | None = None
    contact: Contact | None = None
    language: Tongue | None = None


@router.get("")
async def list_customers(
    office: Here,
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=MOST_LETTERS, pattern=PLAIN, description="Part of a name."),
    ] = None,
    kind: ContractKind | None = None,
    after: After = "",
    limit: Limit = 100,
) -> CustomersShape:
    """Customers, those that fit every filter."""
    page = await office.customers.list(after=after, limit=limit, name=name, kind=kind)
    return CustomersShape(items=[CustomerShape.of(each) for each in page.items], next=page.next)


@router.post("", status_code=201, responses=refusals(BadField))
async def create_customer(
    office: Here, asker: Asker, response: Response, wanted: NewCustomerShape
) -> CustomerShape:
    """Take a customer in."""
    made = await office.customers.create(NewCustomer(**dict(wanted)), origin=asker)
    response.headers["Location"] = f"/v1/customers/{made.id}"
    return CustomerShape.of(made)


@router.get("/{customer}", responses=refusals(UnknownCustomer))
async def show_customer(office: Here, customer: Id) -> CustomerShape:
    """One customer."""
    return CustomerShape.of(await office.customers.get(customer))


@router.patch("/{customer}", responses=refusals(UnknownCustomer, BadField))
async def change_customer(
    office: Here, asker: Asker, customer: Id, wanted: CustomerChangesShape
) -> CustomerShape:
    """Change what is named; a refused value changes nothing."""
    changes = CustomerChanges(**dict(wanted))
    return CustomerShape.of(await office.customers.update(customer, changes, origin=asker))
