"""Freephone decisions among ten thousand contracts, and freephone calls by SIPp on both sides.

    python -m tests.bench.bench_freephone [--quick]

The targets are our own: a decision costs no more than a hundredth of the call it is made for, and
a freephone call no more than a tenth above a call between two lines, measured in the same run.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ivr.numbering.areas import PREFECTURES, REGIONS
from ivr.numbering.freephone import Caller, Circumstances, decide
from lab.areas import packaged
from provisioning.contract import (
    E164,
    NATION,
    Freephone,
    FreephoneOption,
    Group,
    Level,
    Moment,
    OriginArea,
    Reception,
    Shares,
    TrunkClass,
)
from provisioning.freephone.model import faults
from tests.bench.bench_bridge import CALLED, Load, bridged, registered
from tests.bench.bench_calls import SETTINGS, Bench, Figure
from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.freephones import MONDAY, office_hours

CONTRACTS = 10_000
NUMBER = "0120000001"
OPTION = FreephoneOption
SEVERAL = frozenset({OPTION.SEVERAL_LINES, OPTION.DESTINATION_CHANGE, OPTION.OFF_HOURS})
SEED = 20261122


def contracts(count: int) -> Iterator[Freephone]:
    """Contracts of four kinds: plain, by region with detours, by prefecture, and split."""
    for index in range(count):
        number = E164(f"+81120{index:06}")
        own = tuple(E164(f"+813{index:06}{last:02}") for last in range(9))
        match index % 4:
            case 0:
                yield Freephone(number, (Group("all", (NATION,), own[0]),), (Reception(own[0]),))
            case 1:
                yield _by_region(number, own)
            case 2:
                yield _by_prefecture(number, own)
            case _:
                shares = Shares(own[:5], (5, 4, 3, 2, 1))
                options = SEVERAL | {OPTION.SHARE_SPLIT}
                group = Group("all", (NATION,), shares=shares)
                yield Freephone(number, (group,), tuple(map(Reception, own[:5])), options)


def _by_region(number: E164, own: tuple[E164, ...]) -> Freephone:
    groups = tuple(
        Group(name, (OriginArea(Level.REGION, name),), line)
        for name, line in zip(REGIONS, own, strict=True)
    )
    hours = office_hours()
    receptions = tuple(
        Reception(line, detours=(own[(at + 1) % 9], own[(at + 2) % 9]), off_hours=hours)
        for at, line in enumerate(own)
    )
    return Freephone(number, groups, receptions, SEVERAL | {OPTION.AREA_SPLIT, OPTION.DETOUR})


def _by_prefecture(number: E164, own: tuple[E164, ...]) -> Freephone:
    groups = tuple(
        Group(name, (OriginArea(Level.PREFECTURE, name),), own[at % 9])
        for at, name in enumerate(PREFECTURES)
    )
    change = office_hours(off=own[8], on=None)
    receptions = (*(Reception(line, change=change) for line in own[:8]), Reception(own[8]))
    return Freephone(number, groups, receptions, SEVERAL | {OPTION.AREA_SPLIT})


def decisions(count: int) -> list[Figure]:
    """Random callers at random minutes call random numbers."""
    dice, areas = random.Random(SEED), packaged()
    geography = areas.geography
    known = {one.number: one for one in contracts(CONTRACTS)}
    assert not any(faults(one, geography) for one in list(known.values())[:4])
    numbers = tuple(known)
    places = [(name, ma) for name, mas in geography.message_areas.items() for ma in sorted(mas)]
    asked = [
        (
            dice.choice(numbers),
            Caller(dice.choice((TrunkClass.FIXED, TrunkClass.MOBILE)), *dice.choice(places)),
            Circumstances(Moment(MONDAY, dice.randrange(1440))),
        )
        for _ in range(count)
    ]
    began = time.process_time()
    for number, caller, now in asked:
        decide(known[number], caller, geography, now)
    each_us = (time.process_time() - began) * 1e6 / count
    return [
        Figure(f"a decision among {CONTRACTS:,}, CPU µs", f"{each_us:.1f}", "<= 30"),
        Figure("decisions/s of one core", f"{1e6 / each_us:,.0f}", ">= 30,000"),
    ]


def contracted(carrier: Carrier) -> None:
    """The number's calls reach the called line, without a guidance before they talk."""
    setup = {
        "groups": [{"name": "all", "areas": [{"level": "nation"}], "line": CALLED.number}],
        "receptions": [{"line": CALLED.number, "channels": 10_000}],
        "guidance": False,
    }
    body = {"number": NUMBER, "contract": "K00000001", "setup": setup}
    carrier.send("POST", "/v1/freephones", body)


def calls(load: Load) -> list[Figure]:
    """The same load to a line and to the freephone number that leads to it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = lines.write_seed(folder / "seed.yaml")
        with Carrier(folder / "c", settings=SETTINGS, seed=seed, rtp_count=8000) as carrier:
            bench, port = Bench(carrier, folder), registered(carrier)
            contracted(carrier)
            figures = []
            for what, service in (("line", CALLED.number), ("freephone", NUMBER)):
                for each in bridged(bench, folder / what, load, port, service):
                    figures.append(Figure(f"{what}: {each.what}", each.value, each.target))
            return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="some seconds, rough figures")
    quick = options.parse_args().quick
    print(f"{'':46}{'measured':>16}   target", flush=True)
    load = Load(50, 3) if quick else Load(200, 30)
    show(decisions(20_000 if quick else 200_000))
    show(calls(load))


def show(figures: list[Figure]) -> None:
    for figure in figures:
        print(f"{figure.what:46}{figure.value:>16}   {figure.target}", flush=True)


if __name__ == "__main__":
    main()
