"""What a seed file may say, and its JSON Schema."""

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.flows.line_call import DIRECT_MEDIA
from ivr.numbering import access, overlap, plan, presentation
from lab.errors import suggestion
from provisioning.contract import (
    Access,
    Condition,
    ContractKind,
    Greeting,
    Language,
    LineStatus,
    Profile,
    TrunkClass,
)
from provisioning.customers import model as customers
from provisioning.customers.store import read_plans
from provisioning.forwarding.model import ABROAD
from provisioning.freephone.document import FreephoneDocument
from provisioning.lines import model as lines
from provisioning.numbers.model import MOST_PER_BLOCK
from provisioning.plain_text import is_plain
from provisioning.presentation.model import OPTION
from provisioning.selfcare import model as selfcare
from provisioning.trunks import model as trunks
from provisioning.voicemail import model as voicemail

SCHEMA_ID = "urn:tokuban:seed"

NATIONAL = re.compile(r"0\d{8,10}")
USER = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]+")


def _japanese(text: str) -> str:
    digits = text.replace("-", "")
    if digits.startswith("+81"):
        digits = "0" + digits.removeprefix("+81")
    if not NATIONAL.fullmatch(digits):
        raise ValueError("must be a Japanese number of 9 to 11 digits such as 0312345678")
    return digits


def _subscriber(text: str) -> str:
    """A number that a line can have (LINE-04)."""
    digits = _japanese(text)
    if plan.kind_of(digits) not in plan.CALLING:
        raise ValueError(
            "must be a subscriber's number, of 10 digits as 0312345678, or with 050, 060, 070, "
            "080 or 090 of 11 as 09012345678"
        )
    return digits


def _free(text: str) -> str:
    digits = _japanese(text)
    if not re.fullmatch(r"0120\d{6}|0800\d{7}", digits):
        raise ValueError("must be a freephone number: 0120 and 6 digits or 0800 and 7 digits")
    return digits


def _anywhere(text: str) -> str:
    """A number in national form, or another country's with its +."""
    foreign = text.replace("-", "")
    if re.fullmatch(r"\+(?!81)[1-9]\d{1,14}", foreign):
        return foreign
    return _japanese(text)


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("must be plain text on one line, without control characters")
    return text


def _user(text: str) -> str:
    if not USER.fullmatch(text):
        raise ValueError("must be a SIP user part without escapes (RFC 3261 §25.1)")
    return text


def _text_or_number(pattern: str | None = None, **more: Any) -> WithJsonSchema:
    """An editor that takes unquoted digits for a number is as right as one that does not."""
    text = {"type": "string", **({"pattern": pattern} if pattern else {}), **more}
    return WithJsonSchema({"anyOf": [text, {"type": "integer"}]})


_NUMBER = r"^(0|\+81)[-0-9]{8,15}$"
National = Annotated[str, AfterValidator(_japanese), _text_or_number(_NUMBER)]
Subscriber = Annotated[str, AfterValidator(_subscriber), _text_or_number(_NUMBER)]
Freephone = Annotated[
    str, AfterValidator(_free), _text_or_number(r"^(0|\+81)(-?1-?2-?0|-?8-?0-?0)[-0-9]{6,12}$")
]
Anywhere = Annotated[str, AfterValidator(_anywhere), _text_or_number(r"^(0|\+)[-0-9]{8,20}$")]
CustomerId = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^C[0-9]{8}$"})]
ContractId = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^K[0-9]{8}$"})]
Name = Annotated[str, AfterValidator(_plain), Field(min_length=1)]
User = Annotated[str, AfterValidator(_user), _text_or_number(r"^[A-Za-z0-9_.!~*'()&=+$,;?/-]+$")]


UNKNOWN_WORD = "unknown_word"
"""The type of the error of a word that is none of the known ones; its message is whole."""


def _plan(text: str) -> str:
    plans = read_plans()
    if text not in plans:
        told = {"told": f"{text!r} is unknown{suggestion(text, plans)}"}
        raise PydanticCustomError(UNKNOWN_WORD, "{told}", told)
    return text


Plan = Annotated[
    str, AfterValidator(_plan), WithJsonSchema({"type": "string", "enum": sorted(read_plans())})
]


class Option(StrEnum):
    """The options a line may contract; a misspelt one would be no option at all."""

    TOKUTEI_NOTIFY = OPTION
    INTERNATIONAL_FORWARDING = ABROAD
    NGN_UNI = lines.UNI_OPTION
    NUMBER_WITHHELD = presentation.WITHHELD_BY_DEFAULT
    IOS_HANDSET = access.IOS_HANDSET
    OVERLAP_DIALLING = overlap.OVERLAP_DIALLING
    DIRECT_MEDIA = DIRECT_MEDIA
    VOICEMAIL = voicemail.OPTION


class Table(BaseModel):
    """A mapping of the file; a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(Table):
    """A SIP account of a line."""

    user: User = Field(description="What the phone registers as; mostly the number.")
    password: Annotated[str, _text_or_number(minLength=4, maxLength=128)] = Field(
        min_length=4,
        max_length=128,
        repr=False,
        description="4 to 128 characters; only a digest of it is kept.",
    )
    access: Access = Field(
        default=Access.OS, description="os: the phone's own dialler; link: the Link app."
    )
    sources: list[str] = Field(
        default=[],
        max_length=lines.MOST_SOURCES,
        description="Addresses or networks from where a line with the option ngn-uni needs no "
        "password, as 192.0.2.0/29.",
    )


class Diversion(Table):
    """Forwarding on one condition."""

    to: Anywhere = Field(description="The destination, as 0312345678.")
    active: bool = Field(default=False, description="Whether calls are forwarded.")


class Forwarding(Table):
    """Forwarding as it is set on the line's first day; conditions are those of the profile."""

    always: Diversion | None = Field(default=None, description="Every call.")
    unreachable: Diversion | None = Field(default=None, description="No phone is registered.")
    busy: Diversion | None = Field(default=None, description="The line is busy.")
    no_answer: Diversion | None = Field(default=None, description="Nobody answers.")
    ring_time_s: int | None = Field(
        default=None, description="Seconds before a call is forwarded; absent: the profile's."
    )

    def each(self) -> dict[Condition, Diversion]:
        """What is set, by condition."""
        given = (self.always, self.unreachable, self.busy, self.no_answer)
        return {on: diversion for on, diversion in zip(Condition, given, strict=True) if diversion}


class Voicemail(Table):
    """Voicemail as it is set on the line's first day; the line contracts the option voicemail."""

    conditions: list[Condition] | None = Field(
        default=None,
        description="When it takes calls: always, unreachable, busy, no_answer; absent: the "
        "profile's, [] stopped.",
    )
    ring_time_s: int | None = Field(
        default=None, description="Seconds before a call is taken; absent: the profile's."
    )
    greeting: Literal[Greeting.NUMBER, Greeting.PLAIN] = Field(
        default=Greeting.NUMBER, description="Whether the greeting says the number."
    )
    pin: Annotated[str, _text_or_number(r"^[0-9]{4}$")] | None = Field(
        default=None,
        repr=False,
        description="Four digits for use from other phones; absent: none. Only a hash is kept.",
    )


class Line(Table):
    """A line, its accounts and its first settings."""

    number: Subscriber = Field(description="In national form; hyphens are fine.")
    profile: Profile = Field(description="Whose service codes the line obeys.")
    ma: Name | None = Field(
        default=None,
        description="Message area, for charging, as 東京; absent: that of a fixed number.",
    )
    prefecture: Name | None = Field(
        default=None, description="As 東京都; given or left out together with ma."
    )
    kind: ContractKind = Field(default=ContractKind.CONSUMER, description="Who signed.")
    status: LineStatus = Field(default=LineStatus.ACTIVE, description="Whether it is served.")
    options: frozenset[Option] = Field(default=frozenset(), description="Contracted options.")
    freephone: Freephone | None = Field(
        default=None, description="The number that the option tokutei-notify shows."
    )
    shows_freephone: bool = Field(default=False, description="Whether 特定番号通知 is on at first.")
    language: Language = Field(default=Language.JA, description="What the line hears.")
    forwarding: Forwarding | None = Field(default=None, description="Absent: off.")
    voicemail: Voicemail | None = Field(
        default=None, description="Absent: as the profile has it, where it is contracted."
    )
    accounts: list[Account] = Field(min_length=1, description="One or more SIP accounts.")


class SelfCare(Table):
    """The self-care login of a contract."""

    id: Annotated[str, _text_or_number(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$")] = Field(
        description="3 to 32 letters, digits, dots, hyphens, underscores."
    )
    password: Annotated[str, _text_or_number(minLength=10, maxLength=selfcare.PASSWORD_MOST)] = (
        Field(
            min_length=10,
            max_length=selfcare.PASSWORD_MOST,
            repr=False,
            description="At least 10 characters; only a hash of it is kept.",
        )
    )


class Contract(Table):
    """A contract under which numbers are added."""

    id: ContractId = Field(description="K and eight digits, as K00000001.")
    plan: Plan = Field(description="What an added number costs a month.")
    profile: Profile = Field(description="The profile of the numbers that are added.")
    ma: Name = Field(description="Message area of the numbers that are added.")
    prefecture: Name = Field(description="As 東京都.")
    number_cap: int = Field(
        default=customers.NUMBER_CAP,
        ge=0,
        le=customers.MOST_NUMBERS,
        description="Numbers that may be added over the contract's life.",
    )
    selfcare: SelfCare | None = Field(default=None, description="Absent: no login to the portal.")


class Customer(Table):
    """Who signed contracts."""

    id: CustomerId = Field(description="C and eight digits, as C00000001.")
    kind: ContractKind = Field(description="A person or a company.")
    name: str = Field(description="As 特番デモ商事.")
    postal_code: Annotated[str, _text_or_number(r"^[0-9]{3}-?[0-9]{4}$")] = Field(
        description="As 100-0001."
    )
    address: str = Field(description="On one line.")
    phone: Annotated[str, _text_or_number()] = Field(description="As 03-1234-5678.")
    mail: str = Field(description="Where login codes go, as name@example.jp.")
    contact: str = Field(default="", description="Whom to ask for.")
    language: Language = Field(default=Language.JA, description="Of mails and letters.")
    contracts: list[Contract] = Field(default=[], description="What the customer signed.")


class Block(Table):
    """A run of 050 numbers that customers can order from."""

    first: National = Field(description="As 05000000000.")
    last: National = Field(description=f"Included; at most {MOST_PER_BLOCK:,} numbers in all.")


class Trunk(Table):
    """Another carrier: it has peers, or an account, or both."""

    name: Annotated[str, _text_or_number(trunks.NAME)] = Field(description="As other-carrier.")
    caller_class: TrunkClass = Field(alias="class", description="What its callers are.")
    peers: list[str] = Field(
        default=[], description="IP addresses, as 192.0.2.1:5060;transport=udp."
    )
    account: str | None = Field(default=None, description="The user it registers as.")
    password: Annotated[str, _text_or_number(minLength=8, maxLength=128)] | None = Field(
        default=None, repr=False, description="Of the account; only a digest of it is kept."
    )
    prefixes: list[Annotated[str, _text_or_number()]] = Field(
        default=[], description="First digits of numbers it takes out, as 03, or +."
    )
    trusted: bool = Field(default=False, description="Identities are believed from it.")
    prefecture: Name | None = Field(
        default=None, description="Where its callers count as calling from, as 東京都."
    )
    calls: int = Field(
        default=100, ge=1, le=trunks.MOST_CALLS, description="The most calls at once."
    )
    login: Annotated[str, _text_or_number(trunks.LOGIN)] | None = Field(
        default=None, description="The user we are to its peers, where they ask for a password."
    )
    login_password: Annotated[str, _text_or_number(maxLength=128)] | None = Field(
        default=None, repr=False, description="Of the login; it is kept sealed."
    )
    registers: bool = Field(
        default=False, description="We register with its first peer, as the login."
    )


class FreephoneNumber(Table):
    """A contracted freephone number, as it is set up at first."""

    number: Freephone = Field(description="As 0120000003.")
    contract: ContractId = Field(description="Who pays, as K00000001.")
    setup: FreephoneDocument = Field(description="As `tokuban freephone show` prints it.")


class SeedFile(Table):
    """What a carrier begins with: 050 numbers, customers, lines, trunks, freephone numbers."""

    blocks: list[Block] = Field(default=[], description="The inventory of 050 numbers.")
    customers: list[Customer] = Field(default=[], description="Who signed what.")
    lines: list[Line] = Field(default=[], description="Lines with their SIP accounts.")
    trunks: list[Trunk] = Field(default=[], description="Other carriers.")
    freephones: list[FreephoneNumber] = Field(
        default=[], description="Contracted freephone numbers (着信課金)."
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a seed file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **SeedFile.model_json_schema(),
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
