"""Keys of SRTP: any text is read without harm, and what is written is read again."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.sip.sdes import KEY_OCTETS, SUITE, Crypto

WORDS = st.sampled_from([SUITE, "inline:", "|2^31", "|1:4", "WSH=64", " ", "A" * 40, "1", ";"])


@given(st.text() | st.lists(WORDS | st.text(max_size=5)).map("".join))
def test_reading_is_total_and_agrees_with_writing(text: str) -> None:
    crypto = Crypto.parse(text)
    if crypto is not None:
        assert len(crypto.key) == KEY_OCTETS
        assert Crypto.parse(crypto.value) == crypto


@given(st.integers(1, 999_999_999), st.binary(min_size=KEY_OCTETS, max_size=KEY_OCTETS))
def test_what_is_written_is_read_again(tag: int, key: bytes) -> None:
    assert Crypto.parse(Crypto(tag, key).value) == Crypto(tag, key)
