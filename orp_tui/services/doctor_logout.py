"""What becomes of running work when its user logs out, in one line.

A session of its own does not protect from systemd: a session scope ends with the logout if
KillUserProcesses is on, and everything beneath the user's manager ends with the last logout
unless the user lingers. In a container neither matters: work ends with the container.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from orp_tui.services.findings import Finding, note, ok, warning

INITS = frozenset({"systemd", "init", "openrc-init", "runit", "runit-init", "s6-svscan", "dinit", "launchd"})
_IN_CONTAINER = re.compile(r"docker|kubepods|containerd|libpod|lxc|crio")
_YES = frozenset({"yes", "true", "1", "on"})
_MAIN = ("etc/systemd/logind.conf", "run/systemd/logind.conf", "usr/lib/systemd/logind.conf")
_EXTRA = ("usr/lib/systemd/logind.conf.d", "run/systemd/logind.conf.d", "etc/systemd/logind.conf.d")


@dataclasses.dataclass(frozen=True)
class Session:
    """Where work lives, as far as a logout is concerned."""

    user: str
    container: str | None
    """By what it is known to be a container; None if it is none."""
    has_systemd: bool
    cgroup: str
    """Of the queue processor if one leads, else of this process."""
    lingers: bool
    kills: bool | None
    """KillUserProcesses for this user; None if nobody has said and the default is not known."""


def session(pid: int, *, root: Path = Path("/")) -> Session:
    """The session in which a process lives; `root` is where the files of the system lie."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    has_systemd = (root / "run/systemd/system").is_dir()
    return Session(
        user=user,
        container=container(root),
        has_systemd=has_systemd,
        cgroup=cgroup(_read(root / f"proc/{pid}/cgroup")),
        lingers=_lingers(user, root, ask=has_systemd and root == Path("/")),
        kills=kills_user_processes(user, root),
    )


def container(root: Path = Path("/")) -> str | None:
    """What shows that this is a container; None if nothing does."""
    for name in (".dockerenv", "run/.containerenv"):
        if (root / name).exists():
            return f"/{name}"
    if _IN_CONTAINER.search(_read(root / "proc/1/cgroup")):
        return "the cgroup of process 1"
    first = _read(root / "proc/1/comm").strip()
    if first and first not in INITS:
        return f"process 1, which is {first} and no init"
    return None


def cgroup(table: str) -> str:
    """The path that systemd watches: of the unified hierarchy, or of its own in the older one."""
    found = {
        line.split(":", 2)[1]: line.split(":", 2)[2] for line in table.splitlines() if line.count(":") >= 2
    }
    return found.get("name=systemd") or found.get("") or ""


def kills_user_processes(user: str, root: Path = Path("/")) -> bool | None:
    """Whether a logout of `user` ends what the session has started; None if that can't be known.

    Source: logind.conf(5); drop-ins outrank the main file and are read in the order of their names.
    """
    values: dict[str, str] = {}
    main = next((root / name for name in _MAIN if (root / name).is_file()), None)
    files = [main] if main else []
    extra = {path.name: path for folder in _EXTRA for path in (root / folder).glob("*.conf")}
    files += [extra[name] for name in sorted(extra)]
    for path in files:
        for line in _read(path).splitlines():
            # A commented line of the main file is the default that systemd was built with.
            is_default = line.startswith("#") and path == main
            key, _, value = line.lstrip("#" if is_default else "").partition("=")
            key = key.strip()
            if key.startswith("Kill") and not (is_default and key in values):
                values[key] = value.strip()
    if "KillUserProcesses" not in values:
        return None
    if values["KillUserProcesses"].lower() not in _YES:
        return False
    if user in values.get("KillExcludeUsers", "root").split():
        return False
    only = values.get("KillOnlyUsers", "").split()
    return not only or user in only


def _lingers(user: str, root: Path, *, ask: bool) -> bool:
    if (root / "var/lib/systemd/linger" / user).exists():
        return True
    if not ask or shutil.which("loginctl") is None:
        return False
    try:
        answer = subprocess.run(
            ["loginctl", "show-user", user, "--property=Linger", "--value"],
            capture_output=True, text=True, timeout=3, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == "yes"


def logout(found: Session) -> Finding:
    """What a logout would do to running work here."""
    if found.container is not None:
        return note(
            "logout",
            f"a logout ends nothing, but running work ends with the container (known by {found.container})",
            "keep the base directory on a volume that outlives the container",
        )
    if not found.has_systemd:
        return ok("logout", "a logout ends nothing: no systemd watches over sessions here")
    if "slurm" in found.cgroup:
        return note("logout", f"running work ends with the Slurm job it lives in ({found.cgroup})")
    if re.search(r"/user@\d+\.service", found.cgroup):
        if found.lingers:
            return ok("logout", f"a logout ends nothing: the manager of {found.user} lingers")
        return warning(
            "logout",
            f"the last logout ends running work: it lives beneath the manager of {found.user}, which does not linger",
            f"loginctl enable-linger {found.user}",
        )
    if re.search(r"/session-[^/]+\.scope", found.cgroup):
        return _of_session(found)
    return ok("logout", f"a logout ends nothing: running work lives in {found.cgroup or 'no cgroup'}")


def _of_session(found: Session) -> Finding:
    scope = found.cgroup.rsplit("/", 1)[-1]
    if found.kills is False:
        return ok("logout", f"a logout ends nothing: KillUserProcesses is off for {found.user} ({scope})")
    word = "a logout ends running work: KillUserProcesses is on"
    if found.kills is None:
        word = "a logout may end running work: whether KillUserProcesses is on can't be seen"
    return warning(
        "logout",
        f"{word} ({scope})",
        f"loginctl enable-linger {found.user}, then `systemd-run --user --scope orp queue start`",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
