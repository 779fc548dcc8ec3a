"""What every table of the settings file has in common."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

OUT_OF_ORDER = "out_of_order"
"""The type of the error of two settings; ctx: `smaller` and `larger` (names), `values`."""


class Section(BaseModel):
    """A table of the file; a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def keep_order(section: Section, pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse a table in which the first setting of a pair is more than the second."""
    for smaller, larger in pairs:
        values = getattr(section, smaller), getattr(section, larger)
        if values[0] > values[1]:
            # Whoever knows where each was written says which one to change.
            raise PydanticCustomError(
                OUT_OF_ORDER,
                "{smaller} must not be more than {larger}",
                {"smaller": smaller, "larger": larger, "values": values},
            )
