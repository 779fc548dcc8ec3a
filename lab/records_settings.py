"""The settings of call records."""

from pydantic import Field

from lab.section import Section


class RecordsSettings(Section):
    """Call records (BILL-01)."""

    keep_days: int = Field(
        default=366,
        ge=1,
        le=36_500,
        description="Days of business time until a call's records are erased. (An assumption.)",
    )
