"""edge-agent: the store box's command line.

Parses, calls one service, prints. Exit codes: 0 done, 1 refused or unwell, 2 wrong usage or
settings. Every error is one line for a person, with its code and its remedy.
"""

from edge_agent import memory  # isort: split

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from edge_agent import inspection, scanner_commands
from edge_agent.config import load
from edge_agent.errors import BadConfig, EdgeError
from edge_agent.services import backup as backups
from edge_agent.storage.files import Folder, lock, make_private
from sync_protocol.transport import fast_loop

cli = typer.Typer(
    help="Backstock's store agent: stock that is right with or without a connection.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip

cli.add_typer(scanner_commands.cli, name="scanners")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of ours as lines for a person; all others are bugs and keep their trace."""
    try:
        yield
    except BadConfig as error:
        for mistake in error.mistakes:
            typer.echo(f"settings: {mistake}", err=True)
        raise typer.Exit(2) from error
    except EdgeError as error:
        typer.echo(f"{error.code}: {error.detail}", err=True)
        if error.remedy:
            typer.echo(f"  -> {error.remedy}", err=True)
        raise typer.Exit(1) from error


@cli.callback()
def main_options(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="The data directory.", envvar="EDGE_DATA")] = Path("edge-data"),
) -> None:
    """Options of all commands."""
    context.obj = Folder(data)


@cli.command()
def enrol(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The hub, https://HOST[:PORT].")],
    code: Annotated[str, typer.Argument(help="The one-time code that head office gave you.")],
    ca_file: Annotated[Path | None, typer.Option(help="The hub's certificate authority, if you have it.")] = None,
    name: Annotated[str, typer.Option(help="What head office shall call this box.")] = socket.gethostname(),
) -> None:
    """Make this box one of a chain's stores."""
    from edge_agent.app import enrol as enrol_box

    with _explained():
        make_private(context.obj.path)
        with lock(context.obj):
            found = asyncio.run(enrol_box(context.obj, url, code, ca_file, name))
    typer.echo(f"enrolled: {name} is device {found.device_id} of {found.site_name}")


@cli.command()
def run(context: typer.Context) -> None:
    """Serve the store until SIGTERM."""
    from edge_agent.app import serve

    memory.save()
    with _explained(), lock(context.obj):
        fast_loop.run(serve(context.obj, load(context.obj.path)))


@cli.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """What this box has, what the hub has of it, and how it is connected."""
    with _explained():
        _show(inspection.status(context.obj), as_json, title="Edge agent")


@cli.command()
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check everything that commonly goes wrong, each with its remedy."""
    with _explained():
        checks = inspection.doctor(context.obj, load(context.obj.path))
    if as_json:
        typer.echo(orjson.dumps(checks))
    else:
        from edge_agent.tables import checks_table

        checks_table(checks)
    raise typer.Exit(1 if inspection.worst(checks) == "fail" else 0)


@cli.command()
def verify(context: typer.Context) -> None:
    """Prove that the ledger's chain is whole and that every level follows from it."""
    with _explained():
        problems = inspection.verify(context.obj)
    for problem in problems:
        typer.echo(problem, err=True)
    typer.echo(f"{len(problems)} problems")
    raise typer.Exit(1 if problems else 0)


@cli.command()
def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="A file that does not exist.")]) -> None:
    """Copy the database while the store works."""
    with _explained():
        found = backups.backup(context.obj, file)
    typer.echo(f"{file}: origin {found.origin_id} up to position {found.head}, {found.bytes} bytes")


@cli.command()
def restore(context: typer.Context, file: Annotated[Path, typer.Argument(help="A backup of this box.")]) -> None:
    """Put a backup in the place of the database; stop the agent first."""
    with _explained():
        make_private(context.obj.path)
        with lock(context.obj):
            found = backups.restore(context.obj, file)
    typer.echo(f"restored: origin {found.origin_id} up to position {found.head}; the hub will notice and ask a person")


def _show(values: dict[str, Any], as_json: bool, title: str) -> None:
    if as_json:
        typer.echo(orjson.dumps(values))
        return
    from edge_agent.tables import facts_table

    facts_table(values, title)


def main() -> None:
    """The console script."""
    cli()


if __name__ == "__main__":
    main()
