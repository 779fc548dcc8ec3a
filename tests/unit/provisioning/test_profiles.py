"""Carrier profiles: the files as shipped, and mistakes in them."""

import re
from pathlib import Path
from shutil import copytree

import pytest

from provisioning.contract import Access, Condition, ForwardingRules, Profile, RingTimes
from provisioning.profiles.model import BadProfile
from provisioning.profiles.store import SHIPPED, ProfileFiles

LAB = {"000001": "echo-test", "000002": "tone-test", "000003": "keys-test"}
VOICEMAIL_CODES = {
    "1411": "voicemail-start",
    "1410": "voicemail-stop",
    "1417": "voicemail-playback",
    "1419": "voicemail-ring-time",
    "1414": "voicemail-greeting",
    "1415": "voicemail-pin",
}
OWN = {
    Profile.DOCOMO: {
        **VOICEMAIL_CODES,
        "1429": "forwarding-menu",
        "1421": "forwarding-start",
        "1420": "forwarding-stop",
    },
    Profile.NTT: {
        "135": "display-menu",
        "1351": "display-start",
        "1350": "display-stop",
        "142": "forwarding-menu",
    },
    Profile.AU: {
        "1420": "forwarding-stop",
        "1411": "voicemail-start",
        "1412": "voicemail-always",
        "1414": "voicemail-greeting",
        "1610": "voicemail-refuse-messages",
        "1611": "voicemail-take-messages",
        "1417": "voicemail-playback",
        "141": "voicemail-guide",
    },
    Profile.RAKUTEN: VOICEMAIL_CODES,
}


@pytest.mark.rule("FWD-01")
@pytest.mark.rule("SHOW-01")
@pytest.mark.rule("VM-02")
@pytest.mark.parametrize("profile", list(Profile))
def test_what_a_line_may_dial(profile: Profile) -> None:
    assert ProfileFiles.load().of(profile).services == {**OWN[profile], **LAB}


REMOTE = {"1417": "voicemail-remote"}
NUMBERED = {
    Profile.DOCOMO: REMOTE,
    Profile.RAKUTEN: REMOTE,
    Profile.NTT: {},
    Profile.AU: {
        **REMOTE,
        "1418": "voicemail-ring-time",
        "1422": "forward-no-answer",
        "1423": "forward-busy",
        "1424": "forward-always",
    },
}


@pytest.mark.rule("FWD-02")
@pytest.mark.parametrize("profile", list(Profile))
def test_which_codes_a_number_follows(profile: Profile) -> None:
    assert ProfileFiles.load().of(profile).numbered == NUMBERED[profile]


@pytest.mark.rule("VM-02")
def test_two_digits_follow_au_s_ring_time() -> None:
    assert ProfileFiles.load().of(Profile.AU).digits_behind == {"1418": 2}


ALL = (Condition.CFU, Condition.CFNRC, Condition.CFB, Condition.CFNR)
VOICEMAIL = frozenset({"voicemail"})
RULES = {
    Profile.DOCOMO: ForwardingRules(
        (Condition.CFNR,),
        unreachable_is_no_answer=True,
        start_stops=VOICEMAIL,
        destination_busy="voicemail",
    ),
    Profile.AU: ForwardingRules(
        ALL, unreachable_is_no_answer=True, start_stops=VOICEMAIL, stop_stops=VOICEMAIL
    ),
    Profile.RAKUTEN: ForwardingRules(ALL, accesses=frozenset({Access.OS}), start_stops=VOICEMAIL),
    Profile.NTT: ForwardingRules(
        (Condition.CFU, Condition.CFB, Condition.CFNR),
        one_target=True,
        unreachable_is_no_answer=True,
    ),
}


@pytest.mark.rule("FWD-04")
@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize("profile", list(Profile))
def test_what_forwarding_is_like(profile: Profile) -> None:
    assert ProfileFiles.load().of(profile).forwarding == RULES[profile]


@pytest.mark.rule("FWD-05")
@pytest.mark.parametrize(
    ("profile", "bounds"),
    [
        (Profile.DOCOMO, RingTimes(0, 120, 15)),
        (Profile.AU, RingTimes(5, 55, 24)),
        (Profile.NTT, RingTimes(5, 60, 15)),
    ],
)
def test_ring_times_are_the_carriers(profile: Profile, bounds: RingTimes) -> None:
    assert ProfileFiles.load().of(profile).ring_times == bounds


@pytest.mark.rule("LINE-01")
def test_what_a_line_may_contract() -> None:
    profiles = ProfileFiles.load()
    every = {"international-forwarding", "number-withheld", "overlap-dialling", "direct-media"}
    own = {p: profiles.of(p).options - every for p in Profile}
    assert all(profiles.of(profile).options >= every for profile in Profile)
    assert own == {
        Profile.DOCOMO: {"voicemail"},
        Profile.AU: {"voicemail"},
        Profile.NTT: {"tokutei-notify", "ngn-uni"},
        Profile.RAKUTEN: {"voicemail", "ios-handset"},
    }


@pytest.mark.rule("VM-01")
@pytest.mark.parametrize(
    ("profile", "messages", "hours"),
    [(Profile.DOCOMO, 20, 72), (Profile.RAKUTEN, 100, 168), (Profile.AU, 99, 168)],
)
def test_what_voicemail_is_like(profile: Profile, messages: int, hours: int) -> None:
    carrier = ProfileFiles.load().of(profile)
    rules = carrier.voicemail
    assert rules is not None
    assert (rules.messages, rules.longest_s, rules.keep_s) == (messages, 180, hours * 3600)
    assert rules.ring_times == carrier.ring_times
    assert rules.conditions == {Condition.CFNRC, Condition.CFB, Condition.CFNR}
    assert (Condition.CFU in rules.offered) == (profile is Profile.AU)


def test_ntt_lines_have_no_voicemail() -> None:
    assert ProfileFiles.load().of(Profile.NTT).voicemail is None


@pytest.mark.rule("LINK-02")
def test_what_link_leaves_to_the_phones_own_dialler() -> None:
    rakuten, *others = (ProfileFiles.load().of(p) for p in (Profile.RAKUTEN, Profile.DOCOMO))
    assert {"171", "188", "1417", "#7119", "#9110"} <= rakuten.link_excluded
    assert rakuten.link_excluded_prefixes == {"0180", "0570"}
    assert [each.link_excluded | each.link_excluded_prefixes for each in others] == [frozenset()]


WHOLE = "[voicemail]\nmessages = 9\nlongest_s = 9\nkeep_s = 9\n"
WRONG = {
    'options = "tokutei-notify"': "options: a list of names",
    "options = [3]": "options: a list of names",
    "not toml at all": "at line 1",
    "[services]\n14x9 = 'forwarding-menu'": "14x9: a code is digits only",
    "[services]\n1429 = 3": "1429: name the service",
    "[services]\n000001 = 'forwarding-menu'": "000001: lab.toml uses this code",
    "[services_with_number]\n1424 = ''": "services_with_number.1424: name the service",
    "[services]\n14241 = 'a'\n[services_with_number]\n1424 = 'b'": "14241 begins with it",
    "[services_with_number]\n14 = 'a'\n1424 = 'b'": "with_number.14: 1424 begins with it",
    "[forwarding]\nprecedence = ['never']": "forwarding.precedence: name each once",
    "[forwarding]\nprecedence = ['busy', 'busy']": "forwarding.precedence: name each once",
    "[forwarding]\naccesses = 'os'": "forwarding.accesses: name each once, of os, link",
    "[forwarding]\none_target = 1": "forwarding.one_target: true or false",
    "[forwarding]\nstart_stops = 'voicemail'": "forwarding.start_stops: a list is needed",
    "[forwarding]\ndestination_busy = 3": "forwarding.destination_busy: name the service",
    "[link]\nexcluded = '188'": "link.excluded: a list of keys",
    "[link]\nexcluded_prefixes = ['05x']": "link.excluded_prefixes: a list of keys",
    "[link]\nexclude = []": "link.exclude: there is no such field",
    "[voicemail]\nlongest_s = 180": "voicemail.messages: a whole number",
    "[voicemail]\nmessages = 0": "voicemail.messages: a whole number from 1 on",
    f"{WHOLE}keep_key = '1'": "voicemail: replay_key, redo_key, keep_key are three different",
    f"{WHOLE}redo_key = '12'": "voicemail.redo_key: one key",
    f"{WHOLE}silence_s = 0": "voicemail.silence_s: positive seconds",
    f"{WHOLE}deposit_is_forwarded = 1": "voicemail.deposit_is_forwarded: true or false",
    f"{WHOLE}remote_number = '1417'": "voicemail.remote_number: a full number",
    f"{WHOLE}offered = ['busy']": "voicemail.offered: it has all of conditions",
    f"{WHOLE}conditions = ['never']": "voicemail.conditions: name each once",
    f"{WHOLE}colour = 3": "voicemail.colour: there is no such field",
    "[services_with_number]\n1418 = 'a'\n[digits_behind]\n1418 = 0": "digits_behind.1418: a code",
    "[digits_behind]\n1418 = 2": "digits_behind.1418: a code of services_with_number",
    "[forwarding]\nspeed = 3": "forwarding.speed: there is no such field",
    "[ring_times]\nleast = 1\nmost = 2": "ring_times.default: a whole number",
    "[ring_times]\nleast = 9\nmost = 2\ndefault = 3": "least <= default <= most",
}


@pytest.mark.parametrize("content", WRONG)
def test_a_mistake_is_refused_with_its_place(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    copytree(SHIPPED, folder)
    times = "" if "ring_times" in content else "\n[ring_times]\nleast=0\nmost=9\ndefault=5"
    (folder / "au.toml").write_text(content + times)
    with pytest.raises(BadProfile, match=re.escape(WRONG[content])) as refused:
        ProfileFiles.load(folder)
    assert "au.toml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match=r"lab\.toml: cannot be read"):
        ProfileFiles.load(tmp_path)
