"""What the called party sees of the caller; calls out to other carriers and in from them."""

from dataclasses import replace

import pytest

from ivr.call.outcome import Outcome
from ivr.call.party import Presented
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    Access,
    Line,
    NumberDisplay,
    Trunk,
    TrunkCaller,
    TrunkClass,
)
from tests.support.fakes import InMemoryDirectory
from tests.support.scripted_call import (
    ACCOUNTS,
    BUSY_TONE,
    DOCOMO,
    FREEPHONE,
    LINES,
    LINK,
    NTT,
    RAKUTEN,
    RING_BACK,
    Heard,
    Network,
    said,
    trunks_of,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of
from tests.support.scripted_party import Script, behaves

ANSWERS = behaves(answers_s=2, talks_s=5)
ANONYMOUS = Presented(None, "Anonymous")
UNASSIGNED = said(Prompt.TALKIE_UNASSIGNED)
CONGESTED = said(Prompt.TALKIE_CONGESTED)
DOCOMO_USER, NTT_USER = "09000000001", "0300000003"
HIDING = frozenset({"number-withheld"})


def call(
    dialled: str,
    *,
    caller: Line = DOCOMO,
    private: bool = False,
    showing: bool = False,
    video: bool = False,
) -> Heard:
    """Call DOCOMO or NTT, whichever the caller is not."""
    net = Network(directory=InMemoryDirectory((*LINES, caller), ACCOUNTS))
    if showing:
        net.presentation.rows[NTT.number] = NumberDisplay(FREEPHONE, active=True)
    leg = ScriptedLeg(account_of(caller.number), dialled)
    leg.withholds, leg.is_plain_voice = private, not video
    return net.dial(caller, dialled, leg=leg, phones={DOCOMO_USER: ANSWERS, NTT_USER: ANSWERS})


def shown(heard: Heard) -> Presented:
    """What the called party sees; the record and the network's own knowledge agree."""
    [target] = heard.leg.targets
    record = heard.leg.ticket.record()
    assert record.presented == target.presented.number
    assert record.calling == target.asserted
    return target.presented


@pytest.mark.rule("FREE-01")
def test_a_call_with_video_shows_no_freephone_number() -> None:
    assert shown(call(DOCOMO_USER, caller=NTT, showing=True, video=True)) == Presented(NTT.number)
    assert shown(call(DOCOMO_USER, caller=NTT, showing=True)) == Presented(FREEPHONE)


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize(
    ("options", "dialled", "private", "sees"),
    [
        (frozenset(), NTT_USER, False, Presented(DOCOMO.number)),
        (frozenset(), "184" + NTT_USER, False, ANONYMOUS),
        (frozenset(), "186" + NTT_USER, False, Presented(DOCOMO.number)),
        (HIDING, NTT_USER, False, ANONYMOUS),
        (HIDING, "186" + NTT_USER, False, Presented(DOCOMO.number)),
        (frozenset(), NTT_USER, True, ANONYMOUS),
        (frozenset(), "186" + NTT_USER, True, Presented(DOCOMO.number)),
    ],
)
def test_prefixes_beat_the_default_and_the_phone(
    options: frozenset[str], dialled: str, private: bool, sees: Presented
) -> None:
    heard = call(dialled, caller=replace(DOCOMO, options=options), private=private)
    assert shown(heard) == sees
    assert heard.leg.targets[0].asserted == DOCOMO.number


@pytest.mark.rule("SHOW-02")
@pytest.mark.parametrize(
    ("showing", "dialled", "sees"),
    [
        (True, DOCOMO_USER, Presented(FREEPHONE)),
        (True, "184" + DOCOMO_USER, ANONYMOUS),
        (True, "186" + DOCOMO_USER, Presented(FREEPHONE)),
        (False, DOCOMO_USER, Presented(NTT.number)),
    ],
)
def test_the_freephone_number_is_shown_while_it_is_on(
    showing: bool, dialled: str, sees: Presented
) -> None:
    heard = call(dialled, caller=NTT, showing=showing)
    assert shown(heard) == sees
    assert heard.leg.targets[0].asserted == NTT.number
    assert heard.leg.ticket.record().payer == NTT.number


OTHER = Trunk("other", TrunkClass.FIXED, ("192.0.2.1:5060",), prefixes=("0", "+"))


def out(dialled: str, script: Script, *, access: Access = Access.OS) -> Heard:
    """A rakuten line calls a number of another carrier."""
    leg = ScriptedLeg(LINK if access is Access.LINK else account_of(RAKUTEN.number), dialled)
    return Network(trunks=trunks_of(OTHER)).dial(
        RAKUTEN, dialled, leg=leg, phones={"other": script}
    )


@pytest.mark.rule("LINE-04")
class TestOutToAnotherCarrier:
    @pytest.mark.parametrize(
        ("dialled", "number"),
        [
            ("0312345678", "0312345678"),
            ("1840312345678", "0312345678"),
            ("+81312345678", "0312345678"),
            ("0101-212-555-1234", "+12125551234"),
            ("0570012345", "0570012345"),
        ],
    )
    def test_the_number_is_told_as_it_is_dialled_in_japan(self, dialled: str, number: str) -> None:
        heard = out(dialled, ANSWERS)
        [target] = heard.leg.targets
        assert (target.number, target.trunk, target.payer) == (number, "other", None)
        assert (heard.prompts, heard.outcome) == ([RING_BACK], Outcome.FAR_HUNG_UP)
        assert heard.leg.ticket.record().service == "trunk"

    @pytest.mark.parametrize(
        ("script", "prompts", "status"),
        [
            (behaves(rings_s=None, refuses=404), [UNASSIGNED] * 2, 404),
            (behaves(refuses=486), [BUSY_TONE], 486),
            (behaves(rings_s=None, refuses=503), [CONGESTED] * 2, 503),
            (behaves(rings_s=None, refuses=408), [CONGESTED] * 2, 503),
            (behaves(rings_s=None, refuses=407), [BUSY_TONE], 603),
        ],
    )
    def test_a_refusal_without_a_word_gets_ours(
        self, script: Script, prompts: list[str], status: int
    ) -> None:
        heard = out("0312345678", script)
        assert heard.prompts == prompts
        assert heard.ending == Ending(status)

    @pytest.mark.parametrize(
        ("refused", "status"), [(404, 404), (486, 486), (407, 603), (302, 603)]
    )
    def test_what_the_other_carrier_said_itself_is_not_said_again(
        self, refused: int, status: int
    ) -> None:
        script = behaves(rings_s=None, early_media_s=0.5, refuses=refused, refuses_s=9)
        heard = out("0312345678", script)
        assert heard.prompts == []
        assert heard.leg.provisional == [183]
        assert (heard.ending, heard.outcome) == (Ending(status), Outcome.REFUSED)

    @pytest.mark.rule("LINK-02")
    @pytest.mark.parametrize(
        ("dialled", "access"),
        [("0570012345", Access.OS), ("1840570012345", Access.OS), ("0312345678", Access.LINK)],
    )
    def test_excluded_numbers_leave_link_as_calls_of_the_dialler(
        self, dialled: str, access: Access
    ) -> None:
        assert out(dialled, ANSWERS, access=Access.LINK).leg.ticket.record().access is access
        assert out(dialled, ANSWERS).leg.ticket.record().access is Access.OS

    @pytest.mark.rule("LINK-02")
    @pytest.mark.parametrize("dialled", ["188", "171", "%237119"])
    def test_an_excluded_number_that_leads_nowhere_is_the_diallers_too(self, dialled: str) -> None:
        heard = out(dialled, ANSWERS, access=Access.LINK)
        assert heard.ending == Ending(404)
        assert heard.leg.ticket.record().access is Access.OS


CALLER = E164("+81612345678")


def calls_in(dialled: str, caller: TrunkCaller) -> Heard:
    """Somebody of another carrier calls."""
    leg = ScriptedLeg(caller, dialled)
    net = Network(trunks=trunks_of(OTHER))
    return net.dial(DOCOMO, dialled, leg=leg, phones={DOCOMO_USER: ANSWERS, "other": ANSWERS})


def from_class(kind: TrunkClass, number: E164 | None, *, withheld: bool = False) -> TrunkCaller:
    return TrunkCaller(OTHER, number, kind, withheld)


@pytest.mark.rule("CALL-04")
class TestInFromAnotherCarrier:
    @pytest.mark.parametrize(
        ("caller", "sees"),
        [
            (from_class(TrunkClass.FIXED, CALLER), Presented(CALLER)),
            (from_class(TrunkClass.FIXED, CALLER, withheld=True), ANONYMOUS),
            (from_class(TrunkClass.PAYPHONE, CALLER), Presented(None, "Coin line/payphone")),
            (from_class(TrunkClass.INTERNATIONAL, None), Presented(None, "Unavailable")),
        ],
    )
    def test_a_line_sees_the_number_or_the_reason(
        self, caller: TrunkCaller, sees: Presented
    ) -> None:
        heard = calls_in(DOCOMO_USER, caller)
        assert shown(heard) == sees
        assert heard.outcome is Outcome.FAR_HUNG_UP
        assert heard.leg.ticket.record().payer is None

    def test_184_in_front_withholds_what_their_carrier_told(self) -> None:
        heard = calls_in(f"184{DOCOMO_USER}", from_class(TrunkClass.FIXED, CALLER))
        assert shown(heard) == ANONYMOUS
        assert heard.leg.targets[0].asserted == CALLER

    @pytest.mark.parametrize("dialled", ["1417", "1421", "000001", "0312345678", "+12125551234"])
    def test_services_and_other_carriers_are_not_for_them(self, dialled: str) -> None:
        heard = calls_in(dialled, from_class(TrunkClass.FIXED, CALLER))
        assert heard.prompts == [UNASSIGNED, UNASSIGNED]
        assert heard.ending == Ending(404)
        assert heard.leg.targets == []

    def test_an_emergency_number_is_noted(self) -> None:
        heard = calls_in("110", from_class(TrunkClass.FIXED, CALLER))
        assert heard.ending == Ending(403)
        assert heard.event("emergency.refused")["dialled"] == "110"


@pytest.mark.rule("LINE-04")
def test_the_beginning_of_a_number_is_refused_at_once_for_digit_by_digit_phones() -> None:
    slow = replace(DOCOMO, options=frozenset({"overlap-dialling"}))
    net = Network(directory=InMemoryDirectory((slow, NTT), ACCOUNTS))
    heard = net.dial(slow, "03000", phones={NTT_USER: ANSWERS})
    assert (heard.prompts, heard.ending) == ([], Ending(484))
    heard = net.dial(slow, NTT_USER, phones={NTT_USER: ANSWERS})
    assert heard.outcome is Outcome.FAR_HUNG_UP
    assert Network(overlap=True).dial(DOCOMO, "03000").ending == Ending(484)
    heard = Network().dial(DOCOMO, "03000")
    assert heard.ending == Ending(404)
