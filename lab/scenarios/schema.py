"""The JSON Schema of scenario files, for editors and for programs that write scenarios."""

import json
from typing import Any

from lab.scenarios.files import FIELDS
from lab.scenarios.grammar import ALONE, METHODS, ROLE
from lab.scenarios.model import Signal, Verb
from lab.scenarios.voices import HERTZ
from lab.seed_model import Option
from prompts.catalogue import Prompt
from prompts.script import LANGUAGES
from provisioning.billing.tariff import Cause
from provisioning.contract import Profile

SCHEMA_ID = "urn:tokuban:scenario"

_TEXT: dict[str, Any] = {"type": ["string", "integer"]}
"""YAML takes 1429 for a number, and so do editors; it is read as it is written."""


def document() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12)."""
    steps = {"type": "array", "minItems": 1, "items": {"anyOf": [_alone(), _valued()]}}
    fields: dict[str, Any] = {
        "scenario": {"type": "string", "minLength": 1, "description": "What it shows."},
        "about": {"type": "string", "description": "What is worth knowing besides."},
        "rules": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Z0-9]{2,5}-[0-9]{2}$"},
            "description": "The rules it plays (docs/reference/rules.md).",
        },
        "language": {"enum": list(LANGUAGES), "description": "Of the network's voice."},
        "phones": _phones(),
        "steps": steps,
    }
    assert tuple(fields) == FIELDS
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "A scenario of tokuban",
        "type": "object",
        "additionalProperties": False,
        "required": ["scenario", "phones", "steps"],
        "properties": fields,
    }


def _phones() -> dict[str, Any]:
    profiles = "|".join(profile.value for profile in Profile)
    options = "|".join([*(option.value for option in Option), "link"])
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": len(HERTZ),
        "propertyNames": {"pattern": f"^{ROLE.pattern}$"},
        "additionalProperties": {"type": "string", "pattern": f"^({profiles})( ({options}))*$"},
        "description": "Who takes part: the profile of the line and the options it has.",
    }


def _alone() -> dict[str, Any]:
    verbs = "|".join(sorted(verb.value for verb in ALONE))
    role = ROLE.pattern
    return {"type": "string", "pattern": f"^({role} ({verbs})|{role} and {role} talk)$"}


def _valued() -> dict[str, Any]:
    patterns = {
        f"^{ROLE.pattern} {verb.value}$": _value(verb) for verb in Verb if verb not in ALONE
    }
    patterns[f"^({'|'.join(METHODS)}) /"] = {
        "description": "Sent to the carrier; of GET, what its answer holds."
    }
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "patternProperties": patterns,
    }


def _value(verb: Verb) -> dict[str, Any]:
    prompts = [prompt.value for prompt in Prompt]
    match verb:
        case Verb.IS_CHARGED:
            whole = {"type": "integer", "minimum": 0}
            each = {"cause": {"enum": [cause.value for cause in Cause]}}
            return {
                "type": "object",
                "additionalProperties": False,
                "required": ["cause", "yen", "each_s"],
                "properties": {**each, "yen": whole, "each_s": whole},
            }
        case Verb.IS_REFUSED:
            return {"type": "integer", "minimum": 300, "maximum": 699}
        case Verb.SPEAKS:
            return {"type": "string", "pattern": "^[0-9]{1,3} s$"}
        case Verb.HEARS:
            return {"type": "string", "examples": [*(tone.value for tone in Signal), *prompts]}
        case Verb.HEARS_BEGINNING:
            return {"type": "string", "examples": prompts}
    return _TEXT


def text() -> str:
    """The schema as it is published."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"
