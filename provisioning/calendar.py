"""Days in Japan: instants of business time as minutes of a day, and which days are holidays."""

from datetime import date
from functools import lru_cache

import jpholiday

from provisioning.contract import Moment
from provisioning.instants import in_japan


@lru_cache(4096)
def is_holiday(day: date) -> bool:
    """Whether a day is a national holiday.

    A holiday on a Sunday has its substitute (振替休日), and a day between two holidays is one
    (国民の休日): 国民の祝日に関する法律, article 3. Years whose equinoxes are not settled yet go
    by what `jpholiday` computes.
    """
    return bool(jpholiday.is_holiday(day))


def moment(seconds: float) -> Moment:
    """UTC epoch seconds as a minute of a day in Japan."""
    local = in_japan(seconds)
    return Moment(local.date(), local.hour * 60 + local.minute, is_holiday(local.date()))
