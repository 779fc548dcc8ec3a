"""Seed files: the demo, and what a wrong file is told."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lab import seed_model, seeds
from lab.errors import Refused
from lab.office_part import OfficePart
from lab.settings import Settings, StorageSettings
from provisioning.contract import E164, Access, ContractKind, Diversion, Profile
from tests.support.diversions import unanswered

GOOD = """\
lines:
  - number: 03-1234-5678
    profile: ntt
    ma: 東京
    prefecture: 東京都
    accounts:
      - user: 0312345678
        password: marker-secret
"""

WHOLE = (
    GOOD
    + """\
customers:
  - id: C00000007
    kind: consumer
    name: 山田太郎
    postal_code: 1000001
    address: 東京都千代田区千代田1-1
    phone: 0312345678
    mail: taro@tokuban.example
    contracts:
      - id: K00000009
        plan: business
        profile: ntt
        ma: 大阪
        prefecture: 大阪府
        number_cap: 3
        selfcare: {id: taro.yamada, password: marker-login-secret}
blocks:
  - {first: 05000000000, last: "05000000009"}
"""
)


def write(folder: Path, text: str) -> Path:
    path = folder / "seed.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(Refused) as refused:
        seeds.load(path)
    return str(refused.value).replace(str(path), "seed.yaml")


@pytest.mark.rule("LINE-01")
def test_the_demo_has_a_line_of_each_carrier() -> None:
    lines = {seeds.national(seeded.line.number): seeded for seeded in seeds.demo().lines}
    assert {number: seeded.line.profile for number, seeded in lines.items()} == {
        "09000000001": Profile.DOCOMO,
        "09000000002": Profile.RAKUTEN,
        "0300000003": Profile.NTT,
        "09000000004": Profile.AU,
    }
    passwords = {a.user: a.password for each in lines.values() for a in each.accounts}
    assert passwords == {
        "09000000001": "demo0001",
        "09000000002": "demo0002",
        "09000000002-link": "demo0002",
        "0300000003": "demo0003",
        "09000000004": "demo0004",
    }


@pytest.mark.rule("LINE-01")
def test_the_demo_rakuten_line_has_a_phone_and_an_app() -> None:
    rakuten = next(s for s in seeds.demo().lines if s.line.profile is Profile.RAKUTEN)
    assert {account.user: account.access for account in rakuten.accounts} == {
        "09000000002": Access.OS,
        "09000000002-link": Access.LINK,
    }


@pytest.mark.rule("SHOW-01")
def test_the_demo_ntt_line_may_show_its_freephone_number() -> None:
    ntt = next(s.line for s in seeds.demo().lines if s.line.profile is Profile.NTT)
    assert ntt.freephone == "+81120000003"
    assert "tokutei-notify" in ntt.options
    assert ntt.kind is ContractKind.CORPORATE


@pytest.mark.rule("LAB-03")
async def test_the_demo_s_public_passwords_end_with_the_demo(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(folder=tmp_path / "data"))
    known: list[set[str]] = []
    for lines in (seeds.demo(), seeds.load(write(tmp_path, GOOD))):
        part = OfficePart(settings, lines)
        await part.start()
        known.append(set(part.office.directory.users()))
        await part.stop(0)
    assert "09000000001" in known[0]
    assert known[1] == {"0312345678"}


def test_hyphens_are_read_away(tmp_path: Path) -> None:
    (seeded,) = seeds.load(write(tmp_path, GOOD)).lines
    assert seeded.line.number == "+81312345678"


def test_options_and_their_number(tmp_path: Path) -> None:
    contracts = (
        "options: [international-forwarding, tokutei-notify]\n    freephone: 0120123456\n    "
    )
    text = GOOD.replace("ma: ", contracts + "shows_freephone: yes\n    ma: ")
    (seeded,) = seeds.load(write(tmp_path, text)).lines
    assert seeded.line.options == {"international-forwarding", "tokutei-notify"}
    assert {type(option) for option in seeded.line.options} == {str}
    assert seeded.line.freephone == "+81120123456"
    assert seeded.shows_freephone


@pytest.mark.rule("LAB-03")
def test_customers_contracts_and_blocks(tmp_path: Path) -> None:
    seed = seeds.load(write(tmp_path, WHOLE))
    (customer,), (block,) = seed.customers, seed.blocks
    assert (customer.id, customer.postal_code, customer.phone) == (
        "C00000007",
        "100-0001",
        "0312345678",
    )
    (contract,) = customer.contracts
    assert (contract.id, contract.plan, contract.number_cap) == ("K00000009", "business", 3)
    assert contract.login is not None
    assert (contract.login.id, contract.login.password) == ("taro.yamada", "marker-login-secret")
    assert (block.first, block.last) == ("+815000000000", "+815000000009")


def test_a_line_may_come_with_its_forwarding(tmp_path: Path) -> None:
    forwarding = "    forwarding: {no_answer: {to: 090-1234-5678, active: true}, ring_time_s: 20}\n"
    (seeded,) = seeds.load(write(tmp_path, GOOD + forwarding)).lines
    there = E164("+819012345678")
    aimed = Diversion(False, there)
    assert seeded.diversions == replace(unanswered(True, there, 20), always=aimed, busy=aimed)


def test_no_password_in_a_representation(tmp_path: Path) -> None:
    assert "secret" not in repr(seeds.load(write(tmp_path, WHOLE)))


class TestYamlTraps:
    """What YAML would make of a text that looks like something else."""

    def password(self, folder: Path, written: str) -> str:
        text = GOOD.replace("marker-secret", written)
        return seeds.load(write(folder, text)).lines[0].accounts[0].password

    @pytest.mark.parametrize(
        "number", ["0300000003", '"0300000003"', "'0300000003'", "03-0000-0003"]
    )
    def test_a_number_is_no_octal_number(self, tmp_path: Path, number: str) -> None:
        text = GOOD.replace("03-1234-5678", number).replace("user: 0312345678", f"user: {number}")
        (seeded,) = seeds.load(write(tmp_path, text)).lines
        assert seeded.line.number == "+81300000003"
        assert seeded.accounts[0].user == number.strip("\"'")

    @pytest.mark.parametrize(
        "written", ["true", "0x1234", "1_000", "12:30:45", "2026-07-25", "1e10", "0777", "null1"]
    )
    def test_a_password_is_the_text_that_was_written(self, tmp_path: Path, written: str) -> None:
        assert self.password(tmp_path, written) == written
        assert self.password(tmp_path, f'"{written}"') == written

    def test_no_is_a_word_where_text_is_meant(self, tmp_path: Path) -> None:
        seed = seeds.load(write(tmp_path, WHOLE.replace("山田太郎", "no")))
        assert seed.customers[0].name == "no"

    def test_a_value_eaten_by_a_comment_is_told(self, tmp_path: Path) -> None:
        message = refusal(tmp_path, GOOD.replace("marker-secret", "#secret"))
        assert message == (
            "seed.yaml:8:9: line 1, account 1, password: has no value; text that begins with # "
            "stands in quotes"
        )

    def test_a_key_that_stands_twice_is_refused(self, tmp_path: Path) -> None:
        message = refusal(tmp_path, GOOD + "        password: another\n")
        assert message == "seed.yaml:9:9: password stands twice; it stands first in line 8"

    def test_a_tab_is_named(self, tmp_path: Path) -> None:
        message = refusal(tmp_path, GOOD.replace("    profile", "\tprofile"))
        assert message.startswith("seed.yaml:3:1: not YAML: ")
        assert message.endswith("; indent with blanks, not tabs")

    def test_the_old_table_heads_are_no_yaml(self, tmp_path: Path) -> None:
        assert "seed.yaml:2" in refusal(tmp_path, '[[line]]\nnumber = "0312345678"\n')

    def test_aliases_do_not_multiply_without_end(self, tmp_path: Path) -> None:
        rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
        assert "too many aliases" in refusal(tmp_path, "\n".join(rows))

    def test_an_alias_of_itself_is_refused(self, tmp_path: Path) -> None:
        assert "nested too deep" in refusal(tmp_path, "lines: &a [*a]\n")

    def test_depth_has_an_end(self, tmp_path: Path) -> None:
        assert "nested too deep" in refusal(tmp_path, "[" * 20_000)

    @pytest.mark.parametrize(
        "text",
        ["a: b: c", "%x", "\0", "a: !!python/object:os.system x", "--- a\n--- b\n", "? [a]\n: b"],
    )
    def test_what_is_no_seed_is_told_in_one_line(self, tmp_path: Path, text: str) -> None:
        message = refusal(tmp_path, text)
        assert message.startswith("seed.yaml:")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "profile: ntt",
            "profile: docom",
            "seed.yaml:3:14: line 1, profile: 'docom' is unknown; did you mean docomo?",
        ),
        (
            "profile: ntt",
            "profil: ntt",
            "seed.yaml:3:5: line 1, profil: no such field; did you mean profile?",
        ),
        (
            "03-1234-5678",
            "117",
            "seed.yaml:2:13: line 1, number: must be a Japanese number of 9 to 11 digits such as "
            "0312345678 (it is '117')",
        ),
        (
            "user: 0312345678",
            "user: a b",
            "seed.yaml:7:15: line 1, account 1, user: must be a SIP user part without escapes "
            "(RFC 3261 §25.1) (it is 'a b')",
        ),
        (
            "prefecture: 東京都",
            "freephone: 0312345678",
            "seed.yaml:5:16: line 1, freephone: must be a freephone number: 0120 and 6 digits or "
            "0800 and 7 digits (it is '0312345678')",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    options: [tokutei-notfy]",
            "seed.yaml:6:15: line 1, option 1: 'tokutei-notfy' is unknown; did you mean "
            "tokutei-notify?",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    freephone: 0120123456",
            "seed.yaml:6:16: line 1, freephone: add options: [tokutei-notify], which contracts "
            "showing it",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    options: [international-forwarding, tokutei-notify]",
            "seed.yaml:6:14: line 1, options: tokutei-notify needs the number to show; add "
            'freephone: "0120…"',
        ),
        (
            "accounts:",
            "acounts:",
            "seed.yaml:6:5: line 1, acounts: no such field; did you mean accounts?",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    forwarding: {busy: {to: 110}}",
            "seed.yaml:6:29: line 1, forwarding, busy, to: must be a Japanese number of 9 to 11 "
            "digits such as 0312345678 (it is '110')",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    forwarding: {busy: {to: 0312345678}}",
            "seed.yaml:6:29: line 1, forwarding, busy, to: a line cannot forward to itself",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    forwarding: {unreachable: {to: 0612345678}}",
            "seed.yaml:6:17: line 1, forwarding: the line is not forwarded on unreachable, but on: "
            "always, busy, no_answer",
        ),
        (
            "prefecture: 東京都",
            "prefecture: 東京都\n    forwarding: {busy: {to: 0612345678, activ: true}}",
            "seed.yaml:6:41: line 1, forwarding, busy, activ: no such field; did you mean active?",
        ),
        (
            "plan: business",
            "plan: standart",
            "seed.yaml:19:15: customer 1, contract 1, plan: 'standart' is unknown; did you mean "
            "standard?",
        ),
        (
            "1000001",
            "1000",
            "seed.yaml:13:18: customer 1, postal_code: must be seven digits, as 100-0001",
        ),
        (
            "taro@tokuban.example",
            "taro@localhost",
            "seed.yaml:16:11: customer 1, mail: must be one mail address, as name@example.jp",
        ),
        (
            "number_cap: 3",
            "number_cap: many",
            "seed.yaml:23:21: customer 1, contract 1, number_cap: Input should be a valid "
            "integer, unable to parse string as an integer (it is 'many')",
        ),
        (
            "marker-login-secret",
            "1234567890",
            "seed.yaml:24:47: customer 1, contract 1, selfcare, password: this password is "
            "guessed first: choose another",
        ),
        (
            '"05000000009"',
            "05000999999",
            "seed.yaml:26:5: block 1: a block has 1 to 100000 numbers, first before last; this "
            "one has 1000000",
        ),
        (
            "customers:\n",
            "customers:\n  - some text\n",
            "seed.yaml:10:5: customer 1: must be fields, each as name: value (it is 'some text')",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, WHOLE.replace(old, new)).splitlines()


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace("    profile: ntt\n", ""))
    assert message == "seed.yaml:2:5: line 1, profile: missing; every line has one"


def test_a_number_stands_once(tmp_path: Path) -> None:
    again = GOOD.replace("lines:\n", "").replace("user: 0312345678", "user: other")
    message = refusal(tmp_path, GOOD + again)
    assert message == "seed.yaml:9:13: line 2, number: number 0312345678 stands twice"


def test_a_user_stands_once(tmp_path: Path) -> None:
    again = GOOD.replace("lines:\n", "").replace("03-1234-5678", "0312345679")
    message = refusal(tmp_path, GOOD + again)
    assert message == "seed.yaml:14:15: line 2, account 1, user: user 0312345678 stands twice"


def test_a_bad_password_is_not_repeated(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace("marker-secret", "abc"))
    assert message.startswith("seed.yaml:8:19: line 1, account 1, password: ")
    assert "abc" not in message


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_says_so(tmp_path: Path, text: str) -> None:
    assert "the file is empty" in refusal(tmp_path, text)


class TestSchema:
    """The published schema and the file say the same."""

    def test_it_is_a_schema_and_the_demo_obeys_it(self) -> None:
        schema = seed_model.schema()
        Draft202012Validator.check_schema(schema)
        demo = yaml.safe_load(seeds.DEMO_FILE.read_text("utf-8"))
        assert list(Draft202012Validator(schema).iter_errors(demo)) == []

    def test_every_field_is_described(self) -> None:
        schema = seed_model.schema()
        for table in (schema, *schema["$defs"].values()):
            for name, field in table.get("properties", {}).items():
                assert field.get("description"), f"{table['title']}.{name}"

    @pytest.mark.parametrize(
        ("old", "new"), [("profile: ntt", "profile: docom"), ("plan: business", "plan: gold")]
    )
    def test_it_refuses_what_the_reader_refuses(self, old: str, new: str) -> None:
        validator = Draft202012Validator(seed_model.schema())
        assert validator.is_valid(yaml.safe_load(WHOLE.replace("1000001", "100-0001")))
        assert not validator.is_valid(yaml.safe_load(WHOLE.replace(old, new)))
