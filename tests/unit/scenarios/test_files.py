"""Scenario files: what they mean, and what is said of each thing that is wrong in one."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lab.errors import Refused
from lab.scenarios import files, schema
from lab.scenarios.model import Act, Ask, Charge, Role, Say, Signal, Talk, Tone, Verb, Voice
from prompts.catalogue import Prompt
from provisioning.contract import Access, Profile

GOOD = """\
scenario: A call
rules: [CALL-01]
phones:
  caller: docomo voicemail
  friend: rakuten link
steps:
  - caller dials: <friend>
  - friend rings
  - friend is shown: <caller>
  - friend answers
  - caller and friend talk
  - caller hears: friend
  - caller hears: 400 Hz
  - caller hears: busy tone
  - caller hears: forwarding.on <friend> 15
  - caller hears the beginning of: goodbye
  - caller keys: "*#1"
  - caller speaks for: 3 s
  - caller is refused: 404
  - caller is charged: {cause: dialler, yen: 20, each_s: 30}
  - PUT /v1/x/<caller>: {active: true, seconds: 15, text: "15", number: 0300000003, many: [1]}
"""
FIVE_MORE = "".join(f"  {name}: au\n" for name in ("a", "b", "c", "d", "e"))


def parse(text: str) -> Any:
    return files.parse(Path("a.yaml"), text)


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        parse(text)
    return str(refused.value)


def test_every_kind_of_step_is_read() -> None:
    scenario = parse(GOOD)
    assert scenario.roles == {
        "caller": Role("caller", Profile.DOCOMO, frozenset({"voicemail"})),
        "friend": Role("friend", Profile.RAKUTEN, frozenset(), Access.LINK),
    }
    body = {"active": True, "seconds": 15, "text": "15", "number": "0300000003", "many": [1]}
    assert [step.means for step in scenario.steps] == [
        Act("caller", Verb.DIALS, "<friend>"),
        Act("friend", Verb.RINGS),
        Act("friend", Verb.IS_SHOWN, "<caller>"),
        Act("friend", Verb.ANSWERS),
        Talk("caller", "friend"),
        Act("caller", Verb.HEARS, Voice("friend")),
        Act("caller", Verb.HEARS, Tone(400)),
        Act("caller", Verb.HEARS, Signal.BUSY),
        Act("caller", Verb.HEARS, Say(Prompt.FORWARDING_ON, ("<friend>", "15"))),
        Act("caller", Verb.HEARS_BEGINNING, Say(Prompt.GOODBYE)),
        Act("caller", Verb.KEYS, "*#1"),
        Act("caller", Verb.SPEAKS, 3),
        Act("caller", Verb.IS_REFUSED, 404),
        Act("caller", Verb.IS_CHARGED, Charge("dialler", 20, 30)),
        Ask("PUT", "/v1/x/<caller>", body),
    ]
    assert (scenario.steps[0].place, scenario.steps[0].text) == (
        "a.yaml:7:5",
        "caller dials: <friend>",
    )


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("friend answers", "friend answer", "a.yaml:10:5: step 4: 'answer' is no verb; did you"),
        (
            "caller dials:",
            "callr dials:",
            "7:5: step 1: 'callr' is none of the phones; did you",
        ),
        ("friend rings", "friend rings: 3", "8:5: step 2: 'rings' takes no value; write `- friend"),
        ("caller keys: ", "caller keys: 12a", "step 11: '12a\"*#1\"' are no keys"),
        (
            "forwarding.on",
            "forwarding.onn",
            "'forwarding.onn' is no prompt, tone or phone; did",
        ),
        ("<friend> 15", "<friend>", "forwarding.on says <target> <ring_time>; 1 values are given"),
        ("<friend> 15", "<friend> x", "'x' is no ring_time (seconds)"),
        ("3 s", "three", "'three' is no time to speak, as 3 s"),
        ("404", "200", "'200' is no final refusal, as 404"),
        ("dialler", "dialer", "'dialer' is no cause of a charge; did you mean dialler?"),
        ("yen: 20, ", "", "wants {cause: playback, yen: 20, each_s: 30}"),
        ("PUT /", "PUT ", "'v1/x/<caller>' is no path; it begins with a slash"),
        ("<caller>:", "<calller>:", "'calller' is none of the phones; did you mean caller?"),
        ("<friend>\n  - friend rings", "<friend.e165>\n  - friend rings", "is no form; did you"),
        ("caller and friend", "caller and nobody", "'nobody' is none of the phones"),
        ("docomo", "docom", "a.yaml:4:11: phones, caller: 'docom' is no profile; did you mean"),
        ("voicemail", "voicemal", "'voicemal' is no option; did you mean voicemail?"),
        ("rules:", "ruls:", "a.yaml:2:1: ruls: no such field; did you mean rules?"),
        ("CALL-01", "CALL", "rules: 'CALL' is no rule's id, as FWD-01"),
        ("scenario: A call", "language: fr\nscenario: A call", "language: 'fr' is unknown"),
        ("scenario: A call\n", "", "scenario: missing; every scenario has one"),
        ("  friend:", "  Friend:", "phones: 'Friend' is no name; small letters are"),
        ("phones:\n", f"phones:\n{FIVE_MORE}", "3:1: phones: 7 are too many; at most 6"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_write(
    good: str, bad: str, said: str
) -> None:
    assert good in GOOD
    assert said in refusal(GOOD.replace(good, bad, 1))


@pytest.mark.parametrize("text", ["", "- a", "scenario: x\nphones: {a: docomo}\nsteps: 3\n"])
def test_what_is_no_scenario_is_refused(text: str) -> None:
    assert refusal(text).startswith("a.yaml")


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(GOOD.replace("friend answers", "friend sings").replace("404", "12"))
    other.write_text("scenario: x\n")
    with pytest.raises(Refused) as refused:
        files.chosen([tmp_path])
    names = [Path(line.split(":")[0]).name for line in str(refused.value).splitlines()]
    assert names == ["one.yaml", "one.yaml", "other.yaml", "other.yaml"]


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no scenario \(\*\.yaml\) lies there"):
        files.chosen([tmp_path])


def test_the_suite_is_read_and_fits_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.document())
    scenarios = files.chosen([])
    assert {scenario.name for scenario in scenarios} >= {
        *("register", "forwarding", "number-display"),
        *("voicemail", "freephone-off-hours", "refused-numbers"),
    }
    for scenario in scenarios:
        jsonschema.validate(yaml.safe_load(scenario.path.read_text("utf-8")), schema.document())


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    published = json.loads(schema.text())
    jsonschema.validate(yaml.safe_load(GOOD), published)
    for good, bad in (("friend answers", "friend answer"), ("docomo", "docom"), ("rules", "ruls")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(GOOD.replace(good, bad, 1)), published)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their failures would be kept in one folder."""
    (tmp_path / "other").mkdir()
    paths = [tmp_path / "call.yaml", tmp_path / "other" / "call.yml"]
    for path in paths:
        path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(Refused, match=r"call\.yml: has the name of .*call\.yaml; rename one"):
        files.chosen(paths)
    assert [scenario.name for scenario in files.chosen(paths[:1])] == ["call"]
