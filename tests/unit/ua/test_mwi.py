"""The message lamp on a real socket: who may watch which box, and what the phone is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from ivr.sip.digest import ha1
from ivr.sip.events import Flow
from ivr.sip.message import Request
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.authentication import AuthenticationPolicy, Authenticator
from ivr.ua.callers import Callers
from ivr.ua.message_summary import PACKAGE
from ivr.ua.mwi import LampPolicy, MessageLamps
from ivr.ua.mwi_unasked import Heralds
from ivr.ua.ways import Way
from provisioning.contract import E164, Account, Counts, LineStatus
from tests.support.fakes import InMemoryDirectory
from tests.support.lamps import CountedBoxes, Watcher
from tests.support.switchboard import (
    ACCOUNT,
    LINE,
    NUMBER,
    PASSWORD,
    USER,
    Switchboard,
    switchboard,
)
from tests.support.user_agents import REALM
from tests.support.waiting import until

pytestmark = pytest.mark.rule("VM-07")

SUSPENDED = replace(LINE, number=E164("+819000000006"), status=LineStatus.SUSPENDED)
PLAIN = replace(LINE, number=E164("+819000000007"))


def account(user: str, line: E164) -> Account:
    known = {name: ha1(user, REALM, PASSWORD, name) for name in ("SHA-256", "MD5")}
    return replace(ACCOUNT, user=user, line=line, ha1=known)


DIRECTORY = InMemoryDirectory(
    [LINE, SUSPENDED, PLAIN],
    [
        ACCOUNT,
        account("second", NUMBER),
        account("suspended", SUSPENDED.number),
        account("plain", PLAIN.number),
    ],
)


@dataclass
class House:
    """The lamps of a switchboard, and the boxes they show."""

    board: Switchboard
    boxes: CountedBoxes
    lamps: MessageLamps

    def body(self, new: int, saved: int) -> bytes:
        host, port = self.board.address
        waiting = "yes" if new else "no"
        return (
            f"Messages-Waiting: {waiting}\r\nMessage-Account: sip:1417@{host}:{port}\r\n"
            f"Voice-Message: {new}/{saved} (0/0)\r\n"
        ).encode()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    brief = Timing(t1_s=0.02, t2_s=0.1, t4_s=0.1)
    async with switchboard(settings=EndpointSettings(timing=brief)) as board:
        boxes = CountedBoxes()
        boxes.rows[NUMBER] = Counts(2, 3)
        policy = AuthenticationPolicy(REALM)
        callers = Callers(
            Authenticator(DIRECTORY, policy, board.notes, board.trunks), DIRECTORY, board.trunks
        )
        board.endpoint.challenge_with(callers.challenge)
        lamps = MessageLamps(
            board.driver,
            callers,
            DIRECTORY,
            boxes.port,
            lambda line: "1417",
            LampPolicy(per_user=2),
            board.notes,
        )
        boxes.watchers.append(lamps.changed)
        board.agent.tell_of(PACKAGE, lamps.received, lamps.ended, lambda event: None)
        yield House(board, boxes, lamps)
        await lamps.close()


@pytest.fixture
async def phone(house: House) -> AsyncIterator[Watcher]:
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(
        Watcher, local_addr=("127.0.0.1", 0), remote_addr=house.board.address
    )
    yield phone
    await house.lamps.close()
    await asyncio.to_thread(until, lambda: not len(house.lamps), "the last NOTIFY")
    transport.close()


def state(notify: Request) -> str:
    return notify.headers.get("Subscription-State") or ""


async def test_a_phone_is_told_at_once_and_of_each_change(house: House, phone: Watcher) -> None:
    answer = await phone.subscribe()
    assert (answer.status, answer.headers.get("Expires")) == (200, "600")
    first = await phone.notified()
    assert first.body == house.body(2, 3)
    assert first.headers.get("Event") == "message-summary"
    assert first.headers.get("Content-Type") == "application/simple-message-summary"
    house.boxes.now_has(NUMBER, 3, 3)
    assert (await phone.notified()).body == house.body(3, 3)
    house.boxes.now_has(NUMBER, 0, 6)
    assert (await phone.notified()).body == house.body(0, 6)
    house.boxes.now_has(PLAIN.number, 1)
    assert phone.told.empty()


async def test_a_phone_that_is_slow_is_told_the_newest_alone(house: House, phone: Watcher) -> None:
    phone.says = None
    await phone.subscribe()
    first = await phone.notified()
    for new in range(20):
        house.boxes.now_has(NUMBER, new)
    phone.says = 200
    told = await phone.notified()
    assert told.body == house.body(19, 0)
    assert told.cseq.number == first.cseq.number + 1


async def test_a_change_while_the_counts_are_asked_is_not_lost(
    house: House, phone: Watcher
) -> None:
    house.boxes.held = asyncio.Event()
    asking = asyncio.create_task(phone.subscribe())
    lamps = house.lamps._lamps
    await asyncio.to_thread(until, lambda: lamps, "the question")
    house.boxes.now_has(NUMBER, 7, 7)
    house.boxes.held.set()
    assert (await asking).status == 200
    assert (await phone.notified()).body == house.body(7, 7)


@pytest.mark.parametrize("to", [USER, "%2B819000000001"])
async def test_a_phone_names_its_own_box_by_user_or_number(
    house: House, phone: Watcher, to: str
) -> None:
    assert (await phone.subscribe(to=to)).status == 200
    await phone.notified()


@pytest.mark.parametrize(
    ("user", "to", "status"),
    [
        (USER, "09000000007", 403),
        (USER, "plain", 403),
        (USER, "1417", 403),
        ("suspended", "suspended", 403),
        ("plain", "plain", 404),
    ],
    ids=["another line", "another account", "a code", "suspended", "no voicemail"],
)
async def test_nobody_watches_another_ones_box(
    house: House, phone: Watcher, user: str, to: str, status: int
) -> None:
    assert (await phone.subscribe(user=user, to=to)).status == status
    assert phone.told.empty()
    assert len(house.lamps) == 0


async def test_a_wrong_password_is_challenged_again(house: House, phone: Watcher) -> None:
    assert (await phone.subscribe(user="nobody")).status == 401


@pytest.mark.parametrize("event", ["presence", "dialog", "", "message-summary.winfo"])
async def test_another_package_is_a_bad_event(house: House, phone: Watcher, event: str) -> None:
    answer = await phone.subscribe(event=event)
    assert (answer.status, answer.headers.get("Allow-Events")) == (489, "message-summary")


async def test_a_phone_that_reads_other_bodies_alone_is_refused(
    house: House, phone: Watcher
) -> None:
    assert (await phone.subscribe("Accept: application/pidf+xml")).status == 406
    assert (await phone.subscribe("Accept: text/plain, application/*;q=0.5")).status == 200
    await phone.notified()


async def test_too_brief_a_time_is_told_the_least(house: House, phone: Watcher) -> None:
    answer = await phone.subscribe(expires=10)
    assert (answer.status, answer.headers.get("Min-Expires")) == (423, "30")
    assert len(house.lamps) == 0


async def test_unsubscribing_turns_the_telling_off(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    assert (await phone.send(expires=0)).status == 200
    assert state(await phone.notified()) == "terminated;reason=timeout"
    await asyncio.to_thread(until, lambda: not len(house.lamps), "the end")
    house.boxes.now_has(NUMBER, 9)
    assert phone.told.empty()


async def test_without_storage_a_phone_is_to_come_later(house: House, phone: Watcher) -> None:
    house.boxes.away = True
    answer = await phone.subscribe()
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    assert len(house.lamps) == 0


async def test_a_phone_that_starts_anew_replaces_itself(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    phone.to_tag = ""
    await phone.subscribe(dialog="anew")
    told = [await phone.notified(), await phone.notified()]
    assert {state(each).partition(";")[0] for each in told} == {"active", "terminated"}
    await asyncio.to_thread(until, lambda: len(house.lamps) == 1, "the former one's end")


async def test_the_oldest_makes_room_above_the_limit(house: House, phone: Watcher) -> None:
    for port in ("9", "10", str(phone.port)):
        phone.to_tag = ""
        assert (await phone.subscribe(contact=port, dialog=port)).status == 200
    open_ones = [each for each in house.lamps._lines if not each.ended]
    assert len(open_ones) == 2
    told = [state(await phone.notified())]  # of the last alone: the ports of the others are shut
    assert told[0].startswith("active")


async def test_several_phones_of_a_line_are_told(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    phone.to_tag = ""
    await phone.subscribe(user="second", to="second", dialog="second", contact=str(phone.port))
    await phone.notified()
    await phone.notified()
    house.boxes.now_has(NUMBER, 1, 1)
    told = [await phone.notified(), await phone.notified()]
    assert [each.body for each in told] == [house.body(1, 1)] * 2


async def test_an_account_that_changed_subscribes_anew(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    house.lamps.forget_user("another")
    house.lamps.forget_user(USER)
    assert state(await phone.notified()) == "terminated;reason=deactivated"


async def test_a_line_that_is_gone_has_no_lamp(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    house.lamps.forget_line(NUMBER)
    assert state(await phone.notified()) == "terminated;reason=noresource"


async def test_after_the_storage_was_exchanged_all_are_told(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    house.boxes.rows[NUMBER] = Counts(5, 0)
    await house.lamps.reload()
    assert (await phone.notified()).body == house.body(5, 0)
    house.boxes.away = True
    await house.lamps.reload()
    house.boxes.away = False
    del house.boxes.rows[NUMBER]
    await house.lamps.reload()
    assert state(await phone.notified()) == "terminated;reason=noresource"


async def test_a_carrier_that_closes_says_when_to_come_back(house: House, phone: Watcher) -> None:
    await phone.subscribe()
    await phone.notified()
    await house.lamps.close()
    assert state(await phone.notified()) == "terminated;reason=probation;retry-after=10"
    phone.to_tag = ""
    assert (await phone.subscribe()).status == 503


async def test_what_a_phone_can_have_is_said_to_options(house: House, phone: Watcher) -> None:
    lines = (
        "OPTIONS sip:tokuban SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKoptions",
        "From: <sip:x@tokuban>;tag=1",
        "To: <sip:tokuban>",
        "Call-ID: o",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70",
        "Content-Length: 0",
    )
    phone.transport.sendto("\r\n".join(lines).encode() + b"\r\n\r\n")
    answer = await phone.answers.get()
    assert answer.headers.get("Allow-Events") == "message-summary"


class Told:
    """Who is asked by NOTIFY, and what each answers."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.held: asyncio.Event | None = None

    async def __call__(self, request: Request, flow: Flow) -> int:
        self.sent.append(request)
        if self.held is not None:
            await self.held.wait()
        return 200


FLOW = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.9", 5070))
WAY = Way("sip:x@192.0.2.9:5070", FLOW, USER, ("<sip:edge;lr>",))


def heralds(told: Told, house: House, *ways: Way, subscribed: bool = False) -> Heralds:
    return Heralds(
        told,
        house.boxes.port,
        lambda line: ways,
        lambda line, flow: subscribed,
        lambda flow: "192.0.2.1:5060",
        lambda line: "1417",
        "tokuban",
        house.board.notes,
    )


class TestUnasked:
    async def test_a_registered_phone_is_told(self, house: House) -> None:
        told = Told()
        made = heralds(told, house, WAY, Way("sip:y@192.0.2.9", None, USER))
        made.registered(NUMBER)
        await asyncio.to_thread(until, lambda: told.sent, "the NOTIFY")
        (notify,) = told.sent
        fields = notify.headers
        assert notify.uri == WAY.uri
        assert fields.get("Event") == "message-summary"
        assert fields.get("Subscription-State") == "active"
        assert fields.get("Route") == "<sip:edge;lr>"
        assert notify.to.uri.user == USER
        assert notify.body.decode().splitlines() == [
            "Messages-Waiting: yes",
            "Message-Account: sip:1417@192.0.2.1:5060",
            "Voice-Message: 2/3 (0/0)",
        ]
        await made.close()

    async def test_what_changes_meanwhile_is_told_once_at_its_newest(self, house: House) -> None:
        told = Told()
        told.held = asyncio.Event()
        made = heralds(told, house, WAY)
        for new in (1, 2, 3):
            made.changed(NUMBER, Counts(new, 0))
            await asyncio.sleep(0)
        told.held.set()
        await asyncio.to_thread(until, lambda: not made._tasks, "its end")
        counted = [each.body.splitlines()[2] for each in told.sent]
        assert counted == [b"Voice-Message: 1/0 (0/0)", b"Voice-Message: 3/0 (0/0)"]

    async def test_who_subscribed_is_told_by_that(self, house: House) -> None:
        told = Told()
        made = heralds(told, house, WAY, subscribed=True)
        made.changed(NUMBER, Counts(1, 0))
        await asyncio.sleep(0)
        assert not told.sent
        assert not made._tasks

    async def test_a_line_without_voicemail_is_told_nothing(self, house: House) -> None:
        told = Told()
        made = heralds(told, house, WAY)
        made.registered(PLAIN.number)
        await asyncio.to_thread(until, lambda: not made._tasks, "its end")
        assert not told.sent

    async def test_a_phone_is_known_by_its_flow(self, house: House, phone: Watcher) -> None:
        await phone.subscribe()
        await phone.notified()
        flow = Flow("UDP", house.board.address, ("127.0.0.1", phone.port))
        assert house.lamps.tells(NUMBER, flow)
        assert not house.lamps.tells(NUMBER, flow._replace(peer=("127.0.0.1", 9)))
        assert not house.lamps.tells(PLAIN.number, flow)
