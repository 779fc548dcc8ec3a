"""`tokuban certs`: what is made, kept and renewed, who may read it, and what doctor says."""

import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from ivr.net import clock
from lab import certificates
from lab.certificates import Renewed, Unusable, renew
from lab.checkup import _bindable
from lab.cli import app
from lab.encryption_checkup import certificate, encryption, private
from lab.errors import Refused
from lab.finding import Verdict
from lab.settings import Settings, StorageSettings
from lab.sip_settings import SipSettings
from lab.transports import allowed_origins, places, tls_of

NOW = 1_800_000_000.0
DAY = 86_400.0
NAMES = ("pbx.example.com", "192.0.2.10")


@pytest.fixture
def made(tmp_path: Path) -> Renewed:
    return renew(tmp_path, NAMES, NOW)


def settings_of(folder: Path, **sip: object) -> Settings:
    return Settings(sip=SipSettings.model_validate(sip), storage=StorageSettings(folder=folder))


def test_an_authority_and_a_certificate_under_it_are_made(tmp_path: Path, made: Renewed) -> None:
    assert made.authority_is_new
    assert made.server_is_new
    made.server.verify_directly_issued_by(made.authority)
    assert certificates.names_of(made.server) == NAMES
    held = made.server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.0.2.10")]
    limits = made.authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)


def test_keys_are_their_owners_alone(tmp_path: Path, made: Renewed) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"ca.pem": 0o644, "ca.key": 0o600, "server.pem": 0o644, "server.key": 0o600}


def test_what_is_good_is_kept(tmp_path: Path, made: Renewed) -> None:
    again = renew(tmp_path, NAMES[:1], NOW + 100 * DAY)
    assert (again.authority, again.server) == (made.authority, made.server)
    assert (again.authority_is_new, again.server_is_new) == (False, False)


def test_what_ends_soon_is_renewed_with_the_names_it_had(tmp_path: Path, made: Renewed) -> None:
    again = renew(tmp_path, ("other.example.com",), NOW + 370 * DAY)
    assert again.authority == made.authority
    assert again.server_is_new
    assert certificates.names_of(again.server) == ("other.example.com", *NAMES)


def test_a_name_that_is_lacking_makes_the_certificate_anew(tmp_path: Path, made: Renewed) -> None:
    assert renew(tmp_path, ("further.example.com",), NOW).server_is_new


def test_a_new_authority_has_a_new_certificate(tmp_path: Path, made: Renewed) -> None:
    again = renew(tmp_path, NAMES, NOW + 3630 * DAY)
    assert again.authority_is_new
    again.server.verify_directly_issued_by(again.authority)
    assert again.authority.subject != made.authority.subject


def test_a_key_of_another_certificate_is_not_used(tmp_path: Path, made: Renewed) -> None:
    (tmp_path / "server.key").write_bytes((tmp_path / "ca.key").read_bytes())
    assert renew(tmp_path, NAMES, NOW).server_is_new


def test_an_authority_whose_key_is_away_is_not_replaced(tmp_path: Path, made: Renewed) -> None:
    (tmp_path / "ca.key").unlink()
    with pytest.raises(Unusable, match=r"ca\.key: No such file"):
        renew(tmp_path, NAMES, NOW)


@pytest.mark.parametrize("file", ["ca.pem", "server.key"])
def test_what_cannot_be_read_is_named(tmp_path: Path, made: Renewed, file: str) -> None:
    (tmp_path / file).write_text("nonsense")
    with pytest.raises(Unusable, match=file):
        renew(tmp_path, NAMES, NOW)


@pytest.mark.parametrize(
    ("days", "host", "verdict"),
    [
        (1, "192.0.2.10", Verdict.OK),
        (1, "PBX.example.com", Verdict.OK),
        (1, "192.0.2.11", Verdict.WARN),
        (380, "192.0.2.10", Verdict.WARN),
        (400, "192.0.2.10", Verdict.FAIL),
    ],
)
def test_doctor_reads_the_certificate(
    tmp_path: Path, made: Renewed, days: int, host: str, verdict: Verdict
) -> None:
    assert certificate(tmp_path / "server.pem", host, NOW + days * DAY).verdict is verdict


def test_doctor_sees_a_key_that_others_may_read(tmp_path: Path, made: Renewed) -> None:
    assert private(tmp_path / "server.key").verdict is Verdict.OK
    (tmp_path / "server.key").chmod(0o640)
    assert private(tmp_path / "server.key").verdict is Verdict.WARN


def test_without_certificates_there_is_no_tls(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert tls_of(settings) is None
    assert [finding.verdict for finding in encryption(settings, _bindable)] == [Verdict.OK]


def test_doctor_looks_at_each_port(tmp_path: Path) -> None:
    renew(tmp_path / "tls", ("127.0.0.1",), clock.wall())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = settings_of(tmp_path, tls_port=port, ws_port=0, wss_port=0)
        found = [finding.verdict for finding in encryption(settings, _bindable)]
    assert found == [Verdict.FAIL, *[Verdict.OK] * 4]


@pytest.mark.parametrize(
    ("origins", "origin", "welcome"),
    [
        ("", "http://127.0.0.1:8080", True),
        ("", "https://LOCALHOST", True),
        ("", "http://[::1]:3000", True),
        ("", "http://192.0.2.10", True),
        ("", "https://phone.example.com", False),
        ("https://phone.example.com/", "https://phone.example.com", True),
        ("https://phone.example.com", "https://phone-example.com", False),
        ("https://phone.example.com", "http://127.0.0.1.example.com", False),
    ],
)
def test_pages_of_this_host_and_of_named_origins_may_connect(
    origins: str, origin: str, welcome: bool
) -> None:
    pattern = allowed_origins(SipSettings(advertise="192.0.2.10", ws_origins=origins))
    assert pattern is not None
    assert bool(pattern.fullmatch(origin)) is welcome


def test_a_star_lets_every_page_connect() -> None:
    assert allowed_origins(SipSettings(ws_origins="https://a.example, *")) is None


@pytest.mark.parametrize(
    ("sip", "port", "expected"),
    [
        ({}, 5060, [("TLS", 5061)]),
        ({"port": 0}, 41000, [("TLS", 0)]),
        ({"port": 65535}, 65535, [("TLS", 0)]),
        (
            {"tls_port": 443, "ws_port": 80, "wss_port": 0},
            5060,
            [("TLS", 443), ("WS", 80), ("WSS", 0)],
        ),
    ],
)
def test_tls_stands_above_udp_unless_told_otherwise(
    sip: dict[str, int], port: int, expected: list[tuple[str, int]]
) -> None:
    found = places(SipSettings.model_validate(sip), port, certified=True)
    assert [(place.name, place.port) for place in found] == expected
    assert not any(place.name == "TLS" for place in places(SipSettings(), 5060, certified=False))


@pytest.mark.parametrize("asked", [{"tls_port": 0}, {"wss_port": 0}])
def test_a_port_that_needs_a_certificate_is_refused_without(
    tmp_path: Path, asked: dict[str, int]
) -> None:
    with pytest.raises(Refused, match="tokuban certs"):
        tls_of(settings_of(tmp_path, **asked))


def test_a_certificate_without_key_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, certificate=tmp_path / "server.pem")
    assert [finding.verdict for finding in encryption(settings, _bindable)] == [Verdict.FAIL]


def test_a_certificate_of_ones_own_is_served(tmp_path: Path, made: Renewed) -> None:
    own = {"certificate": tmp_path / "server.pem", "certificate_key": tmp_path / "server.key"}
    tls = tls_of(settings_of(tmp_path / "data", **own))
    assert tls is not None
    assert tls.server.minimum_version is ssl.TLSVersion.TLSv1_2
    own["certificate_key"] = tmp_path / "ca.key"
    with pytest.raises(Refused, match="no certificate with its key"):
        tls_of(settings_of(tmp_path / "data", **own))


class TestCommand:
    @pytest.fixture(autouse=True)
    def empty_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def run(self, *words: str) -> str:
        result = CliRunner().invoke(app, ["certs", *words])
        if isinstance(result.exception, Refused):
            raise result.exception
        assert result.exit_code == 0
        return result.output

    def test_it_says_what_it_made_and_what_to_import(self) -> None:
        said = self.run("--advertise", "192.0.2.10", "pbx.example.com", "[2001:db8::1]")
        assert "made  data/tls/ca.pem" in said
        assert "made  data/tls/server.pem" in said
        names = "192.0.2.10, pbx.example.com, 2001:db8::1, localhost, 127.0.0.1, ::1"
        assert set(said.partition("names    ")[2].partition("\n")[0].split(", ")) == set(
            names.split(", ")
        )
        assert "Import data/tls/ca.pem" in said
        again = self.run()
        assert "kept  data/tls/ca.pem" in again
        assert "kept  data/tls/server.pem" in again

    def test_an_address_that_is_every_one_is_no_name(self) -> None:
        assert "0.0.0.0" not in self.run("--host", "0.0.0.0")

    def test_what_is_no_name_is_refused(self) -> None:
        with pytest.raises(Refused, match="'not a name' is no host name or address"):
            self.run("not a name")
        assert not Path("data").exists()

    def test_a_certificate_from_elsewhere_is_left_alone(self, tmp_path: Path) -> None:
        config = tmp_path / "own.toml"
        config.write_text('[sip]\ncertificate = "a.pem"\ncertificate_key = "a.key"\n')
        with pytest.raises(Refused, match=r"sip\.certificate is set to a\.pem"):
            self.run("--config", str(config))

    def test_a_folder_that_cannot_be_had_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file")
        with pytest.raises(Refused, match="data"):
            self.run()
