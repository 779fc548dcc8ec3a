"""A call to a freephone number: what caller and called party hear, and who pays."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ivr.call.outcome import Outcome
from ivr.flows.freephone import FreephoneDesk
from lab.areas import packaged
from prompts import script
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    NATION,
    Condition,
    Diversion,
    Diversions,
    Freephone,
    FreephoneOption,
    Group,
    Level,
    Line,
    Moment,
    OriginArea,
    Reception,
    Shares,
    Trunk,
    TrunkCaller,
    TrunkClass,
)
from tests.support.fake_freephones import InMemoryFreephones
from tests.support.freephones import NIGHT, NOON, office_hours
from tests.support.scripted_call import (
    AU,
    BUSY_TONE,
    DOCOMO,
    FREEPHONE,
    NTT,
    NTT_PLAIN,
    OWNER,
    RING_BACK,
    SUSPENDED,
    EventLog,
    Heard,
    Network,
    SpelledVoice,
    said,
    trunks_of,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, ScriptedFar, ScriptedParty, behaves
from tests.support.virtual_loop import run_virtually

DIALLED = "0120000003"
FIRST, SECOND = "0300000003", "0300000005"
"""The users of NTT and NTT_PLAIN, the subscriber's lines."""
EVERYTHING = frozenset(FreephoneOption) - {FreephoneOption.SHARE_SPLIT}
GUIDANCE, WHISPER = said(Prompt.FREEPHONE_GUIDANCE), said(Prompt.FREEPHONE_WHISPER)
OFF_HOURS = said(Prompt.FREEPHONE_OFF_HOURS, DIALLED)
AREAS = packaged()
CARRIER = Trunk("elsewhere", TrunkClass.FIXED, ("192.0.2.1",), prefecture="大阪府")

TALKS = behaves(answers_s=3, talks_s=60)
IS_BUSY = behaves(rings_s=None, refuses=486)


def contract(*groups: Group, receptions: tuple[Reception, ...] = (), **more: Any) -> Freephone:
    given: dict[str, Any] = {"options": EVERYTHING, **more}
    return Freephone(
        FREEPHONE,
        groups or (Group("all", (NATION,), NTT.number),),
        receptions or (Reception(NTT.number), Reception(NTT_PLAIN.number)),
        **given,
    )


def network(one: Freephone, moment: Moment = NOON) -> Network:
    freephones = InMemoryFreephones(AREAS.geography, [one])
    return Network(
        freephone=FreephoneDesk(freephones, AREAS, lambda: moment), trunks=trunks_of(CARRIER)
    )


def call(
    one: Freephone,
    phones: dict[str, Script],
    *,
    line: Line = DOCOMO,
    moment: Moment = NOON,
    **more: Any,
) -> Heard:
    return network(one, moment).dial(line, DIALLED, phones=phones, **more)


def from_trunk(one: Freephone, kind: TrunkClass, number: str | None, user: str = FIRST) -> Heard:
    caller = TrunkCaller(CARRIER, E164(number) if number else None, kind)
    leg = ScriptedLeg(caller, DIALLED)
    return network(one).dial(DOCOMO, DIALLED, leg=leg, phones={user: TALKS})


def far_of(heard: Heard, user: str) -> ScriptedFar:
    far = heard.leg.parties[user].invitations[-1].far
    assert far is not None
    return far


def told(heard: Heard, user: str) -> list[str]:
    """What the called party heard of the network."""
    return [SpelledVoice.read(ulaw) for ulaw in far_of(heard, user).heard]


def refused(heard: Heard, prompt: Prompt, status: int = 403) -> bool:
    assert not heard.leg.answered
    record = heard.leg.ticket.record()
    assert (record.answered_at, record.seconds) == (None, 0.0)
    return heard.prompts == [said(prompt)] * 2 and heard.ending == Ending(status)


class TestAConversation:
    @pytest.mark.rule("FREE-01")
    @pytest.mark.rule("FREE-04")
    def test_both_are_told_before_they_talk_and_the_subscriber_pays(self) -> None:
        heard = call(contract(), {FIRST: TALKS})
        assert heard.prompts == [RING_BACK, GUIDANCE]
        assert told(heard, FIRST) == [WHISPER]
        assert (heard.leg.answered, heard.outcome) == (True, Outcome.FAR_HUNG_UP)
        caller = heard.leg.ticket.record()
        assert (caller.service, caller.payer, caller.destination) == (
            "freephone",
            FREEPHONE,
            FREEPHONE,
        )

    @pytest.mark.rule("FREE-04")
    def test_without_the_setting_nobody_is_told(self) -> None:
        heard = call(contract(guidance=False), {FIRST: TALKS})
        assert heard.prompts == [RING_BACK]
        assert told(heard, FIRST) == []

    @pytest.mark.rule("FREE-01")
    def test_a_caller_who_hangs_up_during_the_guidance_leaves_nobody_behind(self) -> None:
        heard = call(contract(), {FIRST: TALKS}, hang_up_after_s=4)
        assert (heard.outcome, far_of(heard, FIRST).got_bye) == (None, True)

    @pytest.mark.rule("FREE-01")
    def test_an_offer_with_video_is_refused(self) -> None:
        net = network(contract())
        leg = ScriptedLeg(account_of(DOCOMO.number), DIALLED)
        leg.is_plain_voice = False
        heard = net.dial(DOCOMO, DIALLED, leg=leg, phones={FIRST: TALKS})
        assert refused(heard, Prompt.FREEPHONE_VOICE_ALONE, 488)


class TestWhoMayCall:
    @pytest.mark.rule("FREE-02")
    @pytest.mark.parametrize(
        ("kind", "number"),
        [
            (TrunkClass.IP_PHONE, "+815012345678"),
            (TrunkClass.INTERNATIONAL, "+12125551234"),
            (TrunkClass.SATELLITE, None),
        ],
    )
    def test_some_telephones_are_told_why_not(self, kind: TrunkClass, number: str | None) -> None:
        assert refused(from_trunk(contract(), kind, number), Prompt.FREEPHONE_NOT_THIS_KIND)

    @pytest.mark.rule("FREE-02")
    @pytest.mark.parametrize("kind", [TrunkClass.FIXED, TrunkClass.MOBILE, TrunkClass.PAYPHONE])
    def test_a_050_or_foreign_number_is_refused_on_any_trunk(self, kind: TrunkClass) -> None:
        for number in ("+815012345678", "+12125551234"):
            assert refused(from_trunk(contract(), kind, number), Prompt.FREEPHONE_NOT_THIS_KIND)

    @pytest.mark.rule("FREE-03")
    def test_a_mobile_s_number_is_a_mobile_s_on_a_trunk_of_fixed_telephones(self) -> None:
        one, number = contract(mobile=False, phs=True), "+819011112222"
        assert refused(from_trunk(one, TrunkClass.FIXED, number), Prompt.FREEPHONE_NOT_MOBILE)
        assert from_trunk(one, TrunkClass.PHS, number).leg.answered
        assert from_trunk(one, TrunkClass.FIXED, "+81312345678").leg.answered

    @pytest.mark.rule("FREE-02")
    def test_a_payphone_may_call(self) -> None:
        heard = from_trunk(contract(), TrunkClass.PAYPHONE, "+81312345678")
        assert heard.leg.answered

    @pytest.mark.rule("FREE-03")
    def test_areas_and_mobiles_that_are_not_accepted_are_told_why(self) -> None:
        osaka = OriginArea(Level.PREFECTURE, "大阪府")
        one = contract(Group("west", (osaka,), NTT.number), mobile=False)
        tokyo = from_trunk(one, TrunkClass.FIXED, "+81312345678")
        assert refused(tokyo, Prompt.FREEPHONE_NOT_THIS_AREA)
        assert from_trunk(one, TrunkClass.FIXED, "+81612345678").leg.answered
        assert refused(call(one, {FIRST: TALKS}), Prompt.FREEPHONE_NOT_MOBILE)

    @pytest.mark.rule("FREE-03")
    @pytest.mark.rule("FREE-06")
    def test_a_mobile_of_another_carrier_calls_from_its_trunk_s_prefecture(self) -> None:
        osaka = OriginArea(Level.PREFECTURE, "大阪府")
        tokyo = OriginArea(Level.MA, "東京", "東京都")
        one = contract(
            Group("west", (osaka,), NTT.number), Group("tokyo", (tokyo,), NTT_PLAIN.number)
        )
        assert from_trunk(one, TrunkClass.MOBILE, "+819011112222").leg.answered
        assert from_trunk(one, TrunkClass.FIXED, "+81312345678", user=SECOND).leg.answered


class TestBusyLines:
    DETOUR = contract(
        receptions=(
            Reception(NTT.number, detours=(NTT_PLAIN.number,)),
            Reception(NTT_PLAIN.number),
        )
    )

    @pytest.mark.rule("FREE-07")
    def test_a_busy_phone_detours_to_the_next_line(self) -> None:
        heard = call(self.DETOUR, {FIRST: IS_BUSY, SECOND: TALKS})
        assert heard.prompts == [RING_BACK, GUIDANCE]
        assert told(heard, SECOND) == [WHISPER]

    @pytest.mark.rule("FREE-07")
    def test_the_detour_comes_before_the_line_s_own_forwarding(self) -> None:
        net = network(self.DETOUR)
        forwarded = Diversions(busy=Diversion(True, AU.number))
        net.forwarding.rows[NTT.number] = forwarded
        assert forwarded.active == (Condition.CFB,)
        heard = net.dial(DOCOMO, DIALLED, phones={FIRST: IS_BUSY, SECOND: TALKS})
        assert told(heard, SECOND) == [WHISPER]

    @pytest.mark.rule("FREE-07")
    def test_a_line_that_calls_a_number_of_its_own_is_busy(self) -> None:
        heard = call(self.DETOUR, {FIRST: TALKS, SECOND: TALKS}, line=NTT)
        assert [target.users for target in heard.leg.targets] == [(SECOND,)]

    @pytest.mark.rule("LINE-04")
    def test_a_suspended_line_has_its_talkie(self) -> None:
        one = contract(
            Group("all", (NATION,), SUSPENDED.number), receptions=(Reception(SUSPENDED.number),)
        )
        assert refused(call(one, {}), Prompt.TALKIE_SUSPENDED)

    @pytest.mark.rule("FREE-14")
    def test_all_busy_hears_the_tone_and_pays_nothing(self) -> None:
        heard = call(self.DETOUR, {FIRST: IS_BUSY, SECOND: IS_BUSY})
        assert heard.prompts == [BUSY_TONE]
        assert (heard.ending, heard.leg.answered) == (Ending(486), False)

    @pytest.mark.rule("FREE-14")
    def test_without_a_detour_a_busy_line_is_busy(self) -> None:
        heard = call(contract(), {FIRST: IS_BUSY, SECOND: TALKS})
        assert (heard.prompts, heard.ending) == ([BUSY_TONE], Ending(486))


class TestHours:
    CLOSED = Reception(NTT.number, off_hours=office_hours())

    @pytest.mark.rule("FREE-10")
    def test_the_guidance_names_the_number_twice_and_costs_nothing(self) -> None:
        heard = call(contract(receptions=(self.CLOSED,)), {FIRST: TALKS}, moment=NIGHT)
        assert heard.prompts == [OFF_HOURS, OFF_HOURS]
        assert (heard.ending, heard.leg.answered) == (Ending(480), False)

    @pytest.mark.rule("FREE-10")
    def test_however_often_other_talkies_are_spoken(self) -> None:
        net = network(contract(receptions=(self.CLOSED,)), NIGHT)
        net.limits = replace(net.limits, talkie_times=1)
        assert net.dial(DOCOMO, DIALLED).prompts == [OFF_HOURS, OFF_HOURS]

    @pytest.mark.rule("FREE-09")
    def test_on_schedule_another_line_receives(self) -> None:
        changed = Reception(NTT.number, change=office_hours(off=NTT_PLAIN.number, on=None))
        one = contract(receptions=(changed, Reception(NTT_PLAIN.number)))
        phones = {FIRST: TALKS, SECOND: TALKS}
        assert call(one, phones).leg.targets[0].users == (FIRST,)
        assert call(one, phones, moment=NIGHT).leg.targets[0].users == (SECOND,)

    @pytest.mark.rule("FREE-11")
    def test_the_guidance_comes_before_another_line(self) -> None:
        both = replace(self.CLOSED, change=office_hours(off=NTT_PLAIN.number, on=None))
        one = contract(receptions=(both, Reception(NTT_PLAIN.number)))
        assert call(one, {SECOND: TALKS}, moment=NIGHT).prompts == [OFF_HOURS] * 2


@pytest.mark.rule("FREE-08")
def test_calls_are_split_by_weight() -> None:
    shares = Shares((NTT.number, NTT_PLAIN.number), (2, 1))
    one = contract(
        Group("all", (NATION,), shares=shares),
        options=frozenset(FreephoneOption) - {FreephoneOption.DETOUR},
    )
    net, rung = network(one), []
    for _ in range(6):
        heard = net.dial(DOCOMO, DIALLED, phones={FIRST: TALKS, SECOND: TALKS})
        rung += [target.users[0] for target in heard.leg.targets]
    assert rung == [FIRST, SECOND, FIRST, FIRST, SECOND, FIRST]


@pytest.mark.rule("FREE-05")
@pytest.mark.parametrize(
    "one",
    [contract(capacity=1), contract(receptions=(Reception(NTT.number, channels=1),))],
    ids=["of the number", "of the line"],
)
def test_a_call_beyond_the_capacity_finds_it_busy_until_one_ends(one: Freephone) -> None:
    net = network(one)

    async def two_at_once() -> list[bool]:
        incoming, answered = net.incoming(), []
        first, second, third = (caller_of() for _ in range(3))
        talking = asyncio.ensure_future(incoming.serve(first, EventLog()))
        await asyncio.sleep(20)
        await incoming.serve(second, EventLog())
        await talking
        await incoming.serve(third, EventLog())
        answered += [leg.answered for leg in (first, second, third)]
        return answered

    assert run_virtually(two_at_once()) == [True, False, True]


@pytest.mark.rule("FREE-05")
@pytest.mark.parametrize(("capacity", "channels"), [(1, 9), (None, 1)])
def test_two_calls_at_one_instant_do_not_both_take_the_last_room(
    capacity: int | None, channels: int
) -> None:
    """A split's turn is saved before a call goes on: another may come in between."""
    net = network(
        contract(
            Group("all", (NATION,), shares=Shares((NTT.number,), (1,))),
            receptions=(Reception(NTT.number, channels=channels),),
            options=frozenset(FreephoneOption) - {FreephoneOption.DETOUR},
            capacity=capacity,
        )
    )

    async def at_once() -> list[bool]:
        incoming, legs = net.incoming(), [caller_of() for _ in range(3)]
        await asyncio.gather(*(incoming.serve(leg, EventLog()) for leg in legs))
        return [leg.answered for leg in legs]

    assert sorted(run_virtually(at_once())) == [False, False, True]


def caller_of() -> ScriptedLeg:
    leg = ScriptedLeg(account_of(DOCOMO.number), DIALLED)
    leg.parties = {FIRST: ScriptedParty(TALKS)}
    return leg


@pytest.mark.rule("FREE-10")
@pytest.mark.parametrize("language", script.LANGUAGES)
def test_the_off_hours_guidance_reads_the_number(language: str) -> None:
    text = script.load(language).compose(Prompt.FREEPHONE_OFF_HOURS, (DIALLED,)).text
    assert "{" not in text
    assert "0120" in text


def test_a_number_nobody_contracted_is_not_in_use() -> None:
    heard = network(contract()).dial(DOCOMO, "0120999999")
    assert (heard.prompts[0], heard.ending) == (said(Prompt.TALKIE_UNASSIGNED), Ending(404))


def counted(heard: Heard) -> tuple[str, str | None]:
    """What usage is counted by: the service of the caller's leg, and where it led."""
    record = heard.leg.ticket.record()
    return record.service, record.destination


@pytest.mark.rule("FREE-12")
def test_a_call_nobody_pays_for_leaves_what_it_is_counted_by() -> None:
    closed = contract(receptions=(TestHours.CLOSED,))
    off = call(closed, {FIRST: TALKS}, moment=NIGHT)
    assert counted(off) == ("freephone-off-hours", NTT.number)
    gave_up = call(closed, {FIRST: TALKS}, moment=NIGHT, hang_up_after_s=1)
    assert counted(gave_up) == ("freephone-off-hours", NTT.number)
    abroad = from_trunk(contract(), TrunkClass.INTERNATIONAL, "+12125551234")
    assert counted(abroad) == ("freephone-refused", FREEPHONE)
    busy = call(contract(), {FIRST: IS_BUSY})
    assert counted(busy)[0] == "freephone-busy"
    in_vain = call(contract(), {FIRST: behaves(answers_s=None)}, hang_up_after_s=5)
    assert counted(in_vain) == ("freephone", FREEPHONE)


@pytest.mark.rule("FREE-12")
def test_a_call_that_rings_no_phone_counts_for_the_line_it_was_for() -> None:
    """What rings leaves a leg of its own that tells which line it was."""
    nobody = call(contract(), {})
    assert (counted(nobody), nobody.ending) == (("freephone", NTT.number), Ending(480))
    away = Group("all", (NATION,), SUSPENDED.number)
    assert counted(call(contract(away, receptions=(Reception(SUSPENDED.number),)), {})) == (
        "freephone",
        SUSPENDED.number,
    )
    owner = Group("all", (NATION,), OWNER.number)
    told = call(contract(owner, receptions=(Reception(OWNER.number),)), {}, hang_up_after_s=9)
    assert (counted(told), told.leg.answered) == (("freephone", OWNER.number), True)
