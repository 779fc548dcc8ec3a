"""Who is calling, as far as a service needs to know."""

from dataclasses import dataclass

from prompts.catalogue import Voice
from provisioning.contract import CarrierProfile, Line


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A caller of this network: the line, what its carrier offers, and the voice it hears."""

    line: Line
    profile: CarrierProfile
    voice: Voice


@dataclass(frozen=True, slots=True)
class Visitor:
    """A caller from another carrier: without line or services here, only with a voice to hear."""

    voice: Voice
