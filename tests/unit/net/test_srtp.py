"""SRTP on a leg over real loopback sockets: what is heard, what is not, and keys that change."""

import socket
from collections.abc import AsyncIterator, Callable

import pytest
from pylibsrtp import Policy, Session

from ivr.media.rtp import Packet, build, parse
from ivr.net.media_engine import MediaEngine
from ivr.net.srtp import MOST_STREAMS, Opener, Sealed
from ivr.sip.sdes import Keys
from tests.unit.net.media_phone import PROMPT, Phone, join, locked, prompt_in, until

LEG_KEY, PHONE_KEY, LATER_KEY = (bytes([number]) * 30 for number in (1, 2, 3))
KEYS = Keys(LEG_KEY, PHONE_KEY)
NEVER = b"\x22" * 160


class SecurePhone(Phone):
    """A telephone that seals what it sends and opens what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.forged = 0
        self.use(PHONE_KEY)
        self._incoming = Session(Policy(key=LEG_KEY, ssrc_type=Policy.SSRC_ANY_INBOUND))

    def use(self, key: bytes) -> None:
        self._outgoing = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))

    def listen(self) -> list[Packet]:
        while True:
            try:
                packet = parse(self._incoming.unprotect(self.socket.recv(2048)))
            except (BlockingIOError, ConnectionRefusedError):
                return self.got
            assert packet is not None
            self.got.append(packet)

    def _send(self, payload: bytes, payload_type: int, timestamp: int) -> None:
        packet = Packet(False, payload_type, self.sequence, timestamp, self.ssrc, payload)
        self.socket.sendto(self._outgoing.protect(build(packet)), self.to)
        self.sequence = (self.sequence + 1) & 0xFFFF


@pytest.fixture
async def phone() -> AsyncIterator[SecurePhone]:
    made = SecurePhone()
    yield made
    made.close()


async def test_both_directions_are_sealed(engine: MediaEngine, phone: SecurePhone) -> None:
    leg = engine.open()
    heard: list[bytes] = []
    await locked(leg, phone, keys=KEYS)
    leg.record(lambda _, ulaw: heard.append(ulaw))
    leg.play(PROMPT * 3)
    phone.say(PROMPT)
    await until(lambda: prompt_in(phone.listen()) == 3 and PROMPT in heard, "sound both ways")
    assert leg.facts().malformed == 0


async def test_keys_are_heard(engine: MediaEngine, phone: SecurePhone) -> None:
    leg = engine.open()
    pressed: list[str] = []
    leg.on_key = lambda key, _: pressed.append(key)
    await locked(leg, phone, keys=KEYS)
    phone.press("5")
    await until(lambda: pressed == ["5"], "the key")


async def test_what_was_not_made_with_the_key_is_no_sound(
    engine: MediaEngine, phone: SecurePhone, phones: Callable[..., Phone]
) -> None:
    leg = engine.open()
    heard: list[bytes] = []
    leg.record(lambda _, ulaw: heard.append(ulaw))
    join(leg, phone, keys=KEYS)
    stranger = phones()
    stranger.to = phone.to
    for _ in range(10):
        stranger.say(NEVER)
    await until(lambda: leg.facts().malformed == 10, "ten forged packets")
    assert leg.facts().locked is None
    phone.say(PROMPT)
    await until(lambda: heard == [PROMPT], "the phone alone")


async def test_a_packet_is_heard_once(engine: MediaEngine, phone: SecurePhone) -> None:
    leg = engine.open()
    heard: list[bytes] = []
    leg.record(lambda _, ulaw: heard.append(ulaw))
    join(leg, phone, keys=KEYS)
    sealed = Session(Policy(key=PHONE_KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND)).protect(
        build(Packet(False, 0, 100, 5000, phone.ssrc, PROMPT))
    )
    for _ in range(3):
        phone.socket.sendto(sealed, phone.to)
    await until(lambda: leg.facts().malformed == 2, "two copies")
    assert heard == [PROMPT]


async def test_a_leg_is_relayed_between_srtp_and_rtp(
    engine: MediaEngine, phone: SecurePhone, phones: Callable[..., Phone]
) -> None:
    leg, other, plain = engine.open(), engine.open(), phones()
    await locked(leg, phone, keys=KEYS)
    await locked(other, plain)
    leg.relay_to(other)
    other.relay_to(leg)
    for _ in range(5):
        phone.say(PROMPT)
        plain.say(NEVER)
    await until(lambda: prompt_in(plain.listen()) == 5, "SRTP heard as RTP")
    await until(lambda: sum(p.payload == NEVER for p in phone.listen()) == 5, "RTP heard as SRTP")


async def test_a_new_key_of_the_peer_ends_the_old_one(
    engine: MediaEngine, phone: SecurePhone
) -> None:
    leg = engine.open()
    heard: list[bytes] = []
    await locked(leg, phone, keys=KEYS)
    leg.record(lambda _, ulaw: heard.append(ulaw))
    join(leg, phone, keys=Keys(LEG_KEY, LATER_KEY))
    phone.say(NEVER)
    await until(lambda: leg.facts().malformed == 1, "the old key's packet")
    phone.use(LATER_KEY)
    phone.say(PROMPT)
    leg.play(PROMPT)
    await until(lambda: heard == [PROMPT] and prompt_in(phone.listen()) == 1, "the new key's")


async def test_the_same_keys_again_change_nothing(engine: MediaEngine, phone: SecurePhone) -> None:
    leg = engine.open()
    await locked(leg, phone, keys=KEYS)
    wires = leg._wires.rtp
    join(leg, phone, keys=Keys(bytes(LEG_KEY), bytes(PHONE_KEY)))
    assert leg._wires.rtp is wires


async def test_reports_are_sealed_too(
    engine: MediaEngine, phone: SecurePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.net.media_leg.SETTLED_S", 0.0)
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        control.bind((phone.address[0], phone.address[1] + 1))
        control.setblocking(False)
        leg = engine.open()
        await locked(leg, phone, keys=KEYS)
        await until(lambda: leg._rtcp is not None, "the leg being settled")
        leg.close()
        opener = Session(Policy(key=LEG_KEY, ssrc_type=Policy.SSRC_ANY_INBOUND))
        goodbye: list[bytes] = []

        def came() -> bool:
            try:
                goodbye.append(control.recv(2048))
            except BlockingIOError:
                return False
            return True

        await until(came, "the goodbye")
        assert opener.unprotect_rtcp(goodbye[0])[1] in (200, 201)
    finally:
        control.close()


def test_a_phone_of_many_streams_fills_no_memory() -> None:
    opener = Opener(PHONE_KEY)
    sealer = Session(Policy(key=PHONE_KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    for sequence, ssrc in enumerate((*range(100), 99, 98, 3)):
        packet = build(Packet(False, 0, 200 + sequence, 1, ssrc, PROMPT))
        assert opener.rtp(sealer.protect(packet)) == packet
    kept = [int.from_bytes(ssrc, "big") for ssrc in opener.streams]
    assert kept == [93, 94, 95, 96, 97, 98, 99, 3]
    report = bytes.fromhex("80c90001") + (7).to_bytes(4, "big")
    assert opener.rtcp(sealer.protect_rtcp(report)) == report
    assert len(opener.streams) == MOST_STREAMS


def test_a_packet_that_cannot_be_sealed_costs_itself_alone() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        session = Session(Policy(key=LEG_KEY, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
        wire = Sealed(plain, session.protect, session.unprotect)
        with pytest.raises(OSError, match="too long"):
            wire.sendto(build(Packet(False, 0, 1, 1, 1, b"x" * 1500)), ("127.0.0.1", 9))
