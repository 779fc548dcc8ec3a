"""What phones write for a number, reduced to its keys."""

import pytest

from ivr.numbering.dial_string import normalised


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("1429", "1429"),
        ("*100", "*100"),
        ("%23100", "#100"),
        ("%2a%32%331", "*231"),
        ("+819000000001", "+819000000001"),
        ("%2B81-90-0000-0001", "+819000000001"),
        ("+81 (90) 0000.0001", "+819000000001"),
        ("184+819000000001", "184+819000000001"),
        ("tel:1429", "1429"),
        ("TEL:+81-3-1234-5678;isub=1", "+81312345678"),
        ("110;phone-context=+81", "110"),
        ("1429;phone-context=ims.example", "1429"),
        ("1429;Phone-Context=%2B81", "1429"),
        ("+81312345678;phone-context=+1", "+81312345678"),
        (" 0312345678 ", "0312345678"),
    ],
)
def test_every_way_of_writing_a_number_means_its_keys(written: str, keys: str) -> None:
    assert normalised(written) == keys


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "alice",
        "+",
        "++81312345678",
        "0312345678+",
        "03123a5678",
        "\u0660\u0661\u0662",
        "\uff11\uff14\uff12\uff19",
        "14\r\n29",
        "%00",
        "%",
        "sip:1429",
        "tel:",
        "863-1234;phone-context=+1-914-555",
        "1" * 65,
        "-" * 1000 + "1",
        "185+81312345678",
    ],
)
def test_what_is_no_number_is_none(written: str) -> None:
    assert normalised(written) is None
