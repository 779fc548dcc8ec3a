"""Two phones that send their sound to each other, and come back."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from ivr.media import tones
from ivr.sip.events import Event, InfoReceived
from ivr.ua.coupling import Coupling
from ivr.ua.direct import Direct
from tests.contract.leg_contract import eventually
from tests.unit.ua.couples import (
    PLAIN,
    SPEECH,
    Pair,
    Party,
    hears,
    pair,
)


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


def looks_anew(direct: Direct, looking: asyncio.TimerHandle | None) -> bool:
    """Whether it was looked since then who goes on sending to the carrier."""
    return direct._looking is not None and direct._looking is not looking


def withheld(party: Party, offers: list[bytes]) -> Callable[[bytes], None]:
    """Have the phone answer no offer any more; what it would have done with one."""
    take = party.call.reoffered

    def keep(offer: bytes) -> None:
        offers.append(offer)

    party.call.reoffered = keep  # type: ignore[method-assign]
    return take


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

    @pytest.mark.parametrize("holder", ["caller", "called"])
    async def test_who_holds_is_answered_once_the_other_phone_is_back(self, holder: str) -> None:
        """Else sound that is on its way past us would reach a phone that is on hold."""
        async with pair(direct=True) as talk:
            await direct(talk)
            one, other = talk.caller, talk.called
            if holder == "called":
                one, other = other, one
            offers: list[bytes] = []
            take = withheld(other, offers)
            before = one.call.session.remote_sdp
            one.direct(b"sendonly")
            await eventually(lambda: bool(offers))
            assert one.call.session.remote_sdp == before
            take(offers[0])
            await eventually(lambda: one.call.session.remote_sdp != before)
            assert speaks_to(other) == ("127.0.0.1", other.leg.media.port)
            assert other.leg.sound.audio is not None
            assert one.leg.sound.held

    async def test_a_hold_that_was_withdrawn_changes_nothing(self) -> None:
        async with pair(direct=True) as talk:
            await direct(talk)
            offers: list[bytes] = []
            take = withheld(talk.called, offers)
            talk.caller.direct(b"sendonly")
            await eventually(lambda: bool(offers))
            talk.caller.call.hang_up()
            await asyncio.wait([talk.joined])
            take(offers[0])
            assert talk.board.faults == []

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

    async def test_those_that_go_on_sending_here_are_relayed_again(self) -> None:
        """As PJSIP does, if a packet of ours was the first it heard after the offer."""
        async with pair(direct=True) as talk:
            await direct(talk)
            for party in (talk.caller, talk.called):
                sound = party.call._sound
                assert sound.audio is not None
                sound._follow(sound.audio._replace(remote=("127.0.0.1", party.leg.media.port)))
            await eventually(lambda: apart(talk))
            await hear_each_other(talk)

    async def test_who_speaks_past_the_carrier_is_left_alone(self) -> None:
        async with pair(direct=True) as talk:
            await direct(talk)
            coupling = talk.caller.leg.coupling
            assert isinstance(coupling, Coupling)
            assert coupling._direct is not None
            for _ in range(3):
                looking = coupling._direct._looking
                await eventually(partial(looks_anew, coupling._direct, looking))
            await direct(talk)

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
