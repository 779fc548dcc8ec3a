"""Passwords in answers: shown once, masked in every answer that comes again."""

from typing import Annotated, Any

from pydantic import Field

FORMAT = "password"

NAMES = frozenset({"password", "service_password", "line_password", "secret"})
"""The members of our answers that hold a secret; a test compares them with the description."""

Shown = Annotated[
    str | None,
    Field(description="Shown this once; null afterwards.", json_schema_extra={"format": FORMAT}),
]


def masked(answer: Any) -> Any:
    """A JSON value with null in place of every secret."""
    if isinstance(answer, dict):
        return {name: None if name in NAMES else masked(each) for name, each in answer.items()}
    if isinstance(answer, list):
        return [masked(each) for each in answer]
    return answer
