"""`orp artifacts …`: the zips that runs leave."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.progress import progress_bar
from orp_tui.cli.run_argument import run_argument
from orp_tui.cli.summary import shown_path
from orp_tui.core.errors import RunNotFound
from orp_tui.core.layout import RunPaths
from orp_tui.core.sanitise import sanitise
from orp_tui.core.words import counted, size
from orp_tui.services.context import open_context
from orp_tui.services.reference import find_run, store_of

FAULT, NOT_WELL = 3, 1


@click.group("artifacts")
def command() -> None:
    """Bundle, verify, list and extract artifact zips."""


@command.command("bundle", short_help="Write the zip of runs that have ended.")
@run_argument("references", metavar="RUN...", many=True)
@base_dir
@as_json
def bundle(references: tuple[str, ...], base_dir: str | None, as_json: bool) -> int:
    """Write the zip of runs that have ended: again, or at last where the disk was full."""
    from orp_tui.services.artifacts import bundle_again

    context = open_context(base_dir=base_dir)
    states = {}
    with store_of(context, references[0]) as connection:
        for run in [find_run(connection, reference, context.paths) for reference in references]:
            with progress_bar(run.id) as progress:
                states[run.id] = bundle_again(context, connection, run, progress)
    if as_json:
        output.emit_json({run_id: state.to_json() for run_id, state in states.items()})
    else:
        for run_id, state in states.items():
            good = f"{shown_path(context.paths.artifact(run_id))}  {size(state.bytes)}"
            output.emit(good if state.state == "ok" else f"{run_id}: {state.state}: {state.why}")
    return 0 if all(state.state == "ok" for state in states.values()) else FAULT


@command.command("verify", short_help="Check zips against their manifests.")
@run_argument("references", metavar="ZIP|RUN...", many=True, files=True)
@base_dir
@as_json
def verify(references: tuple[str, ...], base_dir: str | None, as_json: bool) -> int:
    """Check zips against their manifests: every size, checksum and digest.

    A zip needs nothing but itself. For a run, the files that its zip only refers to are
    checked in its workspace as well.
    """
    from orp_tui.artifacts.verify import verify as check

    reports = {}
    for reference in references:
        path, workspace = _zip_of(reference, base_dir)
        with progress_bar(path.name) as progress:
            reports[str(path)] = check(path, workspace=workspace, progress=progress)
    if as_json:
        output.emit_json(
            [
                {
                    "path": path,
                    "ok": report.ok,
                    "members": report.members,
                    "bytes": report.bytes,
                    "referenced": report.referenced,
                    "referenced_checked": report.referenced_checked,
                    "findings": [{"member": item.member, "what": item.what} for item in report.findings],
                }
                for path, report in reports.items()
            ]
        )
    else:
        for name, report in reports.items():
            unchecked = report.referenced and not report.referenced_checked
            rest = f", {report.referenced} more only referred to" if unchecked else ""
            word = "sound" if report.ok else "DAMAGED"
            output.emit(
                f"{shown_path(Path(name))}: {word}: {counted(report.members, 'file')}, {size(report.bytes)}{rest}"
            )
            for finding in report.findings:
                output.emit(f"  {sanitise(str(finding))}")
    return 0 if all(report.ok for report in reports.values()) else NOT_WELL


@command.command("list", short_help="List what a zip holds and what was left out.")
@run_argument("reference", metavar="ZIP|RUN", files=True)
@base_dir
@as_json
def list_members(reference: str, base_dir: str | None, as_json: bool) -> None:
    """List what a zip holds, what it only refers to, and what was left out and why."""
    from orp_tui.artifacts.manifest import MANIFEST_NAME, Manifest
    from orp_tui.artifacts.member import read_member

    path, _ = _zip_of(reference, base_dir)
    manifest = Manifest.from_json(json.loads(read_member(f"{path}::{MANIFEST_NAME}")))
    if as_json:
        output.emit_json(manifest.to_json())
        return
    rows = [(size(item.size), item.stored, item.path, item.note or "") for item in manifest.entries]
    output.emit(output.table(("SIZE", "IN", "PATH", ""), rows))
    for left in manifest.left_out:
        output.emit(sanitise(f"left out: {left.path}: {left.why}"))


@command.command("extract", short_help="Unpack a zip, or some members of it.")
@run_argument("reference", metavar="ZIP|RUN", files=True)
@click.argument("members", metavar="[MEMBER]...", nargs=-1)
@click.option(
    "--to", "target", type=click.Path(file_okay=False), help="Folder; by default one named like the zip."
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@base_dir
def extract(
    reference: str, members: tuple[str, ...], target: str | None, overwrite: bool, base_dir: str | None
) -> int:
    """Unpack a zip, or some members of it; names that would leave the folder are refused.

    Exits 1 if a file differs from what the zip's manifest says of it.
    """
    from orp_tui.artifacts.extract import extract as unpack

    path, workspace = _zip_of(reference, base_dir)
    folder = Path(target) if target else Path(path.name.removesuffix(".zip"))
    with progress_bar(path.name) as progress:
        report = unpack(path, folder, members=members or None, overwrite=overwrite, progress=progress)
    output.emit(f"{folder}: {counted(report.files, 'file')}, {size(report.bytes)}")
    for entry in report.referenced:
        place = f"{workspace}/{entry.origin or entry.path}" if workspace else "the run's workspace"
        output.say(sanitise(f"not in the zip, only referred to: {entry.path} ({size(entry.size)}): {place}"))
    for finding in report.findings:
        output.say(sanitise(f"orp: {path}: {finding}"))
    return NOT_WELL if report.findings else 0


def _zip_of(reference: str, base_dir: str | None) -> tuple[Path, Path | None]:
    """The zip that is meant, and the workspace it came from where that is known."""
    if Path(reference).is_file() or reference.endswith(".zip"):
        return Path(reference), None
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
    path = context.paths.artifact(run.id)
    if not path.exists():
        raise RunNotFound(run.id, f"has no zip ({run.artifacts}); `orp artifacts bundle {run.id}` writes one")
    return path, _workspace(context.paths.run(run.id))


def _workspace(folder: RunPaths) -> Path | None:
    from orp_tui.engine.request_file import read_request
    from orp_tui.services.imported import is_imported

    if is_imported(folder):
        return None  # its paths are another machine's
    try:
        return Path(read_request(folder).cwd)
    except (OSError, ValueError, KeyError, TypeError):
        return None
