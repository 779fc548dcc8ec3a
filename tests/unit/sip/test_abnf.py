"""The shared grammar: RFC 3261 §25.1."""

import pytest

from ivr.sip.abnf import (
    GrammarError,
    decimal,
    format_parameters,
    is_token,
    parse_parameters,
    quote,
    split,
    unquote,
)


def test_quoting_is_undone_by_unquoting() -> None:
    text = 'say "no" \\ to\x07 it'
    assert unquote(quote(text)) == text


@pytest.mark.parametrize("text", ["plain", '"', '"half', 'half"', ""])
def test_unquoted_text_stays(text: str) -> None:
    assert unquote(text) == text


def test_split_heeds_quotes_and_brackets() -> None:
    assert split('"a, <b" <sip:x,y@z>;p="1,2" , sip:c', ",") == [
        '"a, <b" <sip:x,y@z>;p="1,2"',
        "sip:c",
    ]


@pytest.mark.parametrize("text", ['"open', "<sip:a", 'x, "y\\"', "a <b, c"])
def test_split_refuses_what_never_closes(text: str) -> None:
    with pytest.raises(GrammarError):
        split(text, ",")


def test_parameters() -> None:
    found = parse_parameters(' Tag = abc ;lr; q="a;b=c"')
    assert found == {"tag": "abc", "lr": None, "q": '"a;b=c"'}
    assert format_parameters(found) == ';tag=abc;lr;q="a;b=c"'


@pytest.mark.parametrize("text", ["", ";", "a;;b", "a=1;A=2", "=x", "a b=1"])
def test_broken_parameters(text: str) -> None:
    with pytest.raises(GrammarError):
        parse_parameters(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", "٣", "256", "9" * 5000, " 1"])
def test_no_decimal(text: str) -> None:
    with pytest.raises(GrammarError):
        decimal(text, 255)


def test_decimal_bounds() -> None:
    assert [decimal(text, 255) for text in ("0", "0068", "255")] == [0, 68, 255]


def test_tokens() -> None:
    assert is_token("INVITE")
    assert not is_token("")
    assert not is_token("a b")
    assert not is_token("é")


def test_a_hostile_quote_costs_no_time() -> None:
    """A pattern that backtracked would never come back from this."""
    with pytest.raises(GrammarError):
        split('"' + "\\\\a" * 20_000, ",")
