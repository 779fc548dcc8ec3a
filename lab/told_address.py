"""Which address of the carrier its phones are told, in SIP and for their sound."""

from ivr.ua.sound import SoundSettings, Srtp
from lab.settings import Settings
from lab.sip_settings import SipSettings


def advertised(sip: SipSettings) -> dict[str, tuple[str, int]]:
    """Host and port by transport, where phones reach the carrier by another address.

    Port 0: the one a transport listens on.
    """
    if sip.advertise is None:
        return {}
    plain = dict.fromkeys(("UDP", "TCP"), (sip.advertise, sip.port))
    return plain | dict.fromkeys(("TLS", "WS", "WSS"), (sip.advertise, 0))


def sound_settings_of(settings: Settings) -> SoundSettings:
    """The share of the settings that descriptions of sound are made from."""
    sip = settings.sip
    return SoundSettings(
        sip.public_host,
        srtp=Srtp[settings.media.srtp.name],
        inside=sip.networks_inside,
        inner=sip.host,
    )
