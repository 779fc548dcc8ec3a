"""Whatever phones do while they are rung, and whenever: one record a leg, and nothing is left."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call.party import Ring, RingSign
from tests.support.text_phone import OFFER, TextPhone
from tests.support.virtual_exchange import VirtualExchange, pass_, play

pytestmark = [pytest.mark.rule("CALL-01"), pytest.mark.rule("BILL-01")]

BROKEN = OFFER.replace("RTP/AVP 0", "RTP/AVP 9").replace("0 PCMU", "9 G722")
LONGEST_S = 40.0
SIGNS: tuple[list[RingSign], ...] = (
    [],
    [RingSign.RINGING],
    [RingSign.EARLY_MEDIA],
    [RingSign.RINGING, RingSign.EARLY_MEDIA],
)


@dataclass(frozen=True)
class Step:
    """What a phone does some time after its INVITE came; a final response may come twice."""

    after_s: float
    status: int
    sdp: str = ""
    tag: str | None = None


tags = st.sampled_from([None, "fork"])
provisional = st.builds(
    Step,
    st.floats(0, LONGEST_S),
    st.sampled_from([100, 180, 182, 183]),
    st.sampled_from(["", OFFER, BROKEN]),
    tags,
)
answer = st.builds(
    Step, st.floats(0, LONGEST_S), st.just(200), st.sampled_from([OFFER, OFFER, BROKEN, ""]), tags
)
refusal = st.builds(
    Step, st.floats(0, LONGEST_S), st.sampled_from([302, 401, 404, 408, 480, 486, 488, 503, 603])
)
scripts = st.lists(st.one_of(provisional, answer, refusal), max_size=4)
phones = st.lists(
    st.tuples(scripts, st.sampled_from([1.0, 1.0, 0.5]), st.booleans()), min_size=1, max_size=3
)


def follow(phone: TextPhone, script: list[Step], *, obeys: bool) -> None:
    """Have a phone follow its script; one that does not obey ignores CANCEL."""
    loop = asyncio.get_running_loop()

    def act(invite: object) -> None:
        first = phone.requests("INVITE")[0]
        if len(phone.requests("INVITE")) > 1:
            return
        for step in script:
            loop.call_later(step.after_s, reply, first, step)

    def reply(invite: object, step: Step) -> None:
        first = phone.requests("INVITE")[0]
        phone.reply(first, step.status, sdp=step.sdp, tag=step.tag)

    phone.acts["INVITE"] = act
    if not obeys:
        del phone.acts["CANCEL"]


@given(
    phones,
    st.none() | st.floats(0.5, 30),
    st.floats(0.5, 60),
    st.none() | st.floats(0.5, 5),
)
@settings(max_examples=60, deadline=None)
def test_nothing_is_left(
    scripted: list[tuple[list[Step], float, bool]],
    within_s: float | None,
    leaves_after_s: float,
    hangs_up_after_s: float | None,
) -> None:
    async def scene(exchange: VirtualExchange) -> None:
        exchange.within_s = within_s
        for number, (script, q, obeys) in enumerate(scripted):
            follow(exchange.phone(number, q=q), script, obeys=obeys)
        caller = exchange.caller()
        await pass_(leaves_after_s)
        caller.leave()
        if hangs_up_after_s is not None:
            await pass_(hangs_up_after_s)
            caller.leave()
        await pass_(LONGEST_S + 40)

    exchange = play(scene)
    legs = [record.leg for record in exchange.records.all]
    assert sorted(legs) in ([1], [1, 2])
    assert exchange.signs in SIGNS
    answered = [rung for rung in exchange.rung if rung.outcome is Ring.ANSWERED]
    assert all(rung.far is not None for rung in answered)
    for phone in exchange.phones.values():
        acknowledged = {message.to_tag for message in phone.requests("ACK")}
        ended = {message.to_tag for message in phone.requests("BYE")}
        assert ended <= acknowledged
