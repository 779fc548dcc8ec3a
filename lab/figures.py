"""Telephony's figures for Prometheus; no label, so that their number is bounded."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lab.telephony_part import TelephonyPart


class TelephonyFigures(Collector):
    """Reads the running telephony at every scrape; nothing is counted twice or kept here."""

    def __init__(self, telephony: TelephonyPart) -> None:
        self._telephony = telephony

    def describe(self) -> list[Metric]:
        """Nothing before telephony runs."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Calls, registrations, sound and its punctuality."""
        telephony = self._telephony
        if telephony.calls is not None:
            yield _gauge("tokuban_calls", "Calls up or being set up.", len(telephony.calls))
            yield _count(
                "tokuban_calls_served", "Calls handed to a service.", telephony.calls.served
            )
        if telephony.registrar is not None:
            known = telephony.registrar.registered()
            yield _gauge("tokuban_registered_users", "SIP users with a living contact.", known)
        yield _count(
            "tokuban_messages_rejected", "Malformed, hostile or shed SIP.", telephony.rejected
        )
        waiting = telephony.messages_waiting
        yield _gauge("tokuban_messages_waiting", "Messages that no phone has yet.", waiting)
        yield _gauge("tokuban_lamps", "Phones that watch their voicemail.", telephony.lamps)
        yield from self._sound()

    def _sound(self) -> Iterator[Metric]:
        if self._telephony.media is None:
            return
        stats = self._telephony.media.stats()
        yield _gauge("tokuban_rtp_streams", "Streams being paced.", stats.streams)
        yield _gauge(
            "tokuban_rtp_free_ports", "Pairs of RTP ports that are free.", stats.free_ports
        )
        yield _count("tokuban_rtp_sent", "RTP packets sent.", stats.sent)
        yield _count("tokuban_rtp_skipped", "Rounds skipped after a stall.", stats.skipped_rounds)
        name, what = "tokuban_rtp_lateness_p99_seconds", "How late a phase was sent, p99."
        yield _gauge(name, what, stats.lateness_p99_ms / 1000)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _count(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)
