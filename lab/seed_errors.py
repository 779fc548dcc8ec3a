"""What is said of a seed file that does not fit its model: where, what, and what to write."""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from lab import seed_model
from lab.errors import suggestion
from lab.seed_model import SeedFile
from lab.yaml_file import Place, YamlFile
from provisioning.contract import Condition
from provisioning.freephone.document import (
    AreaPart,
    FreephoneDocument,
    GroupPart,
    ReceptionPart,
    SharesPart,
)


def said(detail: ErrorDetails, file: YamlFile) -> str:
    """`file:line:column: line 1, profile: …` for one of pydantic's errors."""
    place: Place = detail["loc"]
    at = f"{file.where(place)}: {name_of(place)}"
    if detail["input"] is None:
        at = f"{file.where(place, key=True)}: {name_of(place)}"
    match detail["type"]:
        case "extra_forbidden":
            known = _model_at(place[:-1]).model_fields
            at = f"{file.where(place, key=True)}: {name_of(place)}"
            return f"{at}: no such field{suggestion(str(place[-1]), known)}"
        case "missing":
            owner = _singular(place[:-1])
            return f"{at}: missing; every {owner} has one"
        case "enum":
            word = str(detail["input"])
            known_words = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
            return f"{at}: {word!r} is unknown{suggestion(word, known_words.split(', '))}"
        case seed_model.UNKNOWN_WORD:
            return f"{at}: {detail['msg']}"
    return f"{at}: {_reason(detail)}{_was(detail)}"


def _reason(detail: ErrorDetails) -> str:
    if detail["input"] is None:
        return "has no value; text that begins with # stands in quotes"
    kinds = {"string_type": "text", "list_type": "a list, each entry with a -"}
    kinds |= {"model_type": "fields, each as name: value", "frozen_set_type": "a list, as [a, b]"}
    if wanted := kinds.get(detail["type"]):
        return f"must be {wanted}"
    return detail["msg"].removeprefix("Value error, ")


def _was(detail: ErrorDetails) -> str:
    """What was written, unless it may be a secret or says nothing."""
    value = detail["input"]
    secret = "password" in detail["loc"] or value is None or isinstance(value, dict | list)
    return "" if secret else f" (it is {value!r})"


_SINGULAR: Mapping[str, str] = {
    "lines": "line",
    "accounts": "account",
    "customers": "customer",
    "contracts": "contract",
    "blocks": "block",
    "options": "option",
    "trunks": "trunk",
    "peers": "peer",
    "prefixes": "prefix",
    "sources": "source",
    "freephones": "freephone",
    "groups": "group",
    "areas": "area",
    "receptions": "reception",
}


def name_of(place: Place) -> str:
    """`line 2, account 1, password` for a person who counts from one."""
    words: list[str] = []
    for part in place:
        if isinstance(part, int) and words:
            words[-1] = f"{_SINGULAR.get(words[-1], words[-1])} {part + 1}"
        else:
            words.append(str(part))
    return ", ".join(words) or "file"


def _singular(place: Place) -> str:
    """What the owner of a field is called."""
    named = [str(part) for part in place if isinstance(part, str)]
    return _SINGULAR.get(named[-1], named[-1]) if named else "file"


_MODELS: Mapping[str, type[BaseModel]] = {
    "lines": seed_model.Line,
    "accounts": seed_model.Account,
    "forwarding": seed_model.Forwarding,
    **{condition.value: seed_model.Diversion for condition in Condition},
    "customers": seed_model.Customer,
    "contracts": seed_model.Contract,
    "selfcare": seed_model.SelfCare,
    "blocks": seed_model.Block,
    "trunks": seed_model.Trunk,
    "freephones": seed_model.FreephoneNumber,
    "setup": FreephoneDocument,
    "groups": GroupPart,
    "areas": AreaPart,
    "shares": SharesPart,
    "receptions": ReceptionPart,
}


def _model_at(place: Place) -> type[BaseModel]:
    named = [part for part in place if isinstance(part, str)]
    return _MODELS.get(named[-1], SeedFile) if named else SeedFile
