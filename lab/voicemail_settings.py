"""The settings of voicemail."""

from pydantic import Field

from lab.section import Section
from provisioning.voicemail.model import Limits


class VoicemailSettings(Section):
    """Voicemail; what a box holds and for how long is its carrier's, see the profiles."""

    reserve_mb: int = Field(
        default=64,
        ge=0,
        le=1_000_000,
        description="MiB of the disk that recordings leave free; a caller who finds less is told "
        "so before the tone.",
    )

    @property
    def limits(self) -> Limits:
        """The office's share."""
        return Limits(reserve_bytes=self.reserve_mb * 2**20)
