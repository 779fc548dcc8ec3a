"""Where dialled numbers lead, and that no failure leaves a caller in silence."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from ivr.call.limits import CallLimits
from ivr.call.outcome import Outcome
from ivr.flows import registry
from ivr.flows.incoming import Incoming, Office
from ivr.flows.registry import Services
from prompts.catalogue import Prompt
from provisioning.contract import (
    E164,
    CarrierProfile,
    Diversions,
    Language,
    Line,
    NotContracted,
    Profile,
    RingTimes,
)
from provisioning.profiles.store import ProfileFiles
from tests.support.diversions import unanswered
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding, InMemoryPresentation
from tests.support.scripted_call import (
    AU,
    DOCOMO,
    FADING_S,
    NTT,
    RAKUTEN,
    SUSPENDED,
    Network,
    SpelledVoices,
    said,
)
from tests.support.scripted_leg import Ending, ScriptedLeg, account_of

UNASSIGNED = said(Prompt.TALKIE_UNASSIGNED)
UNREACHABLE = said(Prompt.TALKIE_UNREACHABLE)
NOT_AVAILABLE = said(Prompt.TALKIE_NOT_AVAILABLE)


@pytest.mark.rule("LINE-04")
@pytest.mark.rule("LINE-05")
@pytest.mark.parametrize(
    ("line", "dialled", "talkie", "status"),
    [
        (DOCOMO, "0312345678", UNASSIGNED, 404),
        (DOCOMO, "09012345678", UNASSIGNED, 404),
        (DOCOMO, "nonsense", UNASSIGNED, 404),
        (DOCOMO, "135", UNASSIGNED, 404),
        (DOCOMO, "1352", UNASSIGNED, 404),
        (NTT, "1429", UNASSIGNED, 404),
        (NTT, "1352", UNASSIGNED, 404),
        (AU, "1421", UNASSIGNED, 404),
        (RAKUTEN, "1420", UNASSIGNED, 404),
        (DOCOMO, "000004", UNASSIGNED, 404),
        (DOCOMO, "09000000006", said(Prompt.TALKIE_SUSPENDED), 403),
        (DOCOMO, "+81-90-0000-0006", said(Prompt.TALKIE_SUSPENDED), 403),
        (SUSPENDED, "1429", NOT_AVAILABLE, 403),
        (SUSPENDED, "09000000001", NOT_AVAILABLE, 403),
        (DOCOMO, "0300000003", UNREACHABLE, 480),
        (DOCOMO, "18409000000002", UNREACHABLE, 480),
        (DOCOMO, "010-1-212-555-1234", NOT_AVAILABLE, 404),
        (DOCOMO, "0033010123456", NOT_AVAILABLE, 404),
    ],
)
def test_a_free_talkie_is_early_media_then_the_final_error(
    line: Line, dialled: str, talkie: str, status: int
) -> None:
    heard = Network().dial(line, dialled)
    assert heard.prompts == [talkie, talkie]
    assert heard.early_media
    assert not heard.leg.answered
    assert (heard.ending, heard.outcome) == (Ending(status), Outcome.REFUSED)


@pytest.mark.rule("LINE-04")
@pytest.mark.parametrize("line", [DOCOMO, SUSPENDED], ids=["served", "suspended"])
@pytest.mark.parametrize("dialled", ["110", "118", "119", "184110", "tel:119;phone-context=+81"])
def test_an_emergency_call_never_leaves_and_is_noted(line: Line, dialled: str) -> None:
    heard = Network().dial(line, dialled)
    assert heard.prompts == [NOT_AVAILABLE, NOT_AVAILABLE]
    assert heard.ending == Ending(403)
    assert heard.event("emergency.refused")["line"] == line.number


@pytest.mark.rule("LINE-04")
@pytest.mark.parametrize("dialled", ["1841421", "1861421", "tel:1421;phone-context=+81"])
def test_a_service_is_reached_through_a_prefix(dialled: str) -> None:
    net = Network()
    net.forwarding.rows[DOCOMO.number] = unanswered(target=E164("+81312345678"))
    assert net.dial(DOCOMO, dialled).outcome is Outcome.COMPLETED
    assert net.forwarding.rows[DOCOMO.number].active


@pytest.mark.rule("LINE-05")
def test_keys_do_not_cut_a_talkie_short() -> None:
    heard = Network().dial(DOCOMO, "0312345678", "1,2,3")
    assert heard.prompts == [UNASSIGNED, UNASSIGNED]
    assert heard.lasted_s == pytest.approx(7.0 + FADING_S, abs=0.1)


class BrokenForwarding(InMemoryForwarding):
    """Raises what it is told to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def of(self, line: E164) -> Diversions:
        raise self.error


@pytest.mark.parametrize("defect", [ZeroDivisionError("boom"), TimeoutError("not the call's")])
def test_a_defect_is_told_to_the_caller_and_to_the_log(defect: Exception) -> None:
    net = Network(forwarding=BrokenForwarding(defect))
    heard = net.dial(DOCOMO, "1429", "4")
    assert heard.prompts[-2:] == [said(Prompt.TRY_LATER), said(Prompt.GOODBYE)]
    assert (heard.ending, heard.outcome) == (Ending(None), Outcome.FAILED)
    assert heard.event("flow.failed")["call_id"] == heard.leg.call_id


def test_a_service_that_is_not_contracted_is_refused() -> None:
    net = Network(forwarding=BrokenForwarding(NotContracted("no forwarding")))
    heard = net.dial(DOCOMO, "1429", "4")
    assert heard.prompts[-1] == said(Prompt.NOT_CONTRACTED)
    assert (heard.ending, heard.outcome) == (Ending(None), Outcome.REFUSED)


class DeafLeg(ScriptedLeg):
    """A leg that cannot open media."""

    async def answer(self) -> None:
        raise OSError("no RTP port is left")

    async def progress(self, *, ringing: bool = False) -> None:
        raise OSError("no RTP port is left")


@pytest.mark.parametrize("dialled", ["1429", "0312345678"])
def test_a_call_that_cannot_speak_ends_with_500(dialled: str) -> None:
    heard = Network().dial(DOCOMO, dialled, leg=DeafLeg(account_of(DOCOMO.number), dialled))
    assert heard.prompts == []
    assert (heard.ending, heard.outcome) == (Ending(500), Outcome.FAILED)


def test_an_account_without_a_line_gets_500() -> None:
    net = Network(directory=InMemoryDirectory())
    heard = net.dial(DOCOMO, "1429")
    assert (heard.ending, heard.outcome) == (Ending(500), Outcome.FAILED)


def test_a_caller_who_never_stops_is_ended_at_the_longest_time() -> None:
    net = Network(limits=CallLimits(longest_call_s=30))
    heard = net.dial(DOCOMO, "1429", ",".join("4" * 20))
    assert heard.prompts[-1] == said(Prompt.GOODBYE)
    assert heard.outcome is Outcome.TOO_LONG
    assert heard.lasted_s == pytest.approx(33 + FADING_S, abs=0.1)


class SlowForwarding(InMemoryForwarding):
    """A store that needs two seconds for a change."""

    async def set_target(self, line: E164, target: E164) -> None:
        await asyncio.sleep(2)
        await super().set_target(line, target)


@pytest.mark.rule("FWD-01")
def test_what_was_confirmed_is_kept_although_the_caller_hangs_up() -> None:
    net = Network(forwarding=SlowForwarding([DOCOMO]))
    confirming = Network().dial(DOCOMO, "1429", "3,0312345678#,#")
    hung_up = net.dial(
        DOCOMO, "1429", "3,0312345678#,#", hang_up_after_s=when_confirmed(confirming.events) + 1
    )
    assert hung_up.outcome is None
    assert net.forwarding.rows[DOCOMO.number] == unanswered(target=E164("+81312345678"))


def when_confirmed(events: list[tuple[str, Mapping[str, object]]]) -> float:
    """Seconds from dialling until `#` confirms: three prompts, three thoughts, eleven keys."""
    keys = [event for event, _ in events if event == "key.received"]
    assert len(keys) == 13
    return 3 * 3.0 + 3 * 0.5 + 10 * 0.2


@pytest.mark.rule("LINE-05")
@pytest.mark.parametrize("language", Language)
def test_a_line_hears_its_own_language(language: Language) -> None:
    net = Network(directory=InMemoryDirectory([replace(DOCOMO, language=language)]))
    net.dial(DOCOMO, "0312345678")
    assert net.voices.asked == [language.value]


class Codes:
    """Profiles of which docomo's has the codes given."""

    def __init__(self, services: Mapping[str, str]) -> None:
        self._shipped = ProfileFiles.load()
        self._services = services

    def of(self, profile: Profile) -> CarrierProfile:
        if profile is Profile.DOCOMO:
            return CarrierProfile(profile, self._services, RingTimes(0, 120, 15))
        return self._shipped.of(profile)


def test_a_code_without_a_flow_and_a_flow_without_a_code_are_refused_at_start() -> None:
    profiles = Codes({"1429": "forwarding-menu", "1421": "forwarding-begin"})
    services = Services(InMemoryForwarding(), InMemoryPresentation(), InMemoryMailboxes())
    office = Office(InMemoryDirectory(), profiles, services, SpelledVoices())
    with pytest.raises(
        ValueError, match="1421 on docomo names the service 'forwarding-begin'"
    ) as e:
        Incoming(office, CallLimits())
    assert "the flow of 'forwarding-start' on docomo has no code" in str(e.value)


def test_every_code_has_a_flow_and_every_flow_a_code() -> None:
    profiles = ProfileFiles.load()
    assert registry.problems([profiles.of(profile) for profile in Profile]) == []
