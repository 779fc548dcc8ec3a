"""SUBSCRIBE and NOTIFY on the wire, against raw bytes (RFC 6665 §4, RFC 5057 §5.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ivr.sip.errors import WrongState
from ivr.sip.events import RequestReceived, SubscriptionEnded
from ivr.sip.headers import BadHeader
from ivr.sip.message import Request, Response
from ivr.sip.subscription import REST_S, Reason, Subscription, Terms
from ivr.sip.subscription_table import TABLE, Input, State
from tests.conformance.raw_wire import FLOW, Wire, branch, message

KIND = "application/simple-message-summary"
EVENT = "Event: message-summary;id=7\r\n"


@dataclass
class Phone:
    """A phone made of strings, and what the endpoint's user agent does for it."""

    wire: Wire = field(default_factory=Wire)
    to: str = "<sip:1429@192.0.2.2>"
    asked: int = 0
    heard: list[Request] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)

    def subscribe(self, expires: str = "600", event: str = EVENT) -> None:
        """Send a SUBSCRIBE, in the dialog once there is one."""
        self.asked += 1
        said = f"Expires: {expires}\r\n" if expires else ""
        data = message(
            "SUBSCRIBE",
            via=branch(f"s{self.asked}"),
            to=self.to,
            cseq=str(self.asked),
            extra=event + said,
            body=b"",
        )
        self.take(self.wire.send(data))

    def take(self, sent: list[Request | Response]) -> None:
        self.heard += [each for each in sent if isinstance(each, Request)]
        self.answers += [each for each in sent if isinstance(each, Response)]

    def begin(self, expires: str = "600", body: bytes = b"one") -> Subscription:
        """Subscribe, and have it accepted."""
        self.subscribe(expires)
        subscription = self.asking()
        subscription.accept(body, KIND, self.wire.now)
        self.take(self.wire.sent())
        self.to = self.answers[-1].headers.get("To") or ""
        return subscription

    def asking(self, terms: Terms | None = None) -> Subscription:
        (event,) = (each for each in self.wire.events if isinstance(each, RequestReceived))
        self.wire.events.clear()
        return self.wire.endpoint.subscription(event.transaction, terms or Terms())

    def answer(self, status: int = 200, extra: str = "") -> None:
        """Answer the last NOTIFY."""
        notify = self.heard[-1]
        fields = {
            name: notify.headers.get(name) or ""
            for name in ("Via", "From", "To", "Call-ID", "CSeq")
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        data = f"SIP/2.0 {status} Said\r\n{head}{extra}Content-Length: 0\r\n\r\n"
        self.take(self.wire.send(data))

    @property
    def states(self) -> list[str]:
        return [notify.headers.get("Subscription-State") or "" for notify in self.heard]


@pytest.fixture
def phone() -> Phone:
    return Phone()


class TestBeginning:
    def test_the_state_of_things_is_told_at_once(self, phone: Phone) -> None:
        phone.begin()
        (accepted,) = phone.answers
        assert accepted.status == 200
        assert accepted.headers.get("Expires") == "600"
        assert accepted.contacts  # it makes a dialog
        assert accepted.to_tag
        (notify,) = phone.heard
        assert notify.body == b"one"
        assert notify.headers.get("Content-Type") == KIND
        assert notify.headers.get("Event") == "message-summary;id=7"
        assert phone.states == ["active;expires=600"]
        assert notify.uri == "sip:phone@198.51.100.7:40000"
        assert notify.from_tag == accepted.to_tag
        assert notify.to_tag == "phone"
        assert notify.contacts

    def test_without_expires_the_package_says_how_long(self, phone: Phone) -> None:
        phone.begin(expires="")
        assert phone.answers[0].headers.get("Expires") == "3600"

    def test_too_long_is_shortened(self, phone: Phone) -> None:
        phone.begin(expires="999999")
        assert phone.answers[0].headers.get("Expires") == "7200"

    def test_too_brief_is_told_the_least(self, phone: Phone) -> None:
        phone.begin(expires="29")
        (refused,) = phone.answers
        assert (refused.status, refused.headers.get("Min-Expires")) == (423, "30")
        assert not phone.heard
        assert phone.wire.endpoint.census().dialogs == 0

    def test_an_hour_is_never_too_brief(self, phone: Phone) -> None:
        phone.subscribe("3600")
        subscription = phone.asking(Terms(7200, 7200, 7200))
        subscription.accept(b"one", KIND, phone.wire.now)
        phone.take(phone.wire.sent())
        assert phone.answers[0].status == 200

    def test_asking_for_no_time_fetches_the_state_once(self, phone: Phone) -> None:
        subscription = phone.begin(expires="0")
        assert phone.answers[0].headers.get("Expires") == "0"
        assert phone.states == ["terminated;reason=timeout"]
        assert phone.heard[0].body == b"one"
        phone.answer()
        assert subscription.state is State.OVER
        assert phone.wire.endpoint.census().dialogs == 0

    def test_a_refused_one_leaves_nothing(self, phone: Phone) -> None:
        phone.subscribe()
        subscription = phone.asking()
        subscription.refuse(403, phone.wire.now)
        phone.take(phone.wire.sent())
        assert phone.answers[0].status == 403
        assert phone.wire.endpoint.census().dialogs == 0
        with pytest.raises(WrongState):
            subscription.accept(b"", KIND, phone.wire.now)

    def test_one_without_contact_makes_no_dialog(self, phone: Phone) -> None:
        data = message("SUBSCRIBE", extra=EVENT, body=b"", contact="")
        phone.wire.send(data)
        with pytest.raises(BadHeader):
            phone.asking()


class TestTelling:
    def test_what_changes_is_told(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.answer()
        phone.wire.wait(100.0)
        subscription.tell(b"two", phone.wire.now)
        phone.take(phone.wire.sent())
        assert phone.heard[-1].body == b"two"
        assert phone.states[-1] == "active;expires=500"
        assert phone.heard[-1].cseq.number == phone.heard[0].cseq.number + 1

    def test_what_stays_the_same_is_not(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.answer()
        subscription.tell(b"one", phone.wire.now)
        assert phone.wire.sent() == []

    def test_one_is_under_way_at_a_time_and_the_newest_follows(self, phone: Phone) -> None:
        subscription = phone.begin()
        for body in (b"two", b"three", b"four"):
            subscription.tell(body, phone.wire.now)
        phone.take(phone.wire.sent())
        assert len(phone.heard) == 1
        phone.answer()
        assert [notify.body for notify in phone.heard] == [b"one", b"four"]
        phone.answer()
        assert len(phone.heard) == 2

    def test_a_lost_notify_is_sent_again(self, phone: Phone) -> None:
        phone.begin()
        again = phone.wire.wait(0.6)
        assert [each.encode() for each in again] == [phone.heard[0].encode()]


class TestRefreshing:
    def test_it_lasts_anew_and_is_told_again(self, phone: Phone) -> None:
        phone.begin()
        phone.answer()
        phone.wire.wait(500.0)
        phone.subscribe("600")
        assert phone.answers[-1].status == 200
        assert phone.states == ["active;expires=600"] * 2
        phone.answer()
        assert phone.wire.wait(590.0) == []
        assert phone.wire.endpoint.census().dialogs == 1

    def test_one_that_comes_meanwhile_is_told_once_more(self, phone: Phone) -> None:
        phone.begin()
        phone.subscribe("300")
        assert len(phone.heard) == 1
        phone.answer()
        assert phone.states == ["active;expires=600", "active;expires=300"]

    def test_too_brief_a_one_changes_nothing(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.answer()
        phone.subscribe("5")
        assert phone.answers[-1].status == 423
        assert subscription.state is State.WAITING

    def test_another_package_or_id_is_another_subscription(self, phone: Phone) -> None:
        phone.begin()
        phone.subscribe("600", event="Event: message-summary;id=8\r\n")
        assert phone.answers[-1].status == 481

    def test_an_old_request_is_out_of_order(self, phone: Phone) -> None:
        phone.begin()
        phone.answer()
        phone.asked = 0
        phone.wire.wait(40.0)
        phone.subscribe()
        assert phone.answers[-1].status == 500

    def test_nothing_but_subscribe_belongs_into_its_dialog(self, phone: Phone) -> None:
        phone.begin()
        data = message("BYE", via=branch("bye"), to=phone.to, cseq="9", body=b"")
        assert phone.wire.status(data) == 481

    @pytest.mark.parametrize("host", ["198.51.100.7", "198.51.100.8"])
    def test_a_new_port_is_followed_and_another_host_is_nobody(
        self, phone: Phone, host: str
    ) -> None:
        subscription = phone.begin()
        phone.answer()
        moved = FLOW._replace(peer=(host, 41000))
        data = message(
            "SUBSCRIBE",
            via=branch("moved"),
            to=phone.to,
            cseq="2",
            extra=EVENT + "Expires: 600\r\n",
            body=b"",
            contact=f"Contact: <sip:phone@{host}:41000>\r\n",
        )
        phone.take(phone.wire.send(data, moved))
        if moved.peer[0] != FLOW.peer[0]:
            assert phone.answers[-1].status == 481
            assert subscription.contact == "sip:phone@198.51.100.7:40000"
            return
        assert phone.heard[-1].uri == "sip:phone@198.51.100.7:41000"
        assert phone.wire.flows[-1].peer == ("198.51.100.7", 41000)
        assert subscription.contact == "sip:phone@198.51.100.7:41000"


class TestEnding:
    def over(self, phone: Phone, subscription: Subscription) -> None:
        assert subscription.state is State.OVER
        assert [e for e in phone.wire.events if isinstance(e, SubscriptionEnded)]
        phone.wire.wait(60.0)
        assert set(phone.wire.endpoint.census()) == {0}

    def test_its_time_runs_out(self, phone: Phone) -> None:
        subscription = phone.begin(expires="60")
        phone.answer()
        phone.take(phone.wire.wait(60.1))
        assert phone.states[-1] == "terminated;reason=timeout"
        phone.answer()
        self.over(phone, subscription)

    def test_the_phone_ends_it(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.answer()
        phone.subscribe("0")
        assert phone.answers[-1].headers.get("Expires") == "0"
        assert phone.states[-1] == "terminated;reason=timeout"
        assert phone.heard[-1].body == b"one"
        phone.answer()
        self.over(phone, subscription)

    def test_the_phone_ends_it_while_it_is_being_told(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.subscribe("0")
        assert len(phone.heard) == 1
        phone.subscribe("0")
        assert phone.answers[-1].status == 481  # it is over already
        phone.answer()
        assert phone.states[-1] == "terminated;reason=timeout"
        phone.answer()
        self.over(phone, subscription)

    def test_we_end_it_and_say_why(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.answer()
        subscription.close(Reason.PROBATION, phone.wire.now, retry_after_s=30)
        subscription.close(Reason.DEACTIVATED, phone.wire.now)
        phone.take(phone.wire.sent())
        assert phone.states[-1] == "terminated;reason=probation;retry-after=30"
        phone.subscribe("600")
        assert phone.answers[-1].status == 481
        phone.answer()
        self.over(phone, subscription)

    @pytest.mark.parametrize("status", [481, 404, 405, 489, 480, 604])
    def test_a_phone_that_knows_nothing_of_it_is_told_no_more(
        self, phone: Phone, status: int
    ) -> None:
        subscription = phone.begin()
        phone.answer(status)
        self.over(phone, subscription)

    def test_a_phone_that_is_gone_is_told_no_more(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.wire.wait(33.0)
        self.over(phone, subscription)

    def test_a_lost_connection_ends_it(self, phone: Phone) -> None:
        subscription = phone.begin()
        phone.wire.endpoint.transport_failed(FLOW, phone.wire.now)
        phone.wire.sent()
        self.over(phone, subscription)


class TestResting:
    @pytest.mark.parametrize(
        ("extra", "rest_s"),
        [
            ("", REST_S),
            ("Retry-After: 9 (busy)\r\n", 9.0),
            ("Retry-After: soon\r\n", REST_S),
            ("Retry-After: 86400\r\n", 60.0),
        ],
    )
    def test_a_phone_that_cannot_now_is_told_later(
        self, phone: Phone, extra: str, rest_s: float
    ) -> None:
        subscription = phone.begin()
        phone.answer(500, extra)
        subscription.tell(b"two", phone.wire.now)
        assert phone.wire.wait(rest_s - 0.1) == []
        phone.take(phone.wire.wait(0.2))
        assert [notify.body for notify in phone.heard] == [b"one", b"two"]
        phone.answer()
        assert subscription.state is State.WAITING

    def test_a_refresh_wakes_it(self, phone: Phone) -> None:
        phone.begin()
        phone.answer(503)
        phone.subscribe("600")
        assert len(phone.heard) == 2
        phone.answer()
        assert phone.wire.wait(10.0) == []

    def test_its_time_runs_out_meanwhile(self, phone: Phone) -> None:
        phone.begin(expires="30")
        phone.wire.wait(27.0)
        phone.answer(500)
        phone.take(phone.wire.wait(3.5))
        assert phone.states[-1] == "terminated;reason=timeout"


def test_every_state_is_reached_and_left() -> None:
    reached = {State.ASKED}
    for _ in State:
        reached |= {step.next for (state, _), step in TABLE.items() if state in reached}
    assert reached == set(State)
    assert {state for state, _ in TABLE} == set(State) - {State.OVER}


def test_what_is_unlisted_is_meant() -> None:
    """Nothing is told before it was accepted or after it is over; a clock that was stopped, or an
    answer to no NOTIFY, changes nothing."""
    unlisted = {(state, event) for state in State for event in Input} - set(TABLE)
    orders = {Input.ACCEPT, Input.FETCH, Input.REFUSE}
    answers = {Input.TAKEN, Input.NOT_NOW, Input.GONE}
    ended = {State.CLOSING, State.LAST}
    meant = {
        *((State.ASKED, event) for event in set(Input) - orders),
        *((State.OVER, event) for event in Input),
        *((state, event) for state in set(State) - {State.ASKED} for event in orders),
        *((state, event) for state in (State.WAITING, State.RESTING) for event in answers),
        *((state, Input.RESTED) for state in set(State) - {State.RESTING}),
        *((state, event) for state in ended for event in (Input.NEWS, Input.CLOSE, Input.EXPIRED)),
    }
    assert unlisted == meant
