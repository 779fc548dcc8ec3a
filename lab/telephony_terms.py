"""What the settings say to each part of telephony, in that part's own words."""

from ivr.call.limits import CallLimits
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.authentication import AuthenticationPolicy
from ivr.ua.bindings import RegistrarLimits
from ivr.ua.policy import CallPolicy
from lab.settings import Settings
from lab.told_address import advertised

ALLOW = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK", "UPDATE", "REGISTER",
         "MESSAGE", "REFER", "SUBSCRIBE")  # fmt: skip
"""What the carrier answers today; other methods get 405 with this list."""


def call_policy(settings: Settings) -> CallPolicy:
    """What is granted calls, and when a party counts as gone."""
    return CallPolicy(
        settings.sip.calls_per_user,
        float(settings.media.silence_s),
        probe_s=settings.media.probe_s,
        lifeless_s=settings.sip.lifeless_s,
    )


def endpoint_settings_of(settings: Settings) -> EndpointSettings:
    """The signalling core's share of the settings."""
    sip = settings.sip
    return EndpointSettings(
        timing=Timing(t1_s=sip.t1_ms / 1000, t2_s=sip.t2_ms / 1000, t4_s=sip.t4_ms / 1000),
        session_expires_s=sip.session_expires_s,
        min_se_s=sip.min_session_expires_s,
        allow=ALLOW,
        user_agent=sip.user_agent,
        advertised=advertised(sip),
        inside=sip.networks_inside,
    )


def authentication(settings: Settings) -> AuthenticationPolicy:
    """How phones prove who they are."""
    return AuthenticationPolicy(
        realm=settings.sip.realm,
        nonce_life_s=float(settings.sip.nonce_life_s),
        algorithms=settings.sip.digest.algorithms,
        md5_agents=tuple(
            part.strip() for part in settings.sip.md5_agents.split(",") if part.strip()
        ),
    )


def registrar_limits(settings: Settings) -> RegistrarLimits:
    """What a REGISTER is granted."""
    sip = settings.sip
    return RegistrarLimits(
        default_expires_s=sip.registration_default_s,
        min_expires_s=sip.registration_min_s,
        max_expires_s=sip.registration_max_s,
        bindings_per_account=sip.contacts_per_user,
    )


def call_limits(settings: Settings) -> CallLimits:
    """How patient the network is with a caller."""
    ivr = settings.ivr
    return CallLimits(
        first_digit_s=ivr.first_digit_s,
        inter_digit_s=ivr.inter_digit_s,
        attempts=ivr.attempts,
        talkie_times=ivr.talkie_times,
        talkie_pause_s=ivr.talkie_pause_s,
        closing_pause_s=ivr.closing_pause_s,
        longest_call_s=ivr.longest_call_s,
        ring_s=ivr.ring_s,
        link_alive_s=ivr.link_alive_s,
        busy_tone_s=ivr.busy_tone_s,
        forwardings=ivr.forwardings,
    )
