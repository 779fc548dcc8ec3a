"""What every route is given: the office, who asks, and which part of a list is wanted."""

from typing import Annotated

from fastapi import Depends, Query, Request

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
