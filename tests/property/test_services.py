"""Whatever is keyed, and whenever: a call ends, and every setting makes sense."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.limits import CallLimits
from ivr.numbering.plan import forwardable, parse
from provisioning.contract import E164
from tests.support.diversions import unanswered
from tests.support.scripted_call import DOCOMO, LINES, NTT, Network
from tests.support.scripted_leg import Ending

KEYINGS = st.text(alphabet="12345#*90,,", max_size=40) | st.text(alphabet="0123456789#*AB,")
LIKELY = st.lists(
    st.sampled_from(["1", "2", "3", "4", "5", "0312345678#", "0120123456#", "#", "*", "30#", "7"]),
    max_size=12,
).map(",".join)
HASTY = CallLimits(longest_call_s=300)


@settings(max_examples=150, deadline=None)
@given(KEYINGS | LIKELY, st.booleans())
def test_forwarding_always_makes_sense(keys: str, aimed: bool) -> None:
    net = Network(limits=HASTY)
    if aimed:
        net.forwarding.rows[DOCOMO.number] = unanswered(target=E164("+819011112222"))
    heard = net.dial(DOCOMO, "1429", keys)
    assert heard.ending == Ending(None)
    assert heard.lasted_s < HASTY.longest_call_s + 10
    diversions = net.forwarding.rows.get(DOCOMO.number, unanswered())
    diversion = diversions.no_answer
    assert diversion.target or not diversion.active
    assert diversions == unanswered(diversion.active, diversion.target, diversions.ring_time_s)
    assert 0 <= diversions.ring_time_s <= 120
    if diversion.target:
        assert forwardable(parse(diversion.target).digits, DOCOMO) == diversion.target


@settings(max_examples=60, deadline=None)
@given(KEYINGS)
def test_number_display_follows_the_first_key_alone(keys: str) -> None:
    net = Network(limits=HASTY)
    heard = net.dial(NTT, "135", keys)
    first = keys.replace(",", "")[:1]
    assert heard.ending == Ending(None)
    assert net.presentation.rows[NTT.number].active is (first == "1")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(LINES), st.text(max_size=20) | st.text(alphabet="0123456789#*+", max_size=13)
)
def test_every_dialled_string_is_served_to_an_end(line: object, dialled: str) -> None:
    net = Network(limits=HASTY)
    heard = net.dial(next(known for known in LINES if known is line), dialled)
    assert heard.ending is not None
    assert heard.prompts or heard.leg.looped
    assert heard.lasted_s < HASTY.longest_call_s + 10
