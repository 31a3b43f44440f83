"""The public Python API: load an experiment, run it, get its result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.core.errors import NotYet
from orp_tui.core.result import ExperimentResult
from orp_tui.services.context import open_context
from orp_tui.services.control import ensure_leader
from orp_tui.services.follow import follow, result_of
from orp_tui.services.parents import with_parent
from orp_tui.services.submission import Source, SubmitOptions
from orp_tui.services.submit import sources_of_file, submit

if TYPE_CHECKING:
    from orp_tui.config.loader import LoadedExperiment


def load_experiment(path: str | Path) -> LoadedExperiment:
    """The experiment that a YAML file describes, checked.

    Raises ConfigError with every problem of the file.
    """
    from orp_tui.config.loader import load_experiment_file

    return load_experiment_file(Path(path))


def run_experiment(
    config: str | Path | LoadedExperiment,
    base_dir: str | Path | None = None,
    *,
    seed: int | None = None,
    overrides: tuple[str, ...] = (),
    key: str | None = None,
) -> ExperimentResult:
    """Run one experiment to its end; the same as `orp run FILE`.

    `config` is a file, or what `load_experiment` made of one. `base_dir` is where runs,
    queue and zips lie; None for what `orp.yaml` says, else `experiments/`. `seed` and
    `overrides` (`a.b=1`) are as `--seed` and `--set`; with `key` a second call gives the
    first one's run. The run survives the caller: killed here, it goes on, and its result
    is found with `orp info`.

    Raises ConfigError for an invalid file, NotYet and SubmitRefused for what can't be
    submitted, LeaderError and StoreError if ORP itself can't work here. A training that
    fails raises nothing: that is the result's `status`.
    """
    path = Path(config) if isinstance(config, str | Path) else config.path
    context = open_context(base_dir=str(base_dir) if base_dir is not None else None)
    ensure_leader(context)
    with context.store() as connection:
        loaded = None if isinstance(config, str | Path) else config
        source = _single(sources_of_file(context, path, seed=seed, overrides=overrides, loaded=loaded))
        source = with_parent(connection, context.paths, source)
        run_id = submit(context, connection, source, SubmitOptions(key=key))
        *_, ended = follow(context, connection, [run_id])
        return result_of(context, ended[0])


def _single(sources: list[Source]) -> Source:
    """The only run of an experiment.

    Raises NotYet for a file that describes several.
    """
    if len(sources) != 1:
        raise NotYet(f"{len(sources)} runs from one file (seeds, sweep)")
    return sources[0]
