"""Instants as people and programs read them; kept are UTC epoch seconds."""

from datetime import UTC, datetime, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
"""Japan's time; it has had no summer time since 1951."""


def utc(seconds: float) -> datetime:
    """UTC epoch seconds as a date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def in_japan(seconds: float) -> datetime:
    """UTC epoch seconds as a date and time in Japan."""
    return datetime.fromtimestamp(seconds, JST)
