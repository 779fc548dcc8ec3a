"""Telephone numbers: national form and the groups they are read in."""

import pytest

from prompts.readings.area_codes import area_code_length
from prompts.readings.telephone import groups, written


@pytest.mark.parametrize(
    ("number", "as_written"),
    [
        ("+81312345678", "03-1234-5678"),
        ("+81662345678", "06-6234-5678"),
        ("+81112345678", "011-234-5678"),
        ("+81452345678", "045-234-5678"),
        ("+81422215678", "0422-21-5678"),
        ("+81429221234", "04-2922-1234"),
        ("+81471001234", "04-7100-1234"),
        ("+81466123456", "0466-12-3456"),
        ("+81499221234", "04992-2-1234"),
        ("+81154721234", "01547-2-1234"),
        ("+819000000001", "090-0000-0001"),
        ("+816012345678", "060-1234-5678"),
        ("+815000001234", "050-0000-1234"),
        ("+81120000003", "0120-000-003"),
        ("+818001234567", "0800-123-4567"),
        ("+81570012345", "0570-012-345"),
        ("0312345678", "03-1234-5678"),
        ("117", "117"),
        ("1429", "1429"),
        ("+12125550123", "010-1212-5550-123"),
    ],
)
def test_a_number_is_written_in_national_form(number: str, as_written: str) -> None:
    assert written(number) == as_written


@pytest.mark.parametrize(
    "number", ["", "+", "03-1234-5678", "０３", "+81 3", 312345678, None, "1" * 21]
)
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match="digits"):
        groups(number)


def test_an_unlisted_prefix_has_the_usual_four_digit_area_code() -> None:
    assert area_code_length("0166123456") == 4
