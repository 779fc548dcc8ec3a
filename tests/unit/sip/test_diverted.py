"""History-Info (RFC 7044) and Diversion (RFC 5806), built and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.diverted import (
    CAUSE_OF,
    MOST_HOPS,
    REASONS,
    Cause,
    Diverter,
    describe,
    diversions,
    history,
    hops,
    read,
)
from ivr.sip.headers import Headers
from ivr.sip.uri import Uri

ANNE = Uri.parse("sip:+819000000001@tokuban.example;user=phone")
BOB = Uri.parse("sip:+81312345678@tokuban.example")
CAROL = Uri.parse("sip:+819011112222@192.0.2.7:5070")

pytestmark = pytest.mark.rule("FWD-08")


def told(**fields: str) -> Headers:
    """Headers with `History-Info` and `Diversion` as given."""
    return Headers([(name.replace("_", "-"), value) for name, value in fields.items()])


def test_one_diversion_in_the_words_of_both_headers() -> None:
    once = [Diverter(ANNE, Cause.BUSY)]
    assert history(once, BOB) == [
        "<sip:+819000000001@tokuban.example;user=phone>;index=1",
        "<sip:+81312345678@tokuban.example;cause=486>;index=1.1;mp=1",
    ]
    assert diversions(once) == [
        "<sip:+819000000001@tokuban.example;user=phone>;reason=user-busy;privacy=off;counter=1"
    ]


def test_a_chain_is_told_oldest_first_and_latest_first() -> None:
    chain = [Diverter(ANNE, Cause.UNCONDITIONAL), Diverter(BOB, Cause.NO_REPLY, private=True)]
    assert history(chain, CAROL) == [
        "<sip:+819000000001@tokuban.example;user=phone>;index=1",
        "<sip:+81312345678@tokuban.example;cause=302?Privacy=history>;index=1.1;mp=1",
        "<sip:+819011112222@192.0.2.7:5070;cause=408>;index=1.1.1;mp=1.1",
    ]
    assert diversions(chain) == [
        "<sip:+81312345678@tokuban.example>;reason=no-answer;privacy=full;counter=1",
        "<sip:+819000000001@tokuban.example;user=phone>;reason=unconditional;privacy=off;counter=1",
    ]


def test_a_call_that_nobody_diverted_says_nothing() -> None:
    headers = told(History_Info="<sip:a@b>;index=1", Diversion="<sip:a@b>")
    describe(headers, [], BOB)
    assert "History-Info" not in headers
    assert "Diversion" not in headers
    assert read(headers) == ()
    assert hops(headers) == 0


addresses = st.sampled_from([ANNE, BOB, CAROL, Uri.parse("tel:+81312345678")])
causes = st.sampled_from([cause for cause in Cause if cause is not Cause.DEFLECTED_AT_ONCE])
chains = st.lists(st.builds(Diverter, addresses, causes, st.booleans()), max_size=12)


@given(chains, addresses)
def test_what_is_said_is_understood(chain: list[Diverter], target: Uri) -> None:
    headers = Headers()
    describe(headers, chain, target)
    assert read(headers) == tuple(chain)
    assert hops(headers) == len(chain)
    headers.remove("History-Info")
    assert read(headers) == tuple(chain)


@given(chains, addresses)
def test_history_alone_tells_a_chain_of_sip_addresses(chain: list[Diverter], target: Uri) -> None:
    if any(each.address.scheme == "tel" for each in chain):
        chain = [each for each in chain if each.address.is_sip]
    headers = Headers()
    describe(headers, chain, BOB if target.scheme == "tel" else target)
    headers.remove("Diversion")
    assert read(headers) == tuple(chain)


def test_a_counter_tells_of_diversions_that_nobody_named() -> None:
    headers = told(Diversion="<sip:a@b>;reason=no-answer;counter=4, <sip:c@d>;reason=away")
    assert [each.counter for each in read(headers)] == [1, 4]
    assert hops(headers) == 5


def test_the_header_that_knows_more_is_believed() -> None:
    headers = told(
        History_Info="<sip:a@b>;index=1, <sip:c@d;cause=302>;index=1.1;mp=1",
        Diversion="<sip:c@d>;reason=user-busy, <sip:a@b>;reason=unconditional",
    )
    assert [str(each.address) for each in read(headers)] == ["sip:a@b", "sip:c@d"]


def test_history_of_routing_alone_is_no_diversion() -> None:
    headers = told(History_Info="<sip:a@b>;index=1, <sip:a@192.0.2.4>;index=1.1;rc=1")
    assert hops(headers) == 0


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("unconditional", Cause.UNCONDITIONAL),
        ('"user-busy"', Cause.BUSY),
        ("No-Answer", Cause.NO_REPLY),
        ("follow-me", Cause.UNKNOWN),
        ("", Cause.UNKNOWN),
    ],
)
def test_reasons_are_read_as_causes(value: str, cause: Cause) -> None:
    (diverter,) = read(told(Diversion=f"<sip:a@b>;reason={value}"))
    assert diverter.cause is cause


@pytest.mark.parametrize(
    ("counter", "believed"),
    [("0", 1), ("3", 3), ("-3", 1), ("x", 1), ("99999", MOST_HOPS), ("9" * 40, MOST_HOPS)],
)
def test_no_counter_is_believed_beyond_reason(counter: str, believed: int) -> None:
    assert hops(told(Diversion=f"<sip:a@b>;counter={counter}")) == believed


def test_what_cannot_be_read_is_left_out() -> None:
    headers = told(Diversion="<sip:>;;, <sip:a@b>;reason=user-busy", History_Info="<sip:a@b")
    assert [str(each.address) for each in read(headers)] == ["sip:a@b"]
    assert len(read(told(Diversion=",".join(["<sip:a@b>"] * 500)))) == MOST_HOPS


@given(st.text(max_size=80), st.text(alphabet='<>;=,"sip:ab@c causeindexmp.1?', max_size=80))
def test_reading_is_total(one: str, other: str) -> None:
    for history_info, diversion in ((one, other), (other, one)):
        found = read(told(History_Info=history_info, Diversion=diversion))
        assert sum(each.counter for each in found) <= MOST_HOPS * MOST_HOPS


def test_reasons_and_causes_agree() -> None:
    assert set(REASONS) == set(Cause)
    assert all(REASONS[cause] == reason for reason, cause in CAUSE_OF.items())
