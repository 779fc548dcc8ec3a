"""Calls of pjsua2 phones whose callers listen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.scenarios.phones.pjsua2_phone import Pjsua2Call, Pjsua2Phone
from prompts.catalogue import Voice
from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.ear import Ear


@contextmanager
def registered(
    folder: Path, line: TestLine, carrier: Carrier, **options: Any
) -> Iterator[Pjsua2Phone]:
    """A registered phone of a line."""
    with Pjsua2Phone(folder / "phone", **options) as phone:
        assert phone.register(line.number, line.password, carrier.address) == 200
        yield phone


class Dialled:
    """A call and the ear that follows it."""

    def __init__(self, phone: Pjsua2Phone, number: str, record: Path, voice: Voice) -> None:
        self.call: Pjsua2Call = phone.dial(number, record)
        self.ear = Ear(lambda: record, voice)
