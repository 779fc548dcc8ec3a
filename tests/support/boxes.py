"""Lines with voicemail, and an office that serves them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from provisioning.contract import E164, Access, Line, Mailboxes, Profile, VoiceMessage
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from provisioning.voicemail.model import Limits
from tests.support.storage import AU, DOCOMO, NTT, RAKUTEN, REALM, TOKYO

VOICEMAIL = frozenset({"voicemail"})
LINES = (
    Line(DOCOMO, Profile.DOCOMO, TOKYO, options=VOICEMAIL),
    Line(AU, Profile.AU, TOKYO, options=VOICEMAIL),
    Line(RAKUTEN, Profile.RAKUTEN, TOKYO),
    Line(NTT, Profile.NTT, TOKYO),
)
DEFAULT = Limits()
BEGUN = 1_800_000_000.0
SECOND = bytes(range(160)) * 50


def seeds() -> list[SeedLine]:
    """The lines, each with an account of its own; docomo and au have voicemail."""
    return [
        SeedLine(line, (SeedAccount(line.number[1:], Access.OS, "secret-voice"),)) for line in LINES
    ]


@asynccontextmanager
async def voicemail_office(
    folder: Path,
    database: str | None = None,
    *,
    key: str | None = None,
    limits: Limits = DEFAULT,
    wait_s: float = 0.5,
) -> AsyncIterator[Office]:
    """An office over the lines; its wall clock stands at `BEGUN`."""
    settings = OfficeSettings(
        folder, REALM, database=database, key=key, wait_s=wait_s, voicemail=limits
    )
    office = await Office.open(settings, wall=lambda: BEGUN)
    try:
        await office.seed(seeds())
        yield office
    finally:
        await office.close()


async def leave(
    boxes: Mailboxes, line: E164 = DOCOMO, ulaw: bytes = SECOND, caller: str | None = AU
) -> VoiceMessage:
    """A message as a caller leaves it."""
    deposit = await boxes.deposit(line, caller, "call")
    deposit.write(ulaw)
    kept = await deposit.keep()
    assert kept is not None, "it was too short to be kept"
    return kept


def files(folder: Path) -> set[str]:
    """The sound that is on disk, by id."""
    return {path.stem for path in (folder / "voicemail").glob("*.au")}
