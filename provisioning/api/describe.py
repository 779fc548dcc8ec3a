"""The OpenAPI 3.1 document: what FastAPI knows, and what every answer of ours has in common."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from provisioning.api import keyed
from provisioning.api.access import needed
from provisioning.api.problems import KINDS, MEDIA_TYPE, TITLES, kind_of
from provisioning.contract import ContractError

Json = dict[str, Any]

PROBLEM: Json = {
    "title": "Problem",
    "description": "A problem document (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "What went wrong, for programs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "errors": {
            "type": "array",
            "description": "The fields that are wrong.",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}

COMMON: Mapping[str, tuple[str, ...]] = {
    "401": ("access-refused",),
    "403": ("not-in-scope",),
    "411": ("length-required",),
    "413": ("body-too-long",),
    "422": ("bad-request",),
    "503": ("storage-unavailable",),
}
"""What any request under `/v1` may be answered, whatever it asks."""

CHANGING: Mapping[str, tuple[str, ...]] = {"415": ("not-json",)}
WITH_BODY: Mapping[str, tuple[str, ...]] = {"400": ("bad-json",)}
WITH_SOUND: Mapping[str, tuple[str, ...]] = {"415": ("not-wav",)}
WITH_KEY: Mapping[str, tuple[str, ...]] = {
    "400": ("bad-key",),
    "409": ("in-flight", "answer-lost"),
    "422": ("key-reused",),
}

KEY_REQUIRED: Json = {"x-key-required": True}
"""The `openapi_extra` of a route whose POST must carry a key."""

KEY_PARAMETER: Json = {
    "name": keyed.HEADER,
    "in": "header",
    "description": "The same key and request again: the first answer again, its passwords null. "
    "A key counts for one caller and route, for a day.",
    "schema": {"type": "string", "pattern": "^[!#-~]{1,200}$"},
}


def common_kinds() -> frozenset[str]:
    """The kinds of problems that belong to no operation of its own."""
    shared = (COMMON, CHANGING, WITH_BODY, WITH_KEY)
    return frozenset(kind for each in shared for kinds in each.values() for kind in kinds)


def catalogue() -> dict[str, int]:
    """The status of every kind of problem, by kind."""
    found = {kind: status for status, kind in KINDS.values()}
    for shared in (COMMON, CHANGING, WITH_BODY, WITH_SOUND, {"500": ("internal-error",)}):
        found |= {kind: int(status) for status, kinds in shared.items() for kind in kinds}
    return dict(sorted(found.items()))


def refusals(*errors: type[ContractError]) -> dict[int | str, Json]:
    """The `responses` of a route that may refuse so."""
    found: dict[int, list[str]] = {}
    for error in errors:
        status, kind = kind_of(error)
        found.setdefault(status, []).append(kind)
    return {status: _response(kinds) for status, kinds in found.items()}


def install(app: FastAPI) -> None:
    """Make `app.openapi` tell what all our routes share."""
    plain = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            _complete(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: Json) -> None:
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, method, operation in _operations(document):
        right = needed(method.upper(), path)
        if right is None:
            continue
        operation["security"] = [{}, {"bearer": [str(right)]}]
        _tell(operation, COMMON)
        if "audio/wav" in operation.get("requestBody", {}).get("content", {}):
            _tell(operation, WITH_SOUND)
            continue
        if method != "get":
            _tell(operation, CHANGING)
        if "requestBody" in operation:
            _tell(operation, WITH_BODY)
        if method == "post" and path.startswith("/v1/"):
            _take_key(operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _take_key(operation: Json) -> None:
    required = operation.pop("x-key-required", False)
    operation.setdefault("parameters", []).append({**KEY_PARAMETER, "required": required})
    _tell(operation, WITH_KEY)
    if required:
        _tell(operation, {"400": ("key-missing",)})


def _tell(operation: Json, kinds: Mapping[str, tuple[str, ...]]) -> None:
    """Add kinds of problems to the answers of an operation."""
    responses = operation["responses"]
    for status, names in kinds.items():
        there = responses.get(status, {})
        known = there.get("x-problems", [])
        responses[status] = _response([*known, *names])


def _response(kinds: list[str]) -> Json:
    return {
        "description": "; ".join(TITLES[kind] for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-problems": kinds,
    }
