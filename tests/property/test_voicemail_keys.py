"""Any key at any moment of a recording, of 1417 and of 1414: the call goes on or ends in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.catalogue import Prompt
from tests.support.scripted_call import DOCOMO, OWNER, Heard, said
from tests.support.scripted_leg import ScriptedLeg
from tests.support.scripted_party import behaves
from tests.support.virtual_loop import run_virtually
from tests.support.voicemail_calls import (
    HELLO,
    OWNERS_PHONE,
    box,
    filled,
    network,
    pressing,
    sound_of,
)

HANGS_UP_S = 90
KEYS = st.dictionaries(
    st.floats(0, HANGS_UP_S - 1), st.text("0123456789*#", min_size=1, max_size=4), max_size=12
)
FEW = settings(max_examples=80, deadline=None)


def in_order(heard: Heard) -> None:
    """Nothing failed inside, and whoever is still there when it ends was told goodbye by BYE."""
    events = [event for event, _ in heard.events]
    assert not {"flow.failed", "last-words.failed", "caller.unknown"} & set(events)
    assert said(Prompt.TRY_LATER) not in heard.prompts
    assert heard.outcome is None or heard.ending is not None


@FEW
@given(KEYS)
def test_any_keys_in_1417_harm_no_message(keys: dict[float, str]) -> None:
    net = network()
    fill = filled(net, HELLO, HELLO * 2, HELLO, saved=1)
    run_virtually(fill())
    before = {message.id: sound_of(net, message) for message in box(net)}
    heard = net.dial(OWNER, "1417", leg=pressing(keys), hang_up_after_s=HANGS_UP_S)
    in_order(heard)
    after = {message.id: sound_of(net, message) for message in box(net)}
    assert after.items() <= before.items()
    erased = heard.prompts.count(said(Prompt.VOICEMAIL_ERASED))
    typed = "".join(keys.values()).count("3")
    assert erased <= len(before) - len(after) <= typed


@FEW
@given(KEYS)
def test_any_keys_of_a_caller_leave_one_message_at_most(keys: dict[float, str]) -> None:
    net = network()
    leg = pressing(keys, by=DOCOMO, dialled=OWNERS_PHONE)
    heard = net.dial(
        DOCOMO,
        OWNERS_PHONE,
        leg=leg,
        phones={OWNERS_PHONE: behaves(refuses=486)},
        says={8.0: HELLO, 30.0: HELLO},
        hang_up_after_s=HANGS_UP_S,
    )
    in_order(heard)
    assert len(box(net)) <= 1
    assert net.mailboxes.going_on == [], "its place is free again"


@FEW
@given(KEYS)
def test_any_keys_at_the_greeting_leave_a_box_that_greets(keys: dict[float, str]) -> None:
    net = network()
    leg: ScriptedLeg = pressing(keys, dialled="1414")
    heard = net.dial(
        OWNER, "1414", leg=leg, says={9.0: HELLO, 40.0: HELLO}, hang_up_after_s=HANGS_UP_S
    )
    in_order(heard)
    mailbox = run_virtually(net.mailboxes.of(OWNER.number))
    own = run_virtually(net.mailboxes.greeting(OWNER.number))
    assert mailbox is not None
    assert (mailbox.greeting.value == "own") == (own is not None)
