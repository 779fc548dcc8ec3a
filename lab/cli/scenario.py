"""`tokuban scenario`: play calls that are written down, with real phones."""

import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli import options
from lab.errors import Refused, suggestion

if TYPE_CHECKING:
    from lab.scenarios.office import CarrierOffice
    from lab.scenarios.runner import PhoneKind

app = typer.Typer(help="Scenarios: calls written down, played with real phones.")

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", help="Files and folders; without any, tokuban's own."),
]
Phones = Annotated[
    list[str] | None,
    typer.Option(
        "--phone",
        metavar="KIND[=HOST:PORT]",
        help="own, baresip, linphone, pjsua2, sipp; with an address: one served there. Repeatable.",
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="HOST:PORT", help="A carrier that runs; without it, one of its own."
    ),
]
Api = Annotated[
    str, typer.Option("--api", "--url", metavar="URL", help="Web address of the carrier that runs.")
]
Seed = Annotated[
    Path | None,
    typer.Option("--seed", metavar="FILE", help="Lines to play on; without it, the suite's."),
]
Prepare = Annotated[
    bool,
    typer.Option(
        "--prepare", help="First make the carrier what the seed says: all else there is LOST."
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=16, help="Scenarios side by side.")]
Results = Annotated[
    Path, typer.Option("--results", metavar="FOLDER", help="junit.xml, results.json, failures.")
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar="TOKUBAN__HTTP__TOKEN",
        show_envvar=False,
        help="Its http.token (or TOKUBAN__HTTP__TOKEN); of its lab.token: TOKUBAN__LAB__TOKEN.",
    ),
]
LabToken = Annotated[
    str | None, typer.Option("--lab-token", envvar="TOKUBAN__LAB__TOKEN", hidden=True)
]


@app.command()
def run(
    files: Files = None,
    phone: Phones = None,
    server: Server = None,
    api: Api = options.URL,
    seed: Seed = None,
    prepare: Prepare = False,
    jobs: Jobs = 2,
    results: Results = Path("scenario-results"),
    token: Token = None,
    lab_token: LabToken = None,
) -> None:
    """Play scenarios; status 0 when every one came out as it is written.

    A failed one leaves a folder: its SIP messages as a ladder and as a capture, and recordings.
    """
    from lab import seeds, text_file
    from lab.scenarios import cast, runner
    from lab.scenarios import files as scenario_files
    from lab.scenarios.summary import Teller
    from prompts.voice import VoiceBank

    scenarios = scenario_files.chosen(files or [])
    kinds = [_kind(text) for text in phone or [runner.OWN]]
    text = text_file.read(seed) if seed else cast.seed_text()
    company = cast.Company(seeds.parse(seed or Path("lines.yaml"), text))
    log, teller = _log(results), Teller()
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as closing:
        if server is None:
            office, address = _own(text, log, closing)
        else:
            office, address = _running(server, api, token, lab_token)
            if prepare:
                office.prepare(text)
        ground = runner.Ground(office, address, company, VoiceBank(), results)
        came = runner.run(ground, scenarios, kinds, jobs, teller.told)
    teller.summary(came, results)
    if any(each.failure for each in came):
        raise typer.Exit(1)


def _own(text: str, log: Path, closing: ExitStack) -> "tuple[CarrierOffice, tuple[str, int]]":
    """A carrier of one's own, until `closing`."""
    from lab.scenarios.office import CarrierOffice
    from lab.scenarios.own_carrier import own_carrier

    folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="carrier-"))
    carrier = closing.enter_context(own_carrier(Path(folder), text, log))
    return CarrierOffice(carrier.url), carrier.server


def _interrupt(number: int, frame: object) -> None:
    """End as Ctrl-C does: softphones whose runner is gone would run on, and linphone in circles."""
    raise KeyboardInterrupt


def _log(results: Path) -> Path:
    """Where a carrier of one's own tells what it does."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        (results / "carrier.log").unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"--results {results}: {error.strerror}") from None
    return results / "carrier.log"


def _running(
    server: str, api: str, token: str | None, lab_token: str | None
) -> "tuple[CarrierOffice, tuple[str, int]]":
    from lab.calling import server_address
    from lab.scenarios.office import CarrierOffice

    return CarrierOffice(api, token, lab_token), server_address(server)


def _kind(text: str) -> "PhoneKind":
    from lab.calling import server_address
    from lab.scenarios.runner import KINDS, PhoneKind

    name, equals, at = text.partition("=")
    if name not in KINDS:
        raise Refused(f"--phone {text}: {name!r} is no phone{suggestion(name, KINDS)}")
    if not equals:
        return PhoneKind(name)
    if name == "own" or ":" not in at:
        raise Refused(f"--phone {text}: write it as baresip=host:4710")
    return PhoneKind(name, server_address(at))


@app.command()
def check(files: Files = None) -> None:
    """Read scenarios without playing them; says what is wrong, and where."""
    from lab.scenarios import files as scenario_files

    for scenario in scenario_files.chosen(files or []):
        typer.echo(f"{scenario.path}: {len(scenario.steps)} steps")


@app.command("list")
def list_(files: Files = None) -> None:
    """Print what the scenarios show, and the rules they play."""
    from lab.scenarios import files as scenario_files

    for scenario in scenario_files.chosen(files or []):
        typer.echo(f"{scenario.name}: {scenario.title} ({', '.join(scenario.rules)})")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from lab.scenarios import schema as scenario_schema

    typer.echo(scenario_schema.text(), nl=False)
