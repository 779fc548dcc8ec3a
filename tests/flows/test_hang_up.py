"""A caller may hang up at any moment: nothing unconfirmed changes, nothing is half-set."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.catalogue import Prompt
from provisioning.contract import E164, Diversions, Line
from tests.support import voicemail_calls as voicemail
from tests.support.diversions import unanswered
from tests.support.scripted_call import AU, DOCOMO, NTT, OWNER, PROMPT_S, Heard, Network, said

OLD, NEW = E164("+819011112222"), E164("+81312345678")
BEFORE = unanswered(active=False, target=OLD)
WAY = "3,0312345678#,#,1,5,30#,2"
KEYS_UNTIL = {"aimed": 13, "started": 14, "rung": 18, "stopped": 19}
"""After how many keys each change is asked for."""


def forwarding_call(
    *, at_event: int | None = None, after_s: float | None = None
) -> tuple[Heard, Diversions]:
    net = Network()
    net.forwarding.rows[DOCOMO.number] = BEFORE
    heard = net.dial(DOCOMO, "1429", WAY, hang_up_at_event=at_event, hang_up_after_s=after_s)
    return heard, net.forwarding.rows[DOCOMO.number]


def keys_taken(heard: Heard) -> int:
    return sum(event == "key.received" for event, _ in heard.events)


def allowed(keys: int) -> set[Diversions]:
    """What may stand in the store once so many keys were taken.

    At the key itself the flow may or may not have come to ask for the change.
    """
    course = [
        (0, BEFORE),
        (KEYS_UNTIL["aimed"], unanswered(False, NEW)),
        (KEYS_UNTIL["started"], unanswered(True, NEW)),
        (KEYS_UNTIL["rung"], unanswered(True, NEW, 30)),
        (KEYS_UNTIL["stopped"], unanswered(False, NEW, 30)),
    ]
    reached = [state for needed, state in course if keys >= needed]
    just_asked = keys in KEYS_UNTIL.values()
    return set(reached[-2:] if just_asked else reached[-1:])


WHOLE, AT_LAST = forwarding_call()


def test_the_whole_way_changes_everything() -> None:
    assert unanswered(False, NEW, 30) == AT_LAST
    assert keys_taken(WHOLE) == KEYS_UNTIL["stopped"]


@pytest.mark.rule("FWD-01")
@pytest.mark.parametrize("at_event", range(1, len(WHOLE.events)))
def test_hanging_up_at_any_step_changes_nothing_unconfirmed(at_event: int) -> None:
    heard, diversion = forwarding_call(at_event=at_event)
    assert heard.outcome is None
    assert heard.leg.playing is None
    assert diversion in allowed(keys_taken(heard))


@pytest.mark.rule("FWD-01")
@settings(max_examples=40, deadline=None)
@given(after_s=st.floats(min_value=0, max_value=WHOLE.lasted_s - 0.01))
def test_hanging_up_at_any_instant_changes_nothing_unconfirmed(after_s: float) -> None:
    heard, diversion = forwarding_call(after_s=after_s)
    assert heard.outcome is None
    assert diversion in allowed(keys_taken(heard))


@pytest.mark.rule("VM-08")
@settings(max_examples=40, deadline=None)
@given(after_s=st.floats(min_value=0, max_value=20))
def test_whoever_hangs_up_the_message_is_whole_or_was_never_begun(after_s: float) -> None:
    net = voicemail.network()
    says = {5.0: voicemail.HELLO[:8000], 6.0: voicemail.HELLO[8000:]}
    heard = voicemail.calls_owner(net, "#,2,#,1,#", says=says, hang_up_after_s=after_s)
    assert net.mailboxes.going_on == []
    assert heard.leg.playing is None
    assert heard.leg.hear is None
    for message in voicemail.box(net):
        assert voicemail.HELLO.startswith(voicemail.sound_of(net, message))


@pytest.mark.rule("VM-03")
@settings(max_examples=40, deadline=None)
@given(after_s=st.floats(min_value=0, max_value=30))
def test_hanging_up_on_1417_erases_only_what_was_told_to(after_s: float) -> None:
    net = voicemail.network()
    fill = voicemail.filled(net, voicemail.HELLO, voicemail.HELLO)
    heard = net.dial(OWNER, "1417", "3,2", hang_up_after_s=after_s, prepare=fill)
    erased = sum(facts.get("choice") == "3" for _, facts in heard.events)
    assert len(voicemail.box(net)) in {2 - erased, 2 - erased + 1}
    assert heard.leg.playing is None


@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize("at_event", range(1, 8))
def test_hanging_up_on_135_before_the_key_changes_nothing(at_event: int) -> None:
    net = Network()
    heard = net.dial(NTT, "135", "1", hang_up_at_event=at_event)
    active = net.presentation.rows[NTT.number].active
    assert active == any(event == "menu.chosen" for event, _ in heard.events[:-1])
    assert not active or keys_taken(heard) == 1


@pytest.mark.rule("LINE-05")
def test_hanging_up_in_a_talkie_ends_it() -> None:
    heard = Network().dial(DOCOMO, "0312345678", hang_up_after_s=1)
    assert heard.prompts == [said(Prompt.TALKIE_UNASSIGNED)]
    assert heard.leg.playing is None
    assert heard.events[-1] == ("service.ended", {"outcome": "caller-hung-up"})
    assert heard.leg.on_key is None


@pytest.mark.rule("FWD-01")
@pytest.mark.rule("FWD-02")
@pytest.mark.rule("SHOW-01")
@pytest.mark.parametrize(
    ("line", "dialled"),
    [(DOCOMO, "1421"), (DOCOMO, "1420"), (NTT, "1351"), (NTT, "1350"), (AU, "1420")],
)
def test_a_key_cuts_no_last_word_short(line: Line, dialled: str) -> None:
    def heard(keys: str) -> Heard:
        net = Network()
        net.forwarding.rows[DOCOMO.number] = BEFORE
        return net.dial(line, dialled, keys)

    patient, hasty = heard(""), heard("1#1")
    assert hasty.prompts == patient.prompts
    assert hasty.lasted_s == patient.lasted_s >= PROMPT_S
