"""A figure for a paper from the runs of a base directory: mean ± 95 % interval over seeds, one line a value of a key.

`python paper_figure.py FILTER METRIC KEY FIGURE`, such as
`python paper_figure.py 'name:digits state:succeeded' val_acc lr curves.pdf`
"""

import sys

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from scipy.stats import t

import orp_tui


def main(wanted: str, metric: str, key: str, figure: str) -> None:
    found = orp_tui.runs(wanted)
    points = found.history(metric)  # run, name, seed, step, value, time: a row a point
    values = found.to_pandas(["id", f"cfg.{key}"]).set_index("id")[f"cfg.{key}"]
    points[key] = points["run"].map(values)

    paper = Figure(figsize=(3.4, 2.4), layout="constrained")  # inches: one column
    axes = paper.add_subplot()
    groups = list(points.groupby(key))
    for colour, (value, group) in zip(
        colormaps["viridis"](np.linspace(0, 0.8, len(groups))), groups, strict=True
    ):
        at = group.groupby("step")["value"].agg(["mean", "std", "count"])
        half = t.ppf(0.975, at["count"] - 1) * at["std"] / np.sqrt(at["count"])  # NaN for one seed: no band
        seeds = group["run"].nunique()
        axes.plot(at.index, at["mean"], color=colour, linewidth=1.2, label=f"{key} {value:g} ({seeds} seeds)")
        axes.fill_between(
            at.index, at["mean"] - half, at["mean"] + half, color=colour, alpha=0.2, linewidth=0
        )
    axes.set(xlabel="step", ylabel=metric)
    axes.legend(fontsize=7, frameon=False)
    paper.savefig(figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
