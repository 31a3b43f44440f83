"""Services that a file names must be known, and the packages that they need installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from orp_tui.config.problems import Path, Problems, unknown

if TYPE_CHECKING:
    from orp_tui.config.spec import ExperimentSpec


def check_services(spec: ExperimentSpec, problems: Problems) -> None:
    """Report integrations that nobody brings, and missing packages with the command that installs them."""

    def need(path: Path, feature: str, module: str, extra: str) -> None:
        if find_spec(module) is None:
            problems.add(path, f"{feature} needs a package; pip install 'open-research-pipeline[{extra}]'")

    if spec.sweep and spec.sweep.method == "optuna":
        need(("sweep", "method"), "optuna", "optuna", "sweep")
    if (
        spec.artifacts
        and spec.artifacts.upload
        and spec.artifacts.upload.startswith(("s3://", "gs://", "az://"))
    ):
        need(("artifacts", "upload"), "an upload to cloud storage", "obstore", "cloud")
    if spec.integrations is None:
        return
    if spec.integrations.wandb and spec.integrations.wandb.mode != "disabled":
        need(("integrations", "wandb"), "Weights & Biases", "wandb", "wandb")
    extra = spec.integrations.model_extra or {}
    if extra:
        from importlib.metadata import entry_points

        known = ["wandb", "mlflow", *sorted(entry_points(group="orp.trackers").names)]
        for name in extra:
            if name not in known:
                problems.add(("integrations", name), unknown("integration", name, known))
