"""What the signalling core is told of the settings."""

import pytest

from ivr.sip.core import Core
from ivr.sip.events import Flow
from lab.settings import MediaSettings, Settings
from lab.sip_settings import SipSettings
from lab.telephony_terms import call_policy, endpoint_settings_of
from lab.told_address import sound_settings_of

FLOW = Flow("TCP", ("127.0.0.1", 40123), ("127.0.0.1", 5071))


@pytest.mark.parametrize(
    ("port", "advertise", "seen"),
    [
        (0, "192.0.2.9", "192.0.2.9:40123"),
        (40123, "192.0.2.9", "192.0.2.9:40123"),
        (0, None, "127.0.0.1:40123"),
    ],
)
def test_the_port_advertised_is_one_that_is_listened_on(
    port: int, advertise: str | None, seen: str
) -> None:
    settings = endpoint_settings_of(Settings(sip=SipSettings(port=port, advertise=advertise)))
    core = Core(settings, lambda: "token", lambda: 0.5)
    assert core.sent_by(FLOW) == seen
    assert core.contact(FLOW) == f"<sip:{seen};transport=tcp>"


OUTSIDE, INSIDE = ("172.30.50.1", 40001), ("172.30.50.130", 5060)
BEHIND = SipSettings(host="172.30.50.10", advertise="192.0.2.9", inside="172.30.50.128/25")


@pytest.mark.parametrize(("peer", "told"), [(OUTSIDE, "192.0.2.9"), (INSIDE, "172.30.50.10")])
def test_phones_inside_are_told_the_inner_address_and_others_the_advertised(
    peer: tuple[str, int], told: str
) -> None:
    settings = Settings(sip=BEHIND)
    core = Core(endpoint_settings_of(settings), lambda: "token", lambda: 0.5)
    flow = Flow("UDP", ("172.30.50.10", 5060), peer)
    assert core.sent_by(flow) == f"{told}:5060"
    assert core.contact(flow) == f"<sip:{told}:5060>"
    assert sound_settings_of(settings).told(peer[0]) == told


def test_calls_are_granted_what_the_settings_say() -> None:
    given = Settings(
        sip=SipSettings(calls_per_user=7, lifeless_s=3.0),
        media=MediaSettings(silence_s=20, probe_s=33.0),
    )
    policy = call_policy(given)
    assert (policy.calls_per_user, policy.lifeless_s) == (7, 3.0)
    assert (policy.silence_s, policy.probe_s) == (20.0, 33.0)
