"""`tokuban doctor`: each check says what it found and what to do."""

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from lab import checkup
from lab.finding import Finding, Verdict
from lab.office_part import office_settings
from lab.settings import HttpSettings, MediaSettings, Settings, StorageSettings
from lab.sip_settings import SipSettings
from provisioning.office import DATABASE_FILE, Office


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that UDP and TCP are both listening on."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(tcp.getsockname())
        yield tcp.getsockname()[1]


def test_a_taken_port_names_the_option(taken: int) -> None:
    settings = Settings(sip=SipSettings(port=taken), http=HttpSettings(port=0))
    sip_udp, sip_tcp, http = checkup.ports(settings)
    assert [f.verdict for f in (sip_udp, sip_tcp, http)] == [
        Verdict.FAIL,
        Verdict.FAIL,
        Verdict.OK,
    ]
    assert str(taken) in sip_udp.what
    assert "--sip-port" in sip_udp.remedy


def advertised(host: str, advertise: str | None) -> Finding:
    return checkup.advertised(Settings(sip=SipSettings(host=host, advertise=advertise)))


def test_every_address_needs_one_to_tell() -> None:
    finding = advertised("0.0.0.0", None)
    assert finding.verdict is Verdict.FAIL
    assert "--advertise" in finding.remedy


def test_an_address_of_another_host_is_a_nat_or_a_mistake() -> None:
    assert advertised("127.0.0.1", "192.0.2.1").verdict is Verdict.WARN


def test_an_advertised_address_must_be_listened_on() -> None:
    finding = advertised("127.0.0.1", "127.0.0.2")
    assert (finding.verdict, "127.0.0.2" in finding.remedy) == (Verdict.FAIL, True)


def test_an_advertised_address_of_this_host_is_fine() -> None:
    assert advertised("0.0.0.0", "127.0.0.1").verdict is Verdict.OK
    assert advertised("127.0.0.1", None).verdict is Verdict.OK


def test_a_name_that_leads_nowhere() -> None:
    assert advertised("127.0.0.1", "no-such-host.invalid").verdict is Verdict.FAIL


def test_a_taken_rtp_range(taken: int) -> None:
    low = taken - taken % 2
    settings = Settings(media=MediaSettings(rtp_ports=f"{low}-{low + 1}"))
    finding = checkup.rtp_range(settings)
    assert finding.verdict is (Verdict.FAIL if low == taken else Verdict.WARN)


def test_the_rtp_range_says_how_many_calls() -> None:
    finding = checkup.rtp_range(Settings(media=MediaSettings(rtp_ports="21000-21099")))
    assert "50 calls" in finding.what


def test_clients_ports_are_no_good_for_rtp() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    settings = Settings(media=MediaSettings(rtp_ports=f"{first}-{first + 1001}"))
    assert checkup.rtp_range(settings).verdict is Verdict.WARN


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x", "ascii")
    settings = Settings(storage=StorageSettings(folder=tmp_path / "data"))
    assert checkup.data_folder(settings).verdict is Verdict.FAIL


def test_a_data_folder_yet_to_be_made(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(folder=tmp_path / "deep" / "data"))
    assert checkup.data_folder(settings).verdict is not Verdict.FAIL
    assert not (tmp_path / "deep").exists()


def test_no_database_yet(tmp_path: Path) -> None:
    finding = checkup.schema(Settings(storage=StorageSettings(folder=tmp_path / "data")))
    assert finding.verdict is Verdict.OK
    assert not (tmp_path / "data").exists()


async def opened(settings: Settings) -> None:
    office = await Office.open(office_settings(settings))
    await office.close()


def test_a_database_of_ours_and_one_of_another_version(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(folder=tmp_path))
    asyncio.run(opened(settings))
    assert checkup.schema(settings).verdict is Verdict.OK
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    finding = checkup.schema(settings)
    assert (finding.verdict, "9999" in finding.what) == (Verdict.WARN, True)


def test_a_database_that_cannot_be_reached() -> None:
    url = SecretStr("postgresql://me:marker-secret@127.0.0.1:9/x")
    finding = checkup.schema(Settings(storage=StorageSettings(url=url)))
    assert finding.verdict is Verdict.FAIL
    assert "marker-secret" not in finding.what + finding.remedy


def test_prompts() -> None:
    assert checkup.prompts([]).verdict is Verdict.OK
    finding = checkup.prompts(["ja/x.wav: missing", "y"])
    assert finding.what == "prompts: ja/x.wav: missing and 1 more"


def test_every_finding_that_is_not_ok_says_what_to_do(taken: int) -> None:
    settings = Settings(sip=SipSettings(host="0.0.0.0", port=taken), http=HttpSettings(port=taken))
    findings = list(checkup.examine(settings, lambda: ["a clip is missing"]))
    assert [f for f in findings if f.verdict is not Verdict.OK and not f.remedy] == []
    assert sum(f.verdict is Verdict.FAIL for f in findings) >= 4
