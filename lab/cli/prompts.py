"""`tokuban prompts`: the sentences of the network and their sound."""

from typing import Annotated

import typer

from lab.errors import Refused
from prompts import script
from prompts.rendering import RenderError
from prompts.script import ScriptError

app = typer.Typer(help="List, check and render what the network says.")

Language = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="LANGUAGE", help="ja or en; without it all."),
]


@app.command("list")
def list_(language: Language = None) -> None:
    """List every sentence with its name; {words} in braces are filled in."""
    for name in _languages(language):
        for prompt, line in _loaded(name).lines.items():
            typer.echo(f"{name}  {prompt.value:<28} {' '.join(line.text.split())}")


@app.command()
def check() -> None:
    """Prove that text and sound belong together; status 1 when a clip does not."""
    from prompts.check import problems

    found = problems()
    for problem in found:
        typer.echo(f"fail {problem}")
    if found:
        raise typer.Exit(1)
    typer.echo("ok   every text has its sound")


@app.command()
def render(
    language: Language = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has not changed since it was rendered.")
    ] = False,
) -> None:
    """Render changed sentences anew (Japanese needs `pip install tokuban[speech]`)."""
    from prompts.render import render_all

    try:
        count = render_all(_languages(language), not everything, _progress)
    except (RenderError, ScriptError) as error:
        raise Refused(f"prompts: {error}") from None
    typer.echo(f"{count} rendered")


def _languages(wanted: list[str] | None) -> list[str]:
    unknown = set(wanted or ()) - set(script.LANGUAGES)
    if unknown:
        known = ", ".join(script.LANGUAGES)
        raise Refused(f"--language {sorted(unknown)[0]}: no such language; known: {known}")
    return wanted or list(script.LANGUAGES)


def _loaded(language: str) -> script.Script:
    try:
        return script.load(language)
    except ScriptError as error:
        raise Refused(f"prompts: {error}") from None


def _progress(name: str, done: int, total: int) -> None:
    typer.echo(f"{done:4}/{total} {name}")
