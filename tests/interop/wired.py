"""Wire phones at lines of the carrier."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.wire import WirePhone


@contextmanager
def registered(carrier: Carrier, line: TestLine) -> Iterator[WirePhone]:
    """A wire phone of a line, registered meanwhile."""
    with WirePhone(carrier.address, line.number, line.password) as phone:
        assert phone.register().status == 200
        yield phone
        phone.drain(0.05)  # what a test left unanswered
        assert phone.register(0).status == 200
