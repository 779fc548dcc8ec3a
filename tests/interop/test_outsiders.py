"""Requests within a call from another host than the phone's: whoever knows the tags proves more."""

from collections.abc import Iterator

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import Message, WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.rule("CALL-01")]

LINE, OTHER = lines.WIRE, lines.BARESIP
ELSEWHERE = "127.0.0.77"
BODIES = {"BYE": "", "INFO": "", "REFER": "", "MESSAGE": "hi"}
KINDS = {"MESSAGE": "text/plain"}


@pytest.fixture
def call(carrier: Carrier) -> Iterator[WireCall]:
    """A call that is up."""
    with (
        WirePhone(carrier.address, LINE.number, LINE.password) as phone,
        WireCall(phone, "1429") as call,
    ):
        assert call.dial().status == 200
        yield call


def says(call: WireCall, phone: WirePhone, method: str, password: str = "") -> Message:
    """A request of the call's by another phone; with a password after its challenge."""
    call.phone, phone.tag = phone, call.phone.tag
    call.cseq += 1
    body, kind = BODIES.get(method, call.sdp()), KINDS.get(method, "application/sdp")
    phone.send(call.text(method, call.cseq, body=body, content_type=kind))
    answer = phone.expect(*range(200, 700), method=method)
    if answer.status != 401 or not password:
        return answer
    if method == "INVITE":
        call.acknowledge(answer)
    call.cseq += 1
    proof = phone.credentials(answer, method, call.target)
    phone.send(call.text(method, call.cseq, extra=[proof], body=body, content_type=kind))
    return phone.expect(*range(200, 700), method=method)


def twin(call: WireCall, *, user: str = LINE.number, password: str = LINE.password) -> WirePhone:
    return WirePhone(call.phone.server, user, password, host=ELSEWHERE)


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO", "REFER"])
def test_an_outsider_with_the_right_tags_is_asked_for_a_password(
    call: WireCall, method: str
) -> None:
    own = call.phone
    with twin(call) as outsider:
        assert says(call, outsider, method).status == 401
    call.phone = own
    assert call.bye().status == 200


def test_another_subscriber_s_password_is_none(call: WireCall) -> None:
    own = call.phone
    with twin(call, user=OTHER.number, password=OTHER.password) as other:
        assert says(call, other, "BYE", OTHER.password).status == 403
    call.phone = own
    assert call.bye().status == 200


@pytest.mark.parametrize("method", ["BYE", "UPDATE"])
def test_a_phone_that_moved_proves_who_it_is(call: WireCall, method: str) -> None:
    with twin(call) as moved:
        assert says(call, moved, method, LINE.password).status == 200
        if method == "UPDATE":  # from now on it is known to be there
            assert says(call, moved, "BYE").status == 200


def test_a_phone_whose_nat_gave_it_another_port_goes_on(call: WireCall) -> None:
    with WirePhone(call.phone.server, LINE.number, LINE.password) as rebound:
        assert says(call, rebound, "BYE").status == 200


@pytest.mark.rule("CALL-04")
def test_a_message_within_the_call_is_asked_for_one_password_alone(call: WireCall) -> None:
    """One that came from elsewhere must not be judged twice: its credentials are good for once."""
    own = call.phone
    with twin(call) as moved:
        assert says(call, moved, "MESSAGE", LINE.password).status == 404  # 1429 is no line
    call.phone = own
    assert call.bye().status == 200
