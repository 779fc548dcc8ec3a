"""The audit of a line, without what its seed did."""

from provisioning.audit.model import Change
from provisioning.contract import E164
from provisioning.office import Office
from provisioning.seeding import BY_SEED


async def by_people(office: Office, line: E164) -> tuple[Change, ...]:
    """What was changed since a seed made the line, newest first."""
    found = await office.audit.of(line)
    return tuple(each for each in found if each.origin != BY_SEED.source)
