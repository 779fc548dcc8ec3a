"""Numbering is total, and writing a number otherwise does not change what it is."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.dial_string import normalised
from ivr.numbering.plan import (
    CALLING,
    FORWARDING_ABROAD,
    REFUSED_KINDS,
    CallerIdPrefix,
    Kind,
    NotForwardable,
    forwardable,
    kind_of,
    parse,
)
from provisioning.contract import E164, Line, OutOfRange
from provisioning.profiles.store import ProfileFiles
from provisioning.upkeep.model import check
from tests.support.scripted_call import DOCOMO, TOKYO

ANY_TEXT = st.text() | st.text(alphabet="0123456789*#+%;=-.() :abtelphone", max_size=80)
KEYS = st.text(alphabet="0123456789*#", max_size=24)
NATIONAL = st.from_regex(r"0[1-9][0-9]{8,9}", fullmatch=True)
PROFILE = ProfileFiles.load().of(DOCOMO.profile)
E164_FORM = re.compile(r"\+[1-9][0-9]{6,14}")


@given(ANY_TEXT)
def test_any_text_is_understood_or_invalid(text: str) -> None:
    understood = parse(text)
    assert re.fullmatch(r"\+?[0-9*#]*", understood.digits, re.ASCII)
    if understood.e164:
        assert E164_FORM.fullmatch(understood.e164)


@given(ANY_TEXT)
def test_normalising_is_a_fixed_point(text: str) -> None:
    keys = normalised(text)
    assert keys is None or normalised(keys) == keys


@given(NATIONAL)
def test_the_national_and_the_full_form_are_one_number(digits: str) -> None:
    national = parse(digits)
    if national.e164 and national.kind is not Kind.INTERNATIONAL:
        assert parse(national.e164) == national


@given(NATIONAL, st.lists(st.tuples(st.integers(0, 11), st.sampled_from("-.() ")), max_size=6))
def test_separators_mean_nothing(digits: str, marks: list[tuple[int, str]]) -> None:
    written = digits
    for place, mark in marks:
        written = written[:place] + mark + written[place:]
    assert parse(written) == parse(digits)


@given(KEYS.filter(lambda keys: keys[:3] not in {"184", "186"}), st.sampled_from(CallerIdPrefix))
def test_a_prefix_changes_nothing_but_itself(keys: str, prefix: CallerIdPrefix) -> None:
    plain, prefixed = parse(keys), parse(prefix.value + keys)
    assert (prefixed.digits, prefixed.kind, prefixed.e164) == (
        plain.digits,
        plain.kind,
        plain.e164,
    )
    assert prefixed.prefix is prefix


@given(KEYS | NATIONAL)
def test_what_may_be_forwarded_to_is_an_ordinary_number(digits: str) -> None:
    abroad = Line(DOCOMO.number, DOCOMO.profile, TOKYO, options=frozenset({FORWARDING_ABROAD}))
    try:
        target = forwardable(digits, abroad)
    except NotForwardable:
        return
    assert E164_FORM.fullmatch(target)
    assert target != DOCOMO.number
    assert parse(digits).kind not in REFUSED_KINDS
    assert parse(target).e164 == target


@given(
    NATIONAL | st.from_regex(r"0[35-9]0[0-9]{6,8}|0(120|180|570|800|990)[0-9]{5,8}", fullmatch=True)
)
def test_the_office_gives_lines_the_numbers_that_subscribers_have(digits: str) -> None:
    """The plan that calls are routed by, and the pattern that lines are made by, say the same."""
    line = Line(E164("+81" + digits[1:]), DOCOMO.profile, TOKYO)
    try:
        check(line, PROFILE)
    except OutOfRange:
        assert kind_of(digits) not in CALLING
    else:
        assert kind_of(digits) in CALLING
