"""The phones of one test, which talk to each other; each line speaks a tone of its own."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.interop import lines
from tests.interop.talkers import Baresip, Linphone, Pjsua2, Talker, hears, hears_no_more, talk
from tests.support.carrier import Carrier

HOLD_HZ = 400
ALICE, BOB, CAROL = lines.PJSUA2, lines.BARESIP, lines.LINPHONE
ALICE_HZ, BOB_HZ, CAROL_HZ, DAVE_HZ = 700, 1000, 1300, 1700

Row = dict[str, Any]


class Room:
    """Phones of one test, which are closed at its end."""

    def __init__(self, carrier: Carrier, folder: Path, stack: ExitStack) -> None:
        self.carrier = carrier
        self._folder = folder
        self._stack = stack
        self._before = {row["call_id"] for row in self._records()}

    def pjsua2(self, line: lines.TestLine = ALICE, hertz: int = ALICE_HZ, **options: Any) -> Pjsua2:
        folder = self._folder / f"pjsua2-{hertz}"
        phone = Pjsua2(folder, line, hertz, self.carrier, **options)
        self._stack.callback(phone.close)
        return phone

    def baresip(self, line: lines.TestLine = BOB, hertz: int = BOB_HZ) -> Baresip:
        phone = Baresip(self._folder / line.number, line, hertz, self.carrier)
        self._stack.callback(phone.close)
        return phone

    def linphone(self, line: lines.TestLine = CAROL, hertz: int = CAROL_HZ) -> Linphone:
        phone = Linphone(self._folder / line.number, line, hertz, self.carrier)
        self._stack.callback(phone.close)
        return phone

    def legs(self, called: str) -> list[Row]:
        """The records of the test's one call of a number, leg by leg."""
        rows = [row for row in self._records() if row["call_id"] not in self._before]
        calls = {row["call_id"] for row in rows if row["called"] == called and row["leg"] == 1}
        return sorted(
            (row for row in rows if row["call_id"] in calls), key=lambda row: int(row["leg"])
        )

    def _records(self) -> list[Row]:
        rows: list[Row] = self.carrier.get("/v1/cdrs?limit=1000")["items"]
        return rows


def connect(caller: Talker, called: Talker) -> None:
    caller.dial(called.line.number)
    called.take()
    caller.speak()
    talk(caller, called)


def hold_and_resume(holder: Talker, held: Talker) -> None:
    holder.hold()
    hears_no_more(held, holder.hertz)
    hears(held, HOLD_HZ)
    holder.resume()
    hears(held, holder.hertz)
    if holder.records_on:
        hears(holder, held.hertz)
