"""Kill a carrier at so many moments of recording, keeping, hearing, erasing and expiring (VM-08).

`python -m tests.soak.kill_voicemail --kills 200 --seed 1`: what the seed chooses is killed alike
again. First whole carriers with calls over SIP, whose records count as well (BILL-01); then their
boxes alone, at single statements. Ends with status 1 and the reason when anything was lost,
doubled or left over.
"""

import argparse
import tempfile
from pathlib import Path

from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.interop.killed_calls import kill_often as kill_calls_often
from tests.support import postgres
from tests.support.carrier import Carrier
from tests.support.killed_boxes import Ledger, kill_often


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _kill_calls(Path(folder), chosen.kills, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        _tell("SQLite", chosen.kills, kill_often(Path(folder), chosen.kills, chosen.seed))
    few = max(1, chosen.kills // 10)
    with tempfile.TemporaryDirectory() as folder, postgres.server() as server:
        url = postgres.lasting_database(server)
        _tell("PostgreSQL", few, kill_often(Path(folder), few, chosen.seed, url))


def _kill_calls(folder: Path, kills: int, seed: int) -> None:
    lines_file = lines.write_seed(folder / "seed.yaml")
    with Carrier(folder / "carrier", settings=SETTINGS, seed=lines_file, rtp_count=400) as carrier:
        score = kill_calls_often(carrier, kills, seed)
    print(
        f"calls: {score.kills} kills, {score.records} answered calls, {score.kept} messages "
        f"finished, {score.cut_short} cut short: no record and no message lost or doubled, "
        "no file without a row",
        flush=True,
    )


def _tell(where: str, kills: int, ledger: Ledger) -> None:
    print(
        f"{where}: {kills} kills, {len(ledger.kept)} messages finished, {len(ledger.erased)} "
        "erased: none lost, none back, no file without a row",
        flush=True,
    )


if __name__ == "__main__":
    main()
