"""Why a call failed, as ISDN numbers it (ITU-T Q.850), by final response (RFC 3398 §8.2.6.1)."""

NORMAL_CLEARING = 16
USER_BUSY = 17
NO_ANSWER = 19
ABSENT = 20
"""The phone is switched off or out of reach."""
OUT_OF_ORDER = 27
UNSPECIFIED = 31
TEMPORARY_FAILURE = 41
TIMER_EXPIRED = 102
"""Recovery on timer expiry."""

_OF_STATUS = {
    400: 41,
    401: 21,
    402: 21,
    403: 21,
    404: 1,
    405: 63,
    406: 79,
    407: 21,
    408: 102,
    410: 22,
    413: 127,
    414: 127,
    415: 79,
    416: 127,
    420: 127,
    421: 127,
    423: 127,
    480: 18,
    481: 41,
    482: 25,
    483: 25,
    484: 28,
    485: 1,
    486: 17,
    487: 16,  # its CANCEL clears normally (§8.2.3 of the same RFC)
    488: 79,  # the codec: the RFC leaves it to the Warning header
    500: 41,
    501: 79,
    502: 38,
    503: 41,
    504: 102,
    505: 127,
    513: 127,
    580: 47,
    600: 17,
    603: 21,
    604: 1,
    606: 79,
}


def cause_of(status: int) -> int:
    """The cause number of a final response; 16 for a 2xx, 31 for one the RFC does not name."""
    if status < 300:
        return NORMAL_CLEARING
    return _OF_STATUS.get(status, UNSPECIFIED)
