"""The command `tokuban`.

A command imports what it runs when it runs, so that small ones answer at once.
"""

import sys

import typer

from lab.cli import (
    audit,
    call,
    cdr,
    certs,
    charge,
    clock,
    contract,
    customer,
    doctor,
    events,
    freephone,
    line,
    mail,
    message,
    number,
    order,
    prompts,
    reset,
    scenario,
    seed,
    snapshot,
    token,
    trace,
    trunk,
    up,
    version,
    voicemail,
)
from lab.errors import Refused

app = typer.Typer(
    name="tokuban",
    help="特番 tokuban: a Japanese carrier's voice services on one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("call")(call.call)
app.command("trace")(trace.trace)
app.command("events")(events.events)
app.command("calls")(cdr.calls)
app.add_typer(cdr.app, name="cdr", no_args_is_help=True)
app.add_typer(charge.app, name="charge", no_args_is_help=True)
app.add_typer(charge.tariffs, name="tariff", no_args_is_help=True)
app.command("why")(charge.why)
app.command("quote")(charge.quote)
app.add_typer(clock.app, name="clock", no_args_is_help=True)
app.add_typer(customer.app, name="customer", no_args_is_help=True)
app.add_typer(contract.app, name="contract", no_args_is_help=True)
app.add_typer(line.app, name="line", no_args_is_help=True)
app.add_typer(freephone.app, name="freephone", no_args_is_help=True)
app.command("explain")(freephone.explain)
app.add_typer(trunk.app, name="trunk", no_args_is_help=True)
app.add_typer(number.app, name="number", no_args_is_help=True)
app.add_typer(order.app, name="order", no_args_is_help=True)
app.add_typer(token.app, name="token", no_args_is_help=True)
app.add_typer(mail.app, name="mail", no_args_is_help=True)
app.add_typer(message.app, name="message", no_args_is_help=True)
app.add_typer(voicemail.app, name="voicemail", no_args_is_help=True)
app.add_typer(scenario.app, name="scenario", no_args_is_help=True)
app.command("seed")(seed.seed)
app.command("reset")(reset.reset)
app.add_typer(snapshot.app, name="snapshot", no_args_is_help=True)
app.command("audit")(audit.audit)
app.command("certs")(certs.certs)
app.command("doctor")(doctor.doctor)
app.add_typer(prompts.app, name="prompts", no_args_is_help=True)
app.command("version")(version.version)


def main() -> None:
    """Entry point: a refusal is told in its own words and ends with its status."""
    try:
        app()
    except Refused as refusal:
        print(f"tokuban: {refusal}", file=sys.stderr)
        sys.exit(refusal.status)
