"""The settings of charges."""

from pathlib import Path

from pydantic import Field

from lab.section import Section


class BillingSettings(Section):
    """What calls cost (BILL-02)."""

    tariffs: Path | None = Field(
        default=None,
        examples=["tariffs"],
        description="Folder of tariff files of your own; one takes the place of a shipped one of "
        "the same name. `tokuban tariff check FOLDER` finds their faults.",
    )
