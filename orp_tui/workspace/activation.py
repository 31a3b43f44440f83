"""`training.environment`: activated once, at submit, by bash; what comes out is kept."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.core.secrets import mask

TIMEOUT_S = 120.0

# Each line is an argument of its own and never part of the program. Whatever the lines print goes to
# stderr, so that only the environment reaches the descriptor that is read. `return` in a sourced
# file is no error; a failed line is, and is named.
_PROGRAM = r"""
exec 3>&1 1>&2
for orp_line in "${@:2}"; do
    eval "$orp_line" || { orp_status=$?; printf 'exit code %s: %s\n' "$orp_status" "$orp_line" >&2; exit 1; }
done
unset orp_line orp_status
exec "$1" -0 >&3
"""

_MODULE_SCRIPTS = (
    "$LMOD_PKG/init/bash", "$MODULESHOME/init/bash", "/etc/profile.d/lmod.sh", "/etc/profile.d/modules.sh",
    "/etc/profile.d/z00_lmod.sh", "/usr/share/lmod/lmod/init/bash", "/usr/share/Modules/init/bash", "/usr/share/modules/init/bash",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Activation:
    """What `training.environment` asks for; setup lines first, then modules, then conda or venv."""

    setup: tuple[str, ...] = ()
    """Lines for bash."""
    modules: tuple[str, ...] = ()
    conda: str | None = None
    """Name or folder."""
    venv: str | None = None
    """Folder; relative to the folder of the submit."""


def activate(activation: Activation, base: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """The environment after the activation, secrets of `base` included.

    Raises SubmitRefused with what bash said if anything in it fails, or after two minutes.
    """
    bash, env = _program("bash", base), _program("env", base)
    lines = [*activation.setup, *_module_lines(activation, base), *_conda_lines(activation, base), *_venv_lines(activation, cwd)]  # fmt: skip
    process = subprocess.Popen(
        [bash, "--noprofile", "--norc", "-c", _PROGRAM, "orp", env, *lines],
        cwd=cwd,
        env=dict(base),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise SubmitRefused(
            f"training.environment: the activation took longer than {TIMEOUT_S:g} s"
        ) from None
    said = mask(err.decode("utf-8", "replace").strip())
    if process.returncode != 0 or (activation.modules and _module_failed(said)):
        raise SubmitRefused(
            f"training.environment cannot be activated:\n{said[-4000:] or 'no word from bash'}"
        )
    return _parse(out)


def _parse(out: bytes) -> dict[str, str]:
    entries = (os.fsdecode(entry).partition("=") for entry in out.split(b"\0") if entry)
    return {name: value for name, _, value in entries}


def _program(name: str, base: Mapping[str, str]) -> str:
    found = shutil.which(name, path=base.get("PATH")) or shutil.which(name, path=os.defpath)
    if found is None:
        raise SubmitRefused(f"training.environment needs {name}, which is not on PATH")
    return found


def _module_failed(said: str) -> bool:
    """Older Modules print an error and exit 0."""
    return any(
        word in said
        for word in ("ERROR:", "Unable to locate a modulefile", "Lmod has detected the following error")
    )


def _module_lines(activation: Activation, base: Mapping[str, str]) -> list[str]:
    if not activation.modules:
        return []
    lines = [f"module load {_quoted(name)}" for name in activation.modules]
    if any(name.startswith("BASH_FUNC_module") for name in base):
        return lines
    for script in _MODULE_SCRIPTS:
        path = script
        if path.startswith("$"):
            variable, _, rest = path[1:].partition("/")
            path = f"{base[variable]}/{rest}" if base.get(variable) else ""
        if path and os.path.isfile(path):
            return [f". {_quoted(path)}", *lines]
    return ["type module >/dev/null || { echo 'there is no `module` command here' >&2; false; }", *lines]


def _conda_lines(activation: Activation, base: Mapping[str, str]) -> list[str]:
    if activation.conda is None:
        return []
    # An environment that is active already would be stacked upon, with its variables left in place.
    clean = 'while [ "${CONDA_SHLVL:-0}" -gt 0 ] && conda deactivate; do :; done'
    conda = _find_conda(base)
    if conda is not None:
        return [
            f'eval "$({_quoted(conda)} shell.bash hook)"',
            clean,
            f"conda activate {_quoted(activation.conda)}",
        ]
    mamba = base.get("MAMBA_EXE") or shutil.which("micromamba", path=base.get("PATH"))
    if mamba:
        return [
            f'eval "$({_quoted(mamba)} shell hook --shell bash)"',
            f"micromamba activate {_quoted(activation.conda)}",
        ]
    raise SubmitRefused(
        f"training.environment.conda: {activation.conda}: conda is not on PATH and CONDA_EXE is not set; "
        "submit from a shell where `conda` works, or name the environment's Python in training.script"
    )


def _find_conda(base: Mapping[str, str]) -> str | None:
    named = base.get("CONDA_EXE")
    if named and os.access(named, os.X_OK):
        return named
    homes = [base.get("HOME", ""), "/opt"]
    usual = [
        f"{home}/{name}/bin/conda"
        for home in homes
        for name in ("miniconda3", "miniforge3", "anaconda3", "mambaforge")
    ]
    on_path = shutil.which("conda", path=base.get("PATH"))
    return on_path or next((path for path in usual if os.access(path, os.X_OK)), None)


def _venv_lines(activation: Activation, cwd: Path) -> list[str]:
    if activation.venv is None:
        return []
    script = cwd / activation.venv / "bin" / "activate"
    if not script.is_file():
        raise SubmitRefused(f"training.environment.venv: {activation.venv}: there is no {script}")
    return [f". {_quoted(str(script))}"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
