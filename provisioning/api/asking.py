"""What every route is given: the office, who asks, and which part of a list is wanted."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.routing import BaseRoute

from provisioning import plain_text
from provisioning.api.access import origin
from provisioning.audit.model import Origin
from provisioning.office import Office

PLAIN = plain_text.PATTERN
"""What a field of free text takes."""


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


Here = Annotated[Office, Depends(_office)]
Asker = Annotated[Origin, Depends(origin)]

After = Annotated[
    str,
    Query(
        max_length=40,
        pattern=r"^[+0-9A-Za-z_.!~*'()&=$,;?/-]*$",
        description="Begin behind this item: the `next` of the page before.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most items of the page.")]


def no_others(request: Request) -> None:
    """Refuse a parameter in the query that the route does not have: a mistyped filter filters not.

    Raises:
        RequestValidationError: it names each, and what there is.
    """
    if not request.url.path.startswith("/v1/") or not request.query_params:
        return
    known = _parameters(request)
    if known is None:
        return
    if unknown := sorted(request.query_params.keys() - known):
        there_are = ", ".join(sorted(known)) or "none"
        reason = f"there is no such parameter here; there are: {there_are}"
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", f"{name:.40}"), "msg": reason}
                for name in unknown
            ]
        )


def _parameters(request: Request) -> set[str] | None:
    """The parameters of the route that answers, as the API describes it; None if it does not."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    route: BaseRoute = request.scope["route"]
    described = paths.get(getattr(route, "path", ""), {}).get(request.method.lower())
    if described is None:
        return None
    return {each["name"] for each in described.get("parameters", ()) if each["in"] == "query"}
