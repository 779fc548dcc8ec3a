"""Two phones whose legs are coupled, on real loopback sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from ivr.call.party import JoinEnd
from ivr.media import tones
from ivr.media.g711 import FRAME_SAMPLES
from ivr.sip.events import Event, InfoReceived
from ivr.sip.offer_answer import Capabilities
from ivr.ua.causes import Cause
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.leg import InboundLeg
from ivr.ua.outbound import Answered, Phone, PhoneCall, PhoneSettings
from tests.contract.leg_contract import eventually
from tests.support.ports import free_range
from tests.support.switchboard import PASSWORD, USER, Switchboard, switchboard

EVENTS = Capabilities()
NO_EVENTS = Capabilities(("PCMA",), telephone_event=False)
PLAIN = Capabilities(("PCMU",), telephone_event=False)
SPEECH = bytes(range(1, 121)) * 30
"""No frame of it is like the next."""


@dataclass
class Party:
    """A phone, its call and the leg at the carrier."""

    phone: Phone
    call: PhoneCall
    leg: InboundLeg
    heard: bytearray = field(default_factory=bytearray)
    pressed: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.call.listen(lambda offset, ulaw: self.heard.extend(ulaw))
        self.call._sound.media.on_key = lambda key, timestamp: self.pressed.append(key)

    def speak(self, ulaw: bytes) -> None:
        self.call._sound.media.play(ulaw)

    def direct(self, direction: bytes) -> None:
        """Offer the present description anew, with another direction."""
        plain = self.call.session.local_sdp
        for word in (b"sendrecv", b"sendonly", b"recvonly", b"inactive"):
            plain = plain.replace(b"a=" + word, b"a=" + direction)
        with self.phone.driver.turn() as now:
            self.call.session.reoffer(plain, now)

    async def offers(self, direction: bytes) -> None:
        """As `direct`, and wait for the answer."""
        before = self.call.session.remote_sdp
        self.direct(direction)
        await eventually(lambda: self.call.session.remote_sdp != before)
        self.call._sound.accept(self.call.session.remote_sdp)


@dataclass
class Pair:
    """Two parties, and what joins them."""

    board: Switchboard
    caller: Party
    called: Party
    couplings: Couplings
    joined: asyncio.Task[JoinEnd]


@contextlib.asynccontextmanager
async def pair(
    called: Capabilities = EVENTS,
    settings: CouplingSettings | None = None,
    *,
    direct: bool = False,
) -> AsyncIterator[Pair]:
    async with switchboard() as board, contextlib.AsyncExitStack() as stack:
        parties = [await party(board, stack, each) for each in (EVENTS, called)]
        couplings = Couplings(board.driver, settings or CouplingSettings(), board.notes)
        first, second = parties
        second.leg.direct = direct
        joined = asyncio.ensure_future(couplings.join(first.leg, second.leg))
        await eventually(lambda: first.leg.coupling is not None)
        yield Pair(board, first, second, couplings, joined)
        joined.cancel()
        await asyncio.wait([joined])


async def party(
    board: Switchboard, stack: contextlib.AsyncExitStack, capabilities: Capabilities
) -> Party:
    settings = PhoneSettings(
        board.address, USER, PASSWORD, rtp_ports=free_range(40), capabilities=capabilities
    )
    phone = await Phone.open(settings)
    stack.push_async_callback(phone.close)
    call = phone.dial("09000000002")
    leg = await board.legs.get()
    await leg.answer()
    assert await call.outcome == Answered()
    party = Party(phone, call, leg)
    party.listen()
    return party


def hears(party: Party, ulaw: bytes) -> bool:
    return bytes(ulaw) in party.heard


async def silence(party: Party) -> None:
    """Wait until the party hears nothing but silence."""

    def silent() -> bool:
        return party.heard[-10 * FRAME_SAMPLES :].count(0xFF) == 10 * FRAME_SAMPLES

    party.heard.clear()
    await eventually(silent)


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

    async def test_keys_by_info_become_events(self) -> None:
        async with pair() as talk:
            with talk.caller.phone.driver.turn() as now:
                for key in b"7", b"8", b"9":
                    talk.caller.call.session.info("application/dtmf", key, now)
            await eventually(lambda: sorted(talk.called.pressed) == list("789"))

    async def test_an_info_of_another_kind_goes_nowhere(self) -> None:
        async with pair() as talk:
            with talk.caller.phone.driver.turn() as now:
                talk.caller.call.session.info("application/other", b"1", now)
            await talk.caller.call.press("5")
            await eventually(lambda: talk.called.pressed == ["5"])


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


def speaks_to(party: Party) -> tuple[str, int] | None:
    """Where the phone sends its sound."""
    audio = party.call._sound.audio
    return audio.remote if audio is not None else None


def address(party: Party) -> tuple[str, int]:
    return "127.0.0.1", party.call._sound.media.port


def apart(talk: Pair) -> bool:
    """Whether both phones send to the carrier, and the carrier to them."""
    return all(
        speaks_to(each) == ("127.0.0.1", each.leg.media.port) and each.leg.media.out.open
        for each in (talk.caller, talk.called)
    )


async def direct(talk: Pair) -> None:
    """Wait until the phones send to each other."""
    await eventually(lambda: speaks_to(talk.caller) == address(talk.called))
    await eventually(lambda: speaks_to(talk.called) == address(talk.caller))
    await eventually(lambda: not talk.caller.leg.media.out.open)
    await eventually(lambda: not talk.called.leg.media.out.open)


async def hear_each_other(talk: Pair) -> None:
    for speaker, listener in ((talk.caller, talk.called), (talk.called, talk.caller)):
        listener.heard.clear()
        speaker.speak(SPEECH)
        await eventually(partial(hears, listener, SPEECH))


class TestDirectMedia:
    async def test_phones_speak_past_the_carrier_until_one_holds(self) -> None:
        async with pair(direct=True) as talk:
            await direct(talk)
            await hear_each_other(talk)
            assert talk.caller.leg.silent_since() is None
            await talk.caller.offers(b"sendonly")
            await eventually(
                lambda: speaks_to(talk.called) == ("127.0.0.1", talk.called.leg.media.port)
            )
            await eventually(lambda: hears(talk.called, tones.hold()[:1000]))
            await talk.caller.offers(b"sendrecv")
            await eventually(lambda: apart(talk))
            await hear_each_other(talk)
            assert talk.caller.leg.silent_since() is not None

    @pytest.mark.parametrize("refuses", ["caller", "called"])
    async def test_one_that_refuses_stays_with_the_carrier(self, refuses: str) -> None:
        async with pair() as talk:
            talk.joined.cancel()
            await asyncio.wait([talk.joined])
            party = talk.caller if refuses == "caller" else talk.called
            offers = []

            def refuse(offer: bytes) -> None:
                offers.append(offer)
                with party.phone.driver.turn() as now:
                    party.call.session.refuse_reoffer(488, now)

            party.call.reoffered = refuse  # type: ignore[method-assign]
            talk.called.leg.direct = True
            again = asyncio.ensure_future(talk.couplings.join(talk.caller.leg, talk.called.leg))
            await eventually(lambda: bool(offers))
            await eventually(lambda: apart(talk))
            await hear_each_other(talk)
            assert len(offers) == 1
            again.cancel()

    async def test_phones_that_differ_stay_with_the_carrier(self) -> None:
        async with pair(called=PLAIN, direct=True) as talk:
            assert apart(talk)
            await hear_each_other(talk)
            assert apart(talk)

    async def test_keys_by_info_pass(self) -> None:
        async with pair(direct=True) as talk:
            await direct(talk)
            bodies: list[bytes] = []
            handle = talk.called.phone.driver._handle

            def note(event: Event) -> None:
                if isinstance(event, InfoReceived):
                    bodies.append(event.request.body)
                handle(event)

            talk.called.phone.driver._handle = note
            with talk.caller.phone.driver.turn() as now:
                talk.caller.call.session.info("application/dtmf", b"7", now)
            await eventually(lambda: bodies == [b"Signal=7\r\nDuration=160\r\n"])


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
