"""Settings: which source wins, and what a wrong one is told."""

from pathlib import Path
from typing import Any

import pytest

from lab import example
from lab.configuration import load
from lab.errors import Refused
from lab.settings import Settings, port_range


def write(folder: Path, text: str) -> Path:
    path = folder / "tokuban.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(
    file: Path | None = None,
    environment: dict[str, str] | None = None,
    flags: dict[str, dict[str, Any]] | None = None,
) -> str:
    with pytest.raises(Refused) as refused:
        load(file, environment or {}, flags)
    return str(refused.value)


class TestSources:
    def test_without_any_source_the_defaults_hold(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert load(None, {}) == Settings()
        assert (Settings().sip.port, Settings().http.port) == (5060, 8080)

    def test_the_working_folder_s_file_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path, "[sip]\nport = 5070\n")
        monkeypatch.chdir(tmp_path)
        assert load(None, {}).sip.port == 5070

    def test_environment_beats_file_and_flag_beats_environment(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sip]\nport = 5070\nadvertise = '192.0.2.1'\n[http]\nport = 8081\n")
        environment = {"TOKUBAN__SIP__PORT": "5071", "TOKUBAN__HTTP__PORT": "8082"}
        settings = load(file, environment, {"sip": {"port": 5072}, "http": {"port": None}})
        assert settings.sip.port == 5072
        assert settings.http.port == 8082
        assert settings.sip.advertise == "192.0.2.1"

    def test_other_variables_of_the_environment_are_nobody_s_business(self) -> None:
        assert load(None, {"PATH": "/bin", "TOKUBANX": "1"}).sip == Settings().sip


class TestRefusals:
    def test_unknown_key_names_file_line_and_the_nearest_key(self, tmp_path: Path) -> None:
        file = write(tmp_path, "# mine\n[sip]\nprot = 5070\n")
        assert refusal(file) == f"{file}:3: sip.prot: no such setting; did you mean port?"

    def test_unknown_section(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sipp]\nport = 5070\n")
        assert refusal(file) == f"{file}:1: sipp: no such section; did you mean sip?"

    def test_wrong_type(self, tmp_path: Path) -> None:
        file = write(tmp_path, '[sip]\nport = "abc"\n')
        assert refusal(file).startswith(f"{file}:2: sip.port: Input should be a valid integer")

    def test_a_section_that_is_no_table(self, tmp_path: Path) -> None:
        file = write(tmp_path, "sip = 3\n")
        assert refusal(file).startswith(f"{file}:1: sip: ")

    def test_not_toml(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sip]\nhost = 127.0.0.1\n")
        assert refusal(file).startswith(f"{file}:2: not TOML: ")

    @pytest.mark.parametrize("header", ["[sip", "[[sip", "[sip]]", "[sip.", "["])
    @pytest.mark.parametrize("after", ["", "\nport = 5070\n"])
    def test_a_broken_table_header(self, tmp_path: Path, header: str, after: str) -> None:
        file = write(tmp_path, f"# mine\n{header}{after}")
        assert refusal(file).startswith(f"{file}:2: not TOML: ")

    def test_cut_off_file(self, tmp_path: Path) -> None:
        file = write(tmp_path, '[sip]\nhost = "127')
        assert refusal(file).startswith(f"{file}:2: not TOML: ")

    def test_missing_file(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "none.toml").endswith("none.toml: no such file; check the path")

    def test_not_utf8(self, tmp_path: Path) -> None:
        file = tmp_path / "tokuban.toml"
        file.write_bytes(b"[sip]\nrealm = '\x93\xc1'\n")
        assert "not UTF-8 at byte 15" in refusal(file)

    def test_every_error_of_a_file_is_told(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sip]\nport = 70000\n[media]\nrtp_ports = '9-1'\n")
        assert [line.split(": ")[1] for line in refusal(file).splitlines()] == [
            "sip.port",
            "media.rtp_ports",
        ]

    def test_variable_and_flag_are_named(self) -> None:
        assert refusal(environment={"TOKUBAN__SIP__PORT": "x"}).startswith(
            "TOKUBAN__SIP__PORT: sip.port: "
        )
        assert refusal(flags={"sip": {"port": 70000}}).startswith("--sip-port: sip.port: ")

    def test_unknown_variable(self) -> None:
        message = refusal(environment={"TOKUBAN__SIP__ADVERTIZE": "192.0.2.1"})
        assert message.endswith("no such setting; did you mean advertise?")
        assert "did you mean SIP?" in refusal(environment={"TOKUBAN__SIPP__PORT": "1"})
        assert "names a section" in refusal(environment={"TOKUBAN__SIP": "1"})

    def test_an_unknown_section_hides_no_other_error(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sipp]\nport = 1\n[sip]\nport = 70000\n[http]\nprot = 1\n")
        told = refusal(file, {"TOKUBAN__SIPP__PORT": "1", "TOKUBAN__LOG__LEVEL": "loud"})
        assert {line.split(": ")[0] for line in told.splitlines()} == {
            "TOKUBAN__LOG__LEVEL",
            "TOKUBAN__SIPP__PORT",
            f"{file}:1",
            f"{file}:4",
            f"{file}:6",
        }

    @pytest.mark.parametrize(
        ("written", "told"),
        [
            (
                "t1_ms = 5000",
                "2: sip.t1_ms: must not be more than t2_ms, which is the default 4000 (it is 5000)",
            ),
            (
                "\nt2_ms = 400",
                "3: sip.t2_ms: must not be less than t1_ms, which is the default 500 (it is 400)",
            ),
            (
                "t2_ms = 400\nt1_ms = 450",
                "3: sip.t1_ms: must not be more than t2_ms, which is 400 (it is 450)",
            ),
            (
                "registration_max_s = 60",
                "2: sip.registration_max_s: must not be less than "
                "registration_default_s, which is the default 3600 (it is 60)",
            ),
            (
                "registration_min_s = 7000",
                "2: sip.registration_min_s: must not be more than "
                "registration_default_s, which is the default 3600 (it is 7000)",
            ),
            (
                "min_session_expires_s = 1801",
                "2: sip.min_session_expires_s: must not be more than "
                "session_expires_s, which is the default 1800 (it is 1801)",
            ),
        ],
    )
    def test_of_two_settings_that_do_not_fit_the_written_one_is_named(
        self, tmp_path: Path, written: str, told: str
    ) -> None:
        file = write(tmp_path, f"[sip]\n{written}\n")
        assert refusal(file) == f"{file}:{told}"

    def test_it_is_named_by_its_variable_too(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sip]\nt2_ms = 400\n")
        assert refusal(file, {"TOKUBAN__SIP__T1_MS": "450"}).startswith(
            "TOKUBAN__SIP__T1_MS: sip.t1_ms: must not be more than t2_ms, which is 400"
        )

    @pytest.mark.parametrize("written", ['port = "x"', "port = 70000"])
    def test_a_wrong_value_is_refused_even_where_a_flag_replaces_it(
        self, tmp_path: Path, written: str
    ) -> None:
        file = write(tmp_path, f"[sip]\n{written}\n")
        for environment, flags in (
            ({}, {"sip": {"port": 5070}}),
            ({"TOKUBAN__SIP__PORT": "5070"}, {}),
        ):
            assert refusal(file, environment, flags).startswith(f"{file}:2: sip.port: ")

    @pytest.mark.parametrize(
        "written", ["[sip]\nport = true", "[sip]\nport = false", "[ivr]\nring_s = true"]
    )
    def test_a_truth_is_no_number(self, tmp_path: Path, written: str) -> None:
        assert "is neither true nor false" in refusal(write(tmp_path, f"{written}\n"))

    def test_a_wrong_variable_is_refused_even_where_a_flag_replaces_it(self) -> None:
        told = refusal(None, {"TOKUBAN__SIP__PORT": "x"}, {"sip": {"port": 5070}})
        assert told.startswith("TOKUBAN__SIP__PORT: sip.port: ")
        assert len(told.splitlines()) == 1

    def test_a_section_that_is_no_table_is_refused_even_beside_a_flag(self, tmp_path: Path) -> None:
        file = write(tmp_path, "sip = 3\n")
        assert refusal(file, {}, {"sip": {"port": 5070}}).startswith(f"{file}:1: sip: ")

    def test_values_need_to_fit_those_in_force_alone(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[sip]\nt1_ms = 5000\n")
        assert load(file, {}, {"sip": {"t2_ms": 8000}}).sip.t1_ms == 5000
        assert load(file, {"TOKUBAN__SIP__T1_MS": "400"}).sip.t1_ms == 400

    def test_a_secret_is_never_repeated(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[storage]\nurl = 'mysql://me:marker-secret@host/db'\n")
        assert "marker-secret" not in refusal(file)
        assert "storage.url" in refusal(file)


class TestValues:
    @pytest.mark.parametrize("text", ["0.0.0.0", "::", "not an address", "a b", "a..b", "a" * 64])
    def test_an_address_no_phone_reaches_is_not_advertised(self, text: str) -> None:
        assert "sip.advertise" in refusal(flags={"sip": {"advertise": text}})

    @pytest.mark.parametrize("text", ["192.0.2.7", "2001:db8::1", "[2001:db8::1]", "pbx.example"])
    def test_addresses_and_names_are(self, text: str) -> None:
        settings = load(None, {}, {"sip": {"advertise": text}})
        assert settings.sip.public_host == text.strip("[]")

    @pytest.mark.parametrize("text", ["", "20000", "a-b", "5-2", "80-90", "20001-20002", "1-70000"])
    def test_port_ranges_without_a_pair_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"must|LOW"):
            port_range(text)

    def test_port_range(self) -> None:
        assert port_range(" 20000 - 20001 ") == (20000, 20001)

    def test_loopback(self) -> None:
        assert load(None, {}, {"sip": {"host": "::1"}}).loopback_only
        assert not load(None, {}, {"http": {"host": "0.0.0.0"}}).loopback_only

    def test_secrets_do_not_show(self) -> None:
        settings = load(None, {"TOKUBAN__HTTP__TOKEN": "marker-secret"})
        assert "marker-secret" not in repr(settings)


class TestExample:
    def test_the_packaged_example_is_what_the_settings_say(self) -> None:
        assert example.EXAMPLE_FILE.read_text(encoding="utf-8") == example.text()

    def test_every_line_of_it_is_accepted_and_changes_nothing_but_the_examples(
        self, tmp_path: Path
    ) -> None:
        uncommented = "\n".join(
            line.removeprefix("# ") if " = " in line else line
            for line in example.text().splitlines()
            if not line.startswith("# The environment")
        )
        loaded, default = load(write(tmp_path, uncommented), {}), Settings()
        changed = {
            f"{section}.{key}"
            for section, model in example.sections()
            for key in model.model_fields
            if getattr(getattr(loaded, section), key) != getattr(getattr(default, section), key)
        }
        assert changed == {
            "sip.advertise", "http.token", "storage.url", "storage.key", "seed.file", "lab.token",
            "portal.url", "mail.server", "mail.ca_file", "mail.catcher_port", "sip.tls_port",
            "sip.certificate", "sip.certificate_key", "sip.ws_port", "sip.wss_port",
            "billing.tariffs",
        }  # fmt: skip

    def test_every_setting_says_what_it_does(self) -> None:
        silent = [
            f"{section}.{key}"
            for section, model in example.sections()
            for key, field in model.model_fields.items()
            if not field.description
        ]
        assert silent == []
