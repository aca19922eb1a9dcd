"""The command line: `cloud-hub --config FILE serve|migrate|create-admin|enrol-code|certify|kick|verify|doctor|…`.

Reads the configuration, calls one function of `app.py` or of a service, prints what came
out. Exit codes: 0 done, 1 refused or a check failed, 2 a mistake in the configuration.
"""

from cloud_hub import memory as _memory  # noqa: F401 - before all others

# isort: split

import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer

from cloud_hub import administration, app, logs
from cloud_hub.config import EXIT_CODE, Config
from cloud_hub.errors import HubError, Misconfigured
from sync_protocol.errors import Unavailable
from sync_protocol.transport import fast_loop

cli = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
T = TypeVar("T")


@cli.callback()
def _options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="TOML file; HUB_… variables win over it.")] = None,
) -> None:
    context.obj = config


def _config(context: typer.Context) -> Config:
    # A command's answer is what it prints; `serve` says more, and to stdout.
    logs.configure("warning")
    try:
        return Config.load(context.obj)
    except Misconfigured as error:
        typer.echo(f"The configuration has mistakes:\n{error.detail}", err=True)
        raise typer.Exit(EXIT_CODE) from error


@contextmanager
def _explained() -> Iterator[None]:
    """What a person can mend as one line; all else is a bug and keeps its trace."""
    try:
        yield
    except (HubError, Unavailable) as error:
        typer.echo(f"{error.code}: {error.detail}", err=True)
        raise typer.Exit(EXIT_CODE if isinstance(error, Misconfigured) else 1) from error
    except asyncpg.PostgresError as error:
        typer.echo(f"database: {error} (see database_url, HUB_DATABASE_URL)", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        what = "file" if error.filename is not None else "unreachable"
        typer.echo(f"{what}: {error} (cloud-hub doctor checks what the hub needs)", err=True)
        raise typer.Exit(1) from error


def _run(work: Coroutine[Any, Any, T]) -> T:
    with _explained():
        return fast_loop.run(work)


@cli.command()
def serve(
    context: typer.Context,
    roles: Annotated[str, typer.Option(help="Which parts run here: api,ingest,jobs.")] = "api,ingest,jobs",
) -> None:
    """Run the hub until SIGTERM."""
    config = _config(context)
    with _explained():
        wanted = app.parse_roles(roles)
    _run(app.serve(config, wanted))


@cli.command()
def migrate(
    context: typer.Context,
    direction: Annotated[str, typer.Argument(help="up or down")] = "up",
    revision: Annotated[str | None, typer.Argument(help="for down: the revision to go back to")] = None,
) -> None:
    """Bring the database to the newest schema, or back to an older one."""
    typer.echo(_run(administration.migrate(_config(context), direction, revision)))


@cli.command("create-admin")
def create_admin(context: typer.Context, user: str) -> None:
    """Make an administrator; the password comes from HUB_ADMIN_PASSWORD or the first line of stdin."""
    password = os.environ.get("HUB_ADMIN_PASSWORD") or sys.stdin.readline().rstrip("\n")
    typer.echo(_run(administration.create_admin(_config(context), user, password)))


@cli.command("new-token-key")
def new_token_key(
    context: typer.Context,
    forget_old: Annotated[bool, typer.Option(help="After a leak: everybody's access token is dead at once.")] = False,
) -> None:
    """Sign people's access tokens with a new key; the old one verifies until its last token has expired."""
    with _explained():
        typer.echo(administration.replace_token_key(_config(context), forget_old=forget_old))


@cli.command("enrol-code")
def enrol_code(context: typer.Context, site: Annotated[str, typer.Argument(help="code or id of the site")]) -> None:
    """Print a one-time code for a new box of a site."""
    typer.echo(_run(administration.enrol_code(_config(context), site)))


@cli.command()
def certify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The file's name, and the client's name at the broker.")],
    folder: Annotated[Path, typer.Argument(help="Gets ca.crt, NAME.key and NAME.crt.")],
    host: Annotated[list[str] | None, typer.Option(help="For a server: how clients reach it; may be repeated.")] = None,
) -> None:
    """Make a key and a certificate of the chain's authority, for a server (--host) or a hub worker."""
    with _explained():
        for path in administration.certify(_config(context), name, folder, host or []):
            typer.echo(path)


@cli.command()
def kick(context: typer.Context, device: Annotated[str, typer.Argument(help="id of a revoked box")]) -> None:
    """End a revoked box's session at the broker, after the broker has read the revocation list."""
    typer.echo(_run(administration.kick(_config(context), device)))


@cli.command()
def sample(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="Code of a site that the hub runs, without movements.")] = "SAMPLE",
    products: Annotated[int, typer.Option(min=1, max=300)] = 100,
    days: Annotated[int, typer.Option(min=1, max=800, help="Of trade, until yesterday.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed is the same shop.")] = 1,
) -> None:
    """Make products and weeks of deliveries and sales, to try things out with."""
    typer.echo(_run(administration.sample(_config(context), site, products, days, seed)))


@cli.command()
def verify(context: typer.Context) -> None:
    """Check every ledger: chains, levels against movements, zero sums."""
    problems = _run(administration.verify(_config(context)))
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{len(problems)} problem(s)")
    raise typer.Exit(1 if problems else 0)


@cli.command("rebuild-rollups")
def rebuild_rollups(context: typer.Context) -> None:
    """Count all ledgers anew for the reports (`verify` says when that is needed)."""
    typer.echo(_run(administration.rebuild_rollups(_config(context))))


@cli.command()
def doctor(context: typer.Context) -> None:
    """Check all that the hub needs, each with its remedy."""
    checks = _run(administration.doctor(_config(context)))
    for check in checks:
        typer.echo(f"{'ok  ' if check.is_ok else 'FAIL'}  {check.name}: {check.detail}")
        if not check.is_ok:
            typer.echo(f"      remedy: {check.remedy}")
    raise typer.Exit(0 if all(check.is_ok for check in checks) else 1)


@cli.command()
def backup(
    context: typer.Context,
    file: Path,
    verify: Annotated[bool, typer.Option(help="Restore it into a scratch database and compare.")] = False,
) -> None:
    """Write all of the hub's database into one file; a verified one lets stores prune."""
    typer.echo(_run(administration.backup(_config(context), file, is_verified=verify)))


@cli.command()
def restore(context: typer.Context, file: Path) -> None:
    """Fill an empty database from a backup and begin a new hub epoch."""
    typer.echo(_run(administration.restore(_config(context), file)))


def main() -> None:
    """Entry point of `cloud-hub`."""
    cli()


if __name__ == "__main__":
    main()
