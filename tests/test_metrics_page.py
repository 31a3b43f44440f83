"""What docs/metrics.md promises, done: its commands, its files, its reader, its names of files and its conditions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orp_tui.core.alert_conditions import parse_condition
from orp_tui.engine.observing import WORTH_IT_S
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import SCAN_PERIOD_S
from orp_tui.metrics.recognise import promised
from orp_tui.services.system_samples import EVERY_S

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")
LAB = Path("lab_metrics-1.0.dist-info")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def _files() -> dict[str, str]:
    """Name → text, of the blocks that begin with the name of a file."""
    blocks = [*_blocks("python"), *_blocks("yaml")]
    return {found[1]: text for text in blocks if (found := re.match(r"# (\S+\.\w+)\n", text))}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "orp.yaml").write_text("queue: {idle_exit: 2s}\n")
    for name, text in _files().items():
        (folder / name).write_text(text)
    return folder


def _shell(line: str, project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORP_", "PYTEST_"))}
    claims = {name: value for name, value in os.environ.items() if name == "ORP_CLAIMS_DIR"}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=project,
        env=kept | claims | {"PATH": path, "LANG": "C.UTF-8"} | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
def test_every_command_of_the_page_does_what_stands_beside_it(project: Path) -> None:
    blocks = _blocks("bash")
    said = []
    for block in blocks:
        done = _shell(block, project)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)

    first, watched, looks, tested, chain, cache = said
    assert "val_acc" in first
    assert "val_loss" in first
    assert "n=30" in first
    assert watched.count("succeeded  exp_") == 3
    assert "at the best val_loss" in watched
    assert "median of 3 seeds" in looks
    assert "made " in looks
    assert "<svg" in (project / "acc.svg").read_text()
    assert (project / "points.csv").read_text().startswith("metric,run,step,time,value\n")
    assert "read as metrics" in tested
    assert "(pattern)" in tested
    assert "one curve of 2 runs" in chain
    assert "1–30" in cache
    assert (project / "experiments" / "state").is_dir()
    assert "sys/memory" in cache


def test_the_reader_of_the_page_reads_its_format_in_a_run(project: Path) -> None:
    (declared,) = _blocks("toml")
    name, target = re.search(r'^(\w+) = "(.+)"$', declared, re.MULTILINE).groups()  # type: ignore[union-attr]
    site = project / "site"
    (site / LAB).mkdir(parents=True)
    (site / LAB / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-metrics\nVersion: 1.0\n")
    (site / LAB / "entry_points.txt").write_text(f"[orp.metric_readers]\n{name} = {target}\n")
    (project / "lab_metrics.py").rename(site / "lab_metrics.py")
    script = "for step in 1 2 3; do echo $step loss 0.$step; echo $step acc 1; done > out.triples; printf '4 los' >> out.triples"
    experiment = {
        "experiment": {"name": "lab"},
        "training": {"script": ["sh", "-c", script]},
        "metrics": {"sources": [{"type": name, "path": "*.triples"}]},
    }
    (project / "lab.yaml").write_text(json.dumps(experiment))

    ran = _shell("orp run lab.yaml && orp metrics last --json --points", project, PYTHONPATH=str(site))

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout[ran.stdout.index("\n{") :])
    metrics = {each["metric"]: (each["steps"], each["values"], each["kind"]) for each in found["metrics"]}
    assert metrics == {
        "loss": ([1, 2, 3], [0.1, 0.2, 0.3], name),
        "acc": ([1, 2, 3], [1, 1, 1], name),
    }
    assert found["troubles"] == []


def test_the_reader_of_the_page_goes_on_at_its_mark(tmp_path: Path) -> None:
    scope: dict[str, type] = {}
    exec(_files()["lab_metrics.py"], scope)
    path = tmp_path / "a.triples"
    mark: str = "null"
    seen: list[float] = []
    for byte in b"\n1 loss 0.5\n2 loss 0.25\n\n3 loss 0.125\n4 lo":
        with open(path, "ab") as file:
            file.write(bytes((byte,)))
        reader = scope["TriplesReader"](str(path), mark=json.loads(mark))
        if reader.changed():
            seen += [value for points in reader.read().points.values() for value in points.values]
        mark = json.dumps(reader.mark)

    assert seen == [0.5, 0.25, 0.125]


def test_every_name_of_a_file_in_the_table_is_looked_for() -> None:
    table = PAGE[PAGE.index("| written by |") : PAGE.index("- Such as")]
    cells = [row.split("|")[2] for row in table.splitlines() if row]
    names = [name.replace("*", "x") for cell in cells for name in re.findall(r"`([\w*.-]+)`", cell)]
    files = [name for name in names if "." in name and name != "meta.yaml"]

    assert len(files) > 15
    kinds = {name: promised(name.replace("x.tfevents.x", "events.out.tfevents.1.host")) for name in files}
    assert None not in kinds.values(), kinds
    assert set(kinds.values()) == {"tfevents", "wandb", "csv", "jsonl", "trainer_state", "sqlite"}
    for name in re.findall(r"`([\w.-]+)`", PAGE[PAGE.index("- Such as") :].splitlines()[0])[:2]:
        assert promised(name) is not None, name


def test_the_page_shows_every_kind_of_condition() -> None:
    shown = {type(parse_condition(each)) for each in re.findall(r'when: "?([^}"]+?)"?, do', PAGE)}
    known = (
        "nan(a)",
        "inf(a)",
        "a > 1",
        "spike(a)",
        "plateau(a, 5)",
        "no_log > 1m",
        "no_metric > 1m",
        "throughput < 5%",
    )

    assert shown == {type(parse_condition(each)) for each in known}


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    root = Root("/")

    assert "six deep" in PAGE
    assert root.depth == 6
    assert f"{root.entries:,} entries" in PAGE
    assert "looked for every three seconds" in PAGE
    assert SCAN_PERIOD_S == 3
    assert "sampled every five seconds" in PAGE
    assert EVERY_S == 5
    assert "A run of less than two seconds" in PAGE
    assert WORTH_IT_S == 2
