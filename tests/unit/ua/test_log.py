from ivr.ua.log import Sparing


def test_a_flood_becomes_a_few_lines_and_a_count() -> None:
    sparing = Sparing(most=3, window_s=1.0)
    admitted = [sparing.admit(10.0 + n / 1000) for n in range(100)]
    assert admitted == [0, 0, 0] + [None] * 97
    assert sparing.admit(11.5) == 97
    assert sparing.admit(11.6) == 0
