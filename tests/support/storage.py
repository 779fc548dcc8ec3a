"""Storage for tests: SQLite and PostgreSQL, a small set of lines, an open office."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ivr.store.export import SoundFiles
from provisioning.contract import (
    E164,
    Access,
    Binding,
    Line,
    LineStatus,
    Location,
    Profile,
)
from provisioning.listening.service import Listening
from provisioning.office import Office, OfficeSettings
from provisioning.seeds import SeedAccount, SeedLine
from tests.support import postgres

DOCOMO, RAKUTEN = E164("+819000000001"), E164("+819000000002")
NTT, AU = E164("+81300000003"), E164("+819000000004")
FREEPHONE = E164("+81120000003")
NOBODY, SOMEWHERE = E164("+819099999999"), E164("+81312345678")

REALM = "tokuban"
TOKYO = Location("東京", "東京都")


def seed() -> list[SeedLine]:
    """One line of each profile; the rakuten line has both accesses, the ntt line its option."""
    return [
        _seed(Line(DOCOMO, Profile.DOCOMO, TOKYO), "docomo"),
        SeedLine(
            Line(RAKUTEN, Profile.RAKUTEN, TOKYO, status=LineStatus.SUSPENDED),
            (
                SeedAccount("rakuten", Access.OS, "secret-rakuten"),
                SeedAccount("rakuten-link", Access.LINK, "secret-link"),
            ),
        ),
        _seed(
            Line(
                NTT,
                Profile.NTT,
                TOKYO,
                options=frozenset({"tokutei-notify"}),
                freephone=FREEPHONE,
            ),
            "ntt",
        ),
        _seed(Line(AU, Profile.AU, TOKYO, options=frozenset({"international-forwarding"})), "au"),
    ]


def _seed(line: Line, user: str) -> SeedLine:
    return SeedLine(line, (SeedAccount(user, Access.OS, f"secret-{user}"),))


def binding(contact: str = "sip:docomo@192.0.2.1:5062", cseq: int = 1) -> Binding:
    """A binding with every field set to something of its own."""
    return Binding(
        contact=contact,
        call_id="a84b4c76e66710",
        cseq=cseq,
        expires_at=1_800_000_000.25,
        flow="udp:192.0.2.1:5062",
        q=0.7,
        path=("<sip:edge.example;lr>", "<sip:core.example;lr>"),
        instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>",
        user_agent="baresip 1.0.0 特番",
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the test run."""
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/tokuban.sqlite3"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def office_settings(database_url: str, tmp_path: Path) -> OfficeSettings:
    """Settings of an office on `database_url`; a lock is waited for only briefly."""
    return OfficeSettings(data=tmp_path / "data", realm=REALM, database=database_url, wait_s=0.5)


@pytest.fixture
async def office(office_settings: OfficeSettings) -> AsyncIterator[Office]:
    """An open office with the lines of `seed()`."""
    opened = await Office.open(office_settings)
    try:
        await opened.seed(seed())
        yield opened
    finally:
        await opened.close()


def listening_to(office: Office) -> Listening:
    """The voice messages of an office as files."""
    return Listening(office.voicemail, office.audit, SoundFiles())
