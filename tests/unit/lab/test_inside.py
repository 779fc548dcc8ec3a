"""Networks that are told the inner address: refused where there is none to tell."""

import pytest
from pydantic import ValidationError

from lab.errors import Refused
from lab.safety import refuse_untold_address
from lab.settings import HttpSettings, Settings
from lab.sip_settings import SipSettings


def test_an_inner_address_must_be_one() -> None:
    sip = SipSettings(host="0.0.0.0", advertise="192.0.2.9", inside="10.0.0.0/8")
    with pytest.raises(Refused, match=r"sip\.inside .* --host"):
        refuse_untold_address(Settings(sip=sip))


def test_an_address_to_listen_on_is_one() -> None:
    sip = SipSettings(host="10.0.0.7", advertise="192.0.2.9", inside=" 10.0.0.0/8, 192.0.2.3 ")
    refuse_untold_address(Settings(sip=sip))
    assert "10.1.2.3" in sip.networks_inside
    assert "192.0.2.3" in sip.networks_inside


@pytest.mark.parametrize("text", ["carrier", "10.0.0.1/8", "10.0.0.0/33"])
def test_what_is_no_network_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match=r"for example 192\.168\.0\.0/24"):
        SipSettings(inside=text)
    with pytest.raises(ValidationError, match=r"for example 192\.168\.0\.0/24"):
        HttpSettings(here=text)
