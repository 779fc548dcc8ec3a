"""Two phones whose legs are coupled: sound, keys, hold, and the end of either."""

import asyncio
from functools import partial

import pytest

from ivr.call.party import HIDDEN, JoinEnd
from ivr.media import tones
from ivr.ua.causes import Cause
from ivr.ua.coupling import MOST_KEYS, CouplingSettings, Half
from tests.contract.leg_contract import eventually
from tests.unit.ua.couples import (
    NO_EVENTS,
    SPEECH,
    hears,
    pair,
    silence,
)


@pytest.mark.rule("CALL-01")
class TestSound:
    async def test_each_hears_what_the_other_says(self) -> None:
        async with pair() as talk:
            for speaker, listener in (
                (talk.caller, talk.called),
                (talk.called, talk.caller),
            ):
                speaker.speak(SPEECH)
                await eventually(partial(hears, listener, SPEECH))

    async def test_what_played_before_stops(self) -> None:
        async with pair() as talk:
            talk.joined.cancel()
            await asyncio.wait([talk.joined])
            talk.caller.leg.play(tones.ring_back(), loop=True)
            again = asyncio.ensure_future(talk.couplings.join(talk.caller.leg, talk.called.leg))
            await silence(talk.caller)
            again.cancel()

    async def test_a_moved_phone_is_heard_where_it_is_now(self) -> None:
        async with pair() as talk:
            media = talk.caller.phone._media.open()
            sound = talk.caller.call._sound
            moved = talk.caller.call.session.local_sdp.replace(
                b"%d RTP" % sound.media.port, b"%d RTP" % media.port
            )
            assert sound.audio is not None
            remote = sound.audio.remote
            media.connect(remote, law="PCMU", payload_type=0, event_payload_type=101,
                          detect_inband=False)  # fmt: skip
            heard = bytearray()
            media.record(lambda offset, ulaw: heard.extend(ulaw))
            sound.media.close()
            with talk.caller.phone.driver.turn() as now:
                talk.caller.call.session.reoffer(moved, now)
            media.play(SPEECH)
            talk.called.speak(SPEECH)
            await eventually(lambda: hears(talk.called, SPEECH) and SPEECH in heard)


@pytest.mark.rule("CALL-01")
class TestKeys:
    async def test_events_arrive_once(self) -> None:
        async with pair() as talk:
            await talk.caller.call.press("12#")
            await talk.called.call.press("9")
            await eventually(lambda: talk.called.pressed == list("12#"))
            await eventually(lambda: talk.caller.pressed == ["9"])

    async def test_events_become_tones_for_who_takes_none(self) -> None:
        async with pair(called=NO_EVENTS) as talk:
            talk.called.call._sound.media.on_key = lambda key, at: talk.called.pressed.append(key)
            await talk.caller.call.press("159*", gap_ms=150)
            await eventually(lambda: talk.called.pressed == list("159*"))

    async def test_tones_stay_tones(self) -> None:
        async with pair(called=NO_EVENTS) as talk:
            pressed: list[str] = []
            talk.called.leg.on_key = pressed.append
            await talk.called.call.press("42")
            await eventually(lambda: pressed == list("42"))
            assert talk.caller.pressed == []

    async def test_a_flood_of_keys_by_info_leaves_what_a_hand_can_key(self) -> None:
        """It must neither fill the memory nor ring in the other's ear for an hour."""
        async with pair() as talk:
            half = Half(talk.called.leg)
            for _ in range(10_000):
                half.press("5")
            assert len(half.keys) == MOST_KEYS

    async def test_keys_by_info_become_events(self) -> None:
        async with pair() as talk:
            with talk.caller.phone.driver.turn() as now:
                for key in b"7", b"8", b"9":
                    talk.caller.call.session.info("application/dtmf", key, now)
            await eventually(lambda: sorted(talk.called.pressed) == list("789"))

    async def test_an_info_of_another_kind_reaches_the_other_phone(self) -> None:
        async with pair() as talk:
            answers: list[int] = []
            session = talk.caller.call.session
            with talk.caller.phone.driver.turn() as now:
                session.core.send_in_dialog(
                    session.require_dialog(),
                    "INFO",
                    _Answers(answers),
                    now,
                    body=b"<x/>",
                    content_type="application/media_control+xml",
                )
            await eventually(lambda: answers == [415])
            assert talk.called.informed == [b"<x/>"]
            assert talk.called.pressed == []

    async def test_keys_are_told_without_what_they_are(self) -> None:
        """They may be a number and a code that a party's bank asks for."""
        async with pair() as talk:
            await talk.caller.call.press("12")
            with talk.called.phone.driver.turn() as now:
                talk.called.call.session.info("application/dtmf", b"7", now)
            await eventually(lambda: talk.called.pressed == ["1", "2"])
            await eventually(lambda: talk.caller.pressed == ["7"])
            told = talk.board.events.of("key.pressed")
            assert [facts["key"] for facts in told] == [HIDDEN] * 3


@pytest.mark.rule("CALL-01")
class TestHold:
    async def test_who_is_held_hears_so_until_it_is_over(self) -> None:
        async with pair() as talk:
            for holder, held in ((talk.caller, talk.called), (talk.called, talk.caller)):
                await holder.offers(b"sendonly")
                await eventually(partial(hears, held, tones.hold()[:1000]))
                await holder.offers(b"sendrecv")
                await silence(held)
                holder.speak(SPEECH)
                await eventually(partial(hears, held, SPEECH))

    async def test_without_a_tone_the_holder_is_heard(self) -> None:
        async with pair(settings=CouplingSettings(hold_tone=False)) as talk:
            await talk.caller.offers(b"sendonly")
            talk.caller.speak(SPEECH)
            await eventually(lambda: hears(talk.called, SPEECH))
            assert not hears(talk.called, tones.hold()[:1000])

    async def test_both_hold(self) -> None:
        async with pair() as talk:
            await talk.caller.offers(b"inactive")
            await talk.called.offers(b"inactive")
            await talk.caller.offers(b"sendrecv")
            await eventually(lambda: hears(talk.caller, tones.hold()[:1000]))
            await talk.called.offers(b"sendrecv")
            await silence(talk.caller)
            talk.called.speak(SPEECH)
            await eventually(lambda: hears(talk.caller, SPEECH))

    async def test_both_at_once(self) -> None:
        async with pair() as talk:
            before = [party.call.session.remote_sdp for party in (talk.caller, talk.called)]
            talk.caller.direct(b"sendonly")
            talk.called.direct(b"sendonly")
            await eventually(lambda: talk.caller.call.session.remote_sdp != before[0])
            await eventually(lambda: talk.called.call.session.remote_sdp != before[1])
            assert talk.caller.leg.sound.held
            assert talk.called.leg.sound.held

    @pytest.mark.rule("CALL-02")
    async def test_nobody_need_speak_while_held(self) -> None:
        async with pair() as talk:
            assert talk.called.leg.silent_since() is not None
            await talk.caller.offers(b"inactive")
            assert talk.caller.leg.silent_since() is None
            assert talk.called.leg.silent_since() is None
            resumed_at = asyncio.get_running_loop().time()
            await talk.caller.offers(b"sendrecv")
            since = talk.called.leg.silent_since()
            assert since is not None
            assert since >= resumed_at


@pytest.mark.rule("CALL-01")
class TestEndings:
    async def test_the_called_party_hangs_up(self) -> None:
        async with pair() as talk:
            with talk.called.phone.driver.turn() as now:
                talk.called.call.session.hang_up(now, 'Q.850;cause=31;text="bye"')
            assert await talk.joined is JoinEnd.FAR_HUNG_UP
            assert talk.caller.leg.ticket.ending is Cause.FAR_HUNG_UP
            assert talk.caller.leg.farewell == 'Q.850;cause=31;text="bye"'
            assert len(talk.couplings) == 0

    async def test_the_called_party_is_lost(self) -> None:
        async with pair() as talk:
            talk.called.leg.ticket.ending = Cause.NO_MEDIA
            talk.called.leg.hang_up()
            assert await talk.joined is JoinEnd.FAR_LOST
            assert talk.caller.leg.ticket.ending is Cause.NO_MEDIA

    async def test_the_callers_hang_up_cancels(self) -> None:
        async with pair() as talk:
            talk.caller.call.hang_up()
            await asyncio.wait([talk.joined])
            assert talk.joined.cancelled()
            assert talk.called.leg.ticket.ending is Cause.FAR_HUNG_UP
            assert talk.called.leg.farewell == "Q.850;cause=16"
            assert talk.called.leg.coupling is None

    async def test_who_is_gone_already_is_joined_no_more(self) -> None:
        async with pair() as talk:
            talk.called.call.hang_up()
            await talk.joined
            again = talk.couplings.join(talk.caller.leg, talk.called.leg)
            assert await again is JoinEnd.FAR_HUNG_UP

    async def test_nobody_is_sent_elsewhere_where_that_is_not_served(self) -> None:
        async with pair() as talk:
            session = talk.caller.call.session
            answers: list[int] = []
            user = _Answers(answers)
            with talk.caller.phone.driver.turn() as now:
                session.core.send_in_dialog(
                    session.require_dialog(),
                    "REFER",
                    user,
                    now,
                    headers=[("Refer-To", "<sip:0312345678@127.0.0.1>")],
                )
            await eventually(lambda: answers == [403])


class _Answers:
    """Notes the final responses to a request."""

    def __init__(self, answers: list[int]) -> None:
        self._answers = answers

    def on_response(self, transaction: object, response: object, now: float) -> None:
        self._answers.append(getattr(response, "status"))  # noqa: B009

    def on_failure(self, transaction: object, status: int, now: float) -> None:
        self._answers.append(status)
