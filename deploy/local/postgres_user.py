"""As whom PostgreSQL runs: it refuses root, so root lends it another identity.

Not root: as we are. Root: as `postgres` or `nobody`, when that user can reach the programs and
the data; else inside a user name space where root's files look like an ordinary user's.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
_UNSHARE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """An identity and the programs it can run."""

    programs: Path
    account: pwd.struct_passwd | None = None
    prefix: tuple[str, ...] = ()

    def give(self, path: Path) -> None:
        """Hand a file or folder over to this user."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def start(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program that gets SIGINT when we die, where the system can do that."""
        return subprocess.Popen(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**_ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,  # the terminal's Ctrl-C is for us; we then stop the server in order
        )


def server_user(folder: Path, programs: Path) -> ServerUser:
    """The identity for a cluster in `folder`."""
    leash = ("setpriv", "--pdeathsig", "INT") if shutil.which("setpriv") else ()
    if os.geteuid() != 0:
        return ServerUser(programs=programs, prefix=leash)
    account = _account()
    if _can_reach(folder, account) and _can_reach(programs, account):
        identity = ("--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups")
        prefix = (*leash, *identity) if leash else ("runuser", "-u", account.pw_name, "--")
        return ServerUser(programs=programs, account=account, prefix=prefix)
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        raise PermissionError(
            f"PostgreSQL refuses to run as root, {account.pw_name} cannot reach {folder} or {programs}, and there "
            "are no user name spaces: run as an ordinary user, or from a folder that everyone may enter"
        )
    # The leash comes last: changing identity would undo it.
    return ServerUser(programs=programs, prefix=(*_UNSHARE, *leash))


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PermissionError("PostgreSQL refuses to run as root: neither a user `postgres` nor `nobody` exists")


def _can_reach(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether every folder on the way may be entered by that user."""
    return all(_may_enter(part.stat(), account) for part in (path, *path.parents))


def _may_enter(folder: os.stat_result, account: pwd.struct_passwd) -> bool:
    if folder.st_uid == account.pw_uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.pw_gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
