import pytest

from ivr.sip.settings import EndpointSettings
from ivr.ua.info_keys import KEY_TYPES, key_of


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= #\nDuration= 250", "#"),
        ("application/dtmf-relay", b"signal=10\r\n", "*"),
        ("application/dtmf-relay", b"Duration=250\r\nSignal=11\r\n", "#"),
        ("application/dtmf", b"7", "7"),
        ("application/dtmf", b"a\r\n", "A"),
        ("application/dtmf", b"11", "#"),
        ("application/dtmf-relay", b"Duration=160\r\n", None),
        ("application/dtmf-relay", b"Signal=12345\r\n", None),
        ("application/dtmf", b"", None),
        ("application/dtmf", b"\xff\xfe", None),
        ("application/media_control+xml", b"5", None),
    ],
)
def test_keys_in_info(content_type: str, body: bytes, key: str | None) -> None:
    assert key_of(content_type, body) == key


def test_every_kind_that_is_read_is_taken() -> None:
    assert EndpointSettings().info == KEY_TYPES
