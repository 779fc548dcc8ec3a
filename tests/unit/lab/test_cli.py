"""The command line: statuses, refusals and what is printed."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from lab import banner, seeds
from lab.bootstrap import logins_of, phones_of
from lab.calling import server_address
from lab.cli import app, clock, main
from lab.errors import Refused
from lab.safety import refuse_unsafe
from lab.settings import HttpSettings, SeedSettings, Settings
from lab.sip_settings import SipSettings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tokuban.toml of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, Refused):
        raise result.exception
    return result.exit_code, result.output


class TestRefusals:
    def test_a_refusal_ends_with_status_2_and_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["tokuban", "up", "--host", "10.1.1"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith("tokuban: --host: sip.host: must be an IP")

    @pytest.mark.rule("LAB-01")
    def test_the_demo_is_refused_where_others_reach_it(self) -> None:
        for settings in (
            Settings(sip=SipSettings(host="192.0.2.1")),
            Settings(http=HttpSettings(host="192.0.2.1")),
            Settings(sip=SipSettings(host="0.0.0.0", advertise="192.0.2.1")),
        ):
            with pytest.raises(Refused, match="--demo"):
                refuse_unsafe(settings)

    @pytest.mark.rule("LAB-01")
    def test_unless_it_is_wanted_or_other_lines_are_brought(self) -> None:
        sip = SipSettings(host="192.0.2.1")
        refuse_unsafe(Settings(sip=sip, seed=SeedSettings(demo=True)))
        refuse_unsafe(Settings(sip=sip, seed=SeedSettings(file=Path("seed.yaml"))))
        refuse_unsafe(Settings(sip=SipSettings(host="::1")))

    def test_every_address_needs_one_to_tell(self) -> None:
        with pytest.raises(Refused, match="--advertise"):
            refuse_unsafe(Settings(sip=SipSettings(host="0.0.0.0")))

    def test_one_port_is_not_for_two(self) -> None:
        for http in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(Refused, match=r"both 5070.*--sip-port.*--http-port"):
                refuse_unsafe(
                    Settings(
                        sip=SipSettings(port=5070),
                        http=HttpSettings(host=http, port=5070),
                        seed=SeedSettings(demo=True),
                    )
                )
        refuse_unsafe(Settings(sip=SipSettings(port=0), http=HttpSettings(port=0)))
        refuse_unsafe(
            Settings(sip=SipSettings(port=5070), http=HttpSettings(host="127.0.0.2", port=5070))
        )

    def test_doctor_refuses_what_up_refuses(self, tmp_path: Path) -> None:
        free = ("--sip-port", "0", "--http-port", "0", "--data", str(tmp_path / "data"))
        public = ("doctor", "--host", "0.0.0.0", "--advertise", "127.0.0.1", *free)
        status, told = run(*public)
        assert status == 1
        assert "fail the demo lines have public passwords" in told
        assert "bring your own lines with --seed FILE, or allow them with --demo" in told
        assert "public passwords and" not in run(*public, "--demo")[1]
        (tmp_path / "seed.yaml").write_text("lines:\n- {}\n", "ascii")
        status, told = run("doctor", *free, "--seed", "seed.yaml")
        assert status == 1
        assert "fail seed: seed.yaml:2:3: line 1, number: missing" in told

    def test_call_refuses_keys_users_and_servers_before_it_dials(self) -> None:
        with pytest.raises(Refused, match="no demo user"):
            run("call", "0399999999", "1429")
        with pytest.raises(Refused, match="is no key"):
            run("call", "09000000001", "1429", "--keys", "x")
        with pytest.raises(Refused, match="no port"):
            run("call", "09000000001", "1429", "--server", "127.0.0.1:sip")

    def test_no_carrier_no_trace(self) -> None:
        with pytest.raises(Refused, match="tokuban up"):
            run("trace", "--url", "http://127.0.0.1:9")

    def test_an_unknown_language(self) -> None:
        with pytest.raises(Refused, match="known: "):
            run("prompts", "list", "--language", "fr")


class TestAnswers:
    def test_version(self) -> None:
        status, text = run("version")
        assert status == 0
        assert text.startswith("tokuban 0.")

    def test_prompts_list_has_every_sentence(self) -> None:
        status, text = run("prompts", "list", "--language", "ja")
        assert status == 0
        assert "forwarding.menu" in text
        assert "転送でんわ" in text

    def test_help_names_every_command(self) -> None:
        _, text = run("--help")
        for command in ("up", "call", "trace", "clock", "prompts", "doctor", "version"):
            assert f"\n  {command}" in text

    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("127.0.0.1", ("127.0.0.1", 5060)),
            ("127.0.0.1:5070", ("127.0.0.1", 5070)),
            ("[::1]:5070", ("::1", 5070)),
            ("[::1]", ("::1", 5060)),
            ("::1", ("::1", 5060)),
        ],
    )
    def test_servers(self, text: str, address: tuple[str, int]) -> None:
        assert server_address(text) == address

    @pytest.mark.parametrize("text", ["bogus..x", "a" * 64 + ".example"])
    def test_what_is_no_server(self, text: str) -> None:
        with pytest.raises(Refused, match=r"127\.0\.0\.1:5060"):
            server_address(text)


class TestClockWords:
    def test_spans(self) -> None:
        assert [clock.parse_span(text) for text in ("90s", "15m", "72h", "1d12h")] == [
            90,
            900,
            259_200,
            129_600,
        ]

    @pytest.mark.parametrize("text", ["", "5", "h", "5x", "1d 2h", "-5s"])
    def test_what_is_no_span(self, text: str) -> None:
        with pytest.raises(Refused, match="90s"):
            clock.parse_span(text)

    def test_an_instant_without_a_zone_is_japan_s(self) -> None:
        assert clock.parse_instant("2026-07-25T09:00").isoformat() == "2026-07-25T09:00:00+09:00"
        assert clock.parse_instant("2026-07-25T09:00+00:00").hour == 9
        with pytest.raises(Refused, match="no date"):
            clock.parse_instant("tomorrow")


@pytest.mark.rule("LAB-01")
class TestBanner:
    def shown(self, settings: Settings) -> str:
        console = Console(width=80, record=True, file=None, quiet=False)
        standing = banner.Standing(
            "127.0.0.1:5060",
            "http://127.0.0.1:8080",
            "20000-29999",
            "SQLite in data/",
            "http://127.0.0.1:8080/portal/",
            "http://127.0.0.1:8080/lab/mail/page",
            "data/lab.token",
        )
        demo = seeds.demo()
        with console.capture() as captured:
            banner.show(console, standing, phones_of(settings, demo), logins_of(settings, demo))
        return captured.get()

    def test_it_fits_80_columns_and_says_what_to_dial(self) -> None:
        text = self.shown(Settings())
        assert max(cell_len(line) for line in text.splitlines()) <= 80
        for word in ("demo0001", "09000000002-link", "1429", "1351 / 1350", "000001"):
            assert word in text

    def test_passwords_of_a_seed_file_stay_untold(self) -> None:
        text = self.shown(Settings(seed=SeedSettings(file=Path("seed.yaml"))))
        assert "demo0001" not in text
        assert "demo-selfcare" in text

    def test_it_shows_the_portal_its_login_and_where_codes_arrive(self) -> None:
        text = self.shown(Settings())
        for word in ("/portal/", "demo-selfcare", "selfcare-demo0001", "/lab/mail/page"):
            assert word in text
        assert "data/lab.token" in text
