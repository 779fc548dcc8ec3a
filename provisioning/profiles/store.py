"""Read the profile files once, at start."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from provisioning.contract import CarrierProfile, Profile
from provisioning.profiles.model import BadProfile, carrier_profile, services

SHIPPED = Path(__file__).parent


class ProfileFiles:
    """Carrier profiles by name."""

    def __init__(self, profiles: Mapping[Profile, CarrierProfile]) -> None:
        self._profiles = profiles

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """All profiles of `folder`; `BadProfile` names the file and field that is wrong."""
        common = services("lab.toml", _table(folder / "lab.toml"))
        return cls({p: carrier_profile(p, _table(folder / f"{p}.toml"), common) for p in Profile})

    def of(self, profile: Profile) -> CarrierProfile:
        """What lines of `profile` may dial."""
        return self._profiles[profile]


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadProfile(f"{path}: cannot be read ({error.strerror})") from error
    except tomllib.TOMLDecodeError as error:
        raise BadProfile(f"{path}: {error}") from error
