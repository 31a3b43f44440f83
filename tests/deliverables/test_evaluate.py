"""Whole evaluations: several deliverables, live and final, before and after, and hostile."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import hand_made
import pytest
from checked_workspace import Workspace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orp_tui.core.checklist import Check, ChecklistReport, CheckOutcome, Deliverable, DeliverableStatus
from orp_tui.deliverables.evaluate import evaluate, take_baseline

EXISTS = Check("exists")
FRESH = Check("fresh")
ACCURATE = Check("threshold", {"metric": "accuracy", "operator": ">=", "value": 0.9})


def declared(*items: tuple[str, tuple[Check, ...]]) -> list[Deliverable]:
    return [Deliverable(index, "metrics", path, True, checks) for index, (path, checks) in enumerate(items)]


def final(items: list[Deliverable], workspace: Workspace, baseline: Any = None) -> ChecklistReport:
    return evaluate(items, workspace.folder, baseline=baseline, final=True)


def test_all_deliverables_are_reported_in_order_with_files_and_sizes(workspace: Workspace) -> None:
    workspace.write("out/metrics.json", '{"accuracy": 0.95}')
    workspace.write("out/ckpt-1.pt", hand_made.torch_zip([2]))
    items = declared(
        ("out/metrics.json", (EXISTS, ACCURATE)), ("out/*.pt", (Check("loadable"),)), ("none", ())
    )

    report = final(items, workspace)

    assert [item.status.value for item in report.items] == ["valid", "valid", "missing"]
    assert report.items[1].files == ("out/ckpt-1.pt",)
    assert report.items[0].size_bytes == 18
    assert [result.check for result in report.items[0].results] == ["exists", "threshold"]
    assert (report.final, report.complete, report.valid) == (True, False, 2)
    assert ChecklistReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_two_deliverables_of_one_type_and_path_keep_their_own_results(workspace: Workspace) -> None:
    workspace.write("m.json", '{"accuracy": 0.5}')
    items = declared(("m.json", (ACCURATE,)), ("m.json", (EXISTS,)), ("n.json", (EXISTS,)))

    by_path = final(items, workspace).by_path()

    assert {key: value["status"] for key, value in by_path.items()} == {
        "m.json#0": "invalid",
        "m.json#1": "valid",
        "n.json": "missing",
    }


def test_one_hostile_deliverable_does_not_touch_the_others(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t")
    workspace.write("good.json", '{"accuracy": 0.95}')
    os.mkfifo(workspace.folder / "pipe.json")
    (workspace.folder / "out.json").symlink_to(tmp_path / "secret")
    (workspace.folder / "nowhere.json").symlink_to("none")
    (workspace.folder / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(workspace.folder)
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        paths = (
            "pipe.json",
            "out.json",
            "nowhere.json",
            "circle",
            "socket",
            "../secret",
            "/etc/passwd",
            "~/x",
            "a\0b",
            "\ud800",
        )
        begun = time.monotonic()
        report = final(declared(*[(path, (ACCURATE,)) for path in (*paths, "good.json")]), workspace)

    details = [item.detail for item in report.items]
    assert time.monotonic() - begun < 5
    assert details[0] == "pipe.json: a FIFO (named pipe), not a regular file; it was not opened"
    assert details[1] == f"out.json: a symlink leads out of the folder, to {tmp_path}/secret"
    assert details[2] == "nowhere.json: a symlink to nothing"
    assert details[3].startswith("circle: Too many levels of symbolic links")
    assert details[4] == "socket: a socket, not a regular file; it was not opened"
    assert details[5] == "../secret: leaves its folder with .."
    assert details[6] == "/etc/passwd: is absolute; it must be relative to its folder"
    assert details[7] == "~/x: leaves the workspace; write a path inside it"
    assert "NUL" in details[8]
    assert "half a character" in details[9]
    assert report.items[-1].status is DeliverableStatus.VALID
    assert all(item.status is not DeliverableStatus.VALID for item in report.items[:-1])
    assert "s3cr3t" not in json.dumps(report.to_json())


def test_a_folder_or_glob_with_a_link_out_is_invalid_and_names_it(workspace: Workspace) -> None:
    workspace.write("model/a.bin")
    (workspace.folder / "model/passwd").symlink_to("/etc/passwd")

    report = final(declared(("model", ()), ("model/*", ())), workspace)

    for item in report.items:
        assert item.status is DeliverableStatus.INVALID
        assert item.detail == "model/passwd: a symlink leads out of the folder, to /etc/passwd"


def test_what_cannot_be_read_is_an_error_that_says_so(workspace: Workspace) -> None:
    workspace.write("m.json", "{}").chmod(0)
    workspace.write("closed/m.json", "{}")
    (workspace.folder / "closed").chmod(0)
    code = (
        "import os\n"
        "from orp_tui.core.checklist import *; from orp_tui.deliverables.evaluate import evaluate\n"
        "paths = ['m.json', 'closed/m.json', 'closed/*', 'closed']\n"
        "checks = (Check('contains_keys', {'required_keys': ['a']}),)\n"
        "items = [Deliverable(n, 'metrics', path, True, checks) for n, path in enumerate(paths)]\n"
        "report = evaluate(items, '.', baseline=None, final=True)\n"
        "if os.geteuid() == 0:\n"  # root reads everything; what is needed is imported by now
        "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "    report = evaluate(items, '.', baseline=None, final=True)\n"
        "for item in report.items: print(item.status.value, item.results[-1].outcome.value, item.detail)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=workspace.folder)

    assert ran.stdout.splitlines() == [
        "invalid error m.json: Permission denied",
        "invalid error closed/m.json: Permission denied",
        "invalid error closed/*: Permission denied",
        "invalid error closed: Permission denied",
    ], ran.stderr


def test_a_missing_workspace_is_told(workspace: Workspace) -> None:
    report = evaluate(declared(("a", ())), workspace.folder / "gone", baseline=None, final=True)

    assert report.items[0].status is DeliverableStatus.MISSING
    assert report.items[0].detail == "the workspace: No such file or directory"
    assert take_baseline(declared(("a", ())), workspace.folder / "gone")["items"]["0"]["files"] == {}


def test_no_deliverables_are_a_complete_report(workspace: Workspace) -> None:
    report = final([], workspace)

    assert (report.items, report.complete) == ((), True)


def test_a_file_whose_name_holds_wildcards_is_found_by_its_name(workspace: Workspace) -> None:
    workspace.write("run[1].json", '{"accuracy": 1}')

    assert final(declared(("run[1].json", (ACCURATE,))), workspace).complete


def test_names_that_are_hostile_or_no_utf8_are_shown_harmlessly(workspace: Workspace) -> None:
    workspace.write("a\x1b[2J\nb.json", "{}")
    with open(os.fsencode(workspace.folder) + b"/caf\xe9.json", "wb") as file:
        file.write(b"{}")

    report = final(declared(("*.json", (ACCURATE,))), workspace)

    text = json.dumps(report.to_json())
    assert "\x1b" not in report.items[0].detail
    assert "\n" not in report.items[0].detail
    assert json.loads(text)["items"][0]["files"] == ["a\x1b[2J\nb.json", "caf\udce9.json"]


def test_a_check_with_wrong_options_is_an_error_and_not_a_crash(workspace: Workspace) -> None:
    workspace.write("a.json", "{}")

    assert workspace.errs("a.json", "min_size") == "the check itself is broken: KeyError: 'bytes'"


class TestFresh:
    """Whether a file is this run's own."""

    def test_what_was_absent_before_is_fresh(self, workspace: Workspace) -> None:
        items = declared(("out/m.json", (FRESH,)))
        baseline = take_baseline(items, workspace.folder)
        workspace.write("out/m.json")

        item = final(items, workspace, json.loads(json.dumps(baseline))).items[0]

        assert (item.status, item.results[-1].detail) == (DeliverableStatus.VALID, "1 new file")

    def test_what_was_left_from_before_is_not(self, workspace: Workspace) -> None:
        workspace.write("m.json")
        items = declared(("m.json", (FRESH,)))
        baseline = take_baseline(items, workspace.folder)

        item = final(items, workspace, baseline).items[0]

        assert (item.status, item.detail) == (
            DeliverableStatus.INVALID,
            "m.json is from before the start, and unchanged since",
        )

    def test_a_rewritten_file_is_fresh_even_with_its_old_time_and_size(self, workspace: Workspace) -> None:
        path = workspace.write("m.json", "old")
        before = path.stat()
        items = declared(("m.json", (FRESH,)))
        baseline = take_baseline(items, workspace.folder)
        deadline = time.monotonic() + 5
        while path.stat().st_ctime_ns == before.st_ctime_ns and time.monotonic() < deadline:
            path.write_text("new")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert final(items, workspace, baseline).items[0].results[-1].detail == "changed since the start"

    def test_a_file_with_a_future_or_ancient_time_is_not_fooled(self, workspace: Workspace) -> None:
        for when in (0, 4_000_000_000):
            path = workspace.write("m.json")
            os.utime(path, (when, when))
            items = declared(("m.json", (FRESH,)))

            assert not final(items, workspace, take_baseline(items, workspace.folder)).complete

    def test_a_globs_old_matches_are_not_counted_beside_new_ones(self, workspace: Workspace) -> None:
        workspace.write("fold-1.json", '{"accuracy": 0.1}')
        items = declared(("fold-*.json", (FRESH, ACCURATE, Check("min_count", {"count": 2}))))
        baseline = take_baseline(items, workspace.folder)
        workspace.write("fold-2.json", '{"accuracy": 0.95}')

        item = final(items, workspace, baseline).items[0]

        assert item.files == ("fold-2.json",)
        assert [result.outcome.value for result in item.results] == ["pass", "pass", "pass", "fail"]
        assert item.results[0].detail == "1 match, 18 bytes; 1 more from before the start, not counted"
        assert item.detail == "1 file, needs 2"

    def test_a_folder_is_fresh_if_anything_in_it_is(self, workspace: Workspace) -> None:
        workspace.write("model/old.bin")
        items = declared(("model", (FRESH,)))
        baseline = take_baseline(items, workspace.folder)

        assert not final(items, workspace, baseline).complete
        workspace.write("model/new.bin")
        assert final(items, workspace, baseline).complete

    def test_without_a_baseline_it_cannot_be_told(self, workspace: Workspace) -> None:
        workspace.write("m.json")

        assert workspace.errs("m.json", "fresh") == "nobody noted what was there before the start"
        assert (
            workspace.item("m.json", FRESH, final=False, now=time.time() + 60).results[-1].check == "exists"
        )


class TestLive:
    """While the run goes on."""

    LATER = 60.0
    """Seconds after which nothing was written recently."""

    def live(self, workspace: Workspace, *checks: Check, path: str = "m.json", **more: Any) -> Any:
        return workspace.item(path, *checks, final=False, **{"now": time.time() + self.LATER, **more})

    def test_a_file_that_was_just_written_is_growing(self, workspace: Workspace) -> None:
        workspace.write("m.json", '{"accuracy": 0.')

        growing = self.live(workspace, ACCURATE, now=time.time())
        quiet = self.live(workspace, ACCURATE)

        assert growing.status is DeliverableStatus.GROWING
        assert [result.check for result in growing.results] == ["exists"]
        assert quiet.status is DeliverableStatus.INVALID

    def test_a_file_whose_size_changed_since_the_last_look_is_growing(self, workspace: Workspace) -> None:
        items = declared(("m.bin", ()))
        now = time.time() + self.LATER
        workspace.write("m.bin", b"1")
        first = evaluate(items, workspace.folder, baseline=None, final=False, now=now)
        workspace.write("m.bin", b"12")
        second = evaluate(items, workspace.folder, baseline=None, final=False, now=now, previous=first)
        third = evaluate(items, workspace.folder, baseline=None, final=False, now=now, previous=second)

        assert [report.items[0].status.value for report in (first, second, third)] == [
            "valid",
            "growing",
            "valid",
        ]

    def test_a_file_that_came_since_the_last_look_and_is_quiet_is_valid(self, workspace: Workspace) -> None:
        items = declared(("m.bin", ()))
        now = time.time() + self.LATER
        first = evaluate(items, workspace.folder, baseline=None, final=False, now=now)
        workspace.write("m.bin", b"12")
        second = evaluate(items, workspace.folder, baseline=None, final=False, now=now, previous=first)

        assert [report.items[0].status.value for report in (first, second)] == ["missing", "valid"]

    def test_small_files_are_looked_into_and_large_ones_not(self, workspace: Workspace) -> None:
        workspace.write("m.json", '{"accuracy": 0.1}')
        workspace.write("large.json", '{"accuracy": 0.1, "x": "' + "x" * 2_000_000 + '"}')

        assert self.live(workspace, ACCURATE).detail == "accuracy 0.1 < 0.9"
        assert self.live(workspace, ACCURATE, path="large.json").status is DeliverableStatus.VALID
        assert not final(declared(("large.json", (ACCURATE,))), workspace).complete

    def test_of_a_large_image_only_the_first_bytes_are_looked_at(self, workspace: Workspace) -> None:
        workspace.write("a.png", hand_made.png()[:-4] + bytes(2_000_000))
        workspace.write("b.png", bytes(2_000_000))

        assert self.live(workspace, Check("image"), path="a.png").detail == "PNG, 2,000,064 bytes"
        assert self.live(workspace, Check("image"), path="b.png").status is DeliverableStatus.INVALID

    def test_expensive_checks_are_not_made(self, workspace: Workspace) -> None:
        workspace.write("m.json", "x")
        expensive = (
            Check("command", {"command": ["touch", "ran"]}),
            Check("sha256", {"sha256": "0" * 64}),
            Check("regex", {"pattern": "y"}),
            Check("json_schema", {"schema": {}}),
            Check("stable", {"seconds": 60}),
            Check("plugged-in"),
        )
        begun = time.monotonic()

        item = self.live(workspace, *expensive)

        assert item.status is DeliverableStatus.VALID
        assert not (workspace.folder / "ran").exists()
        assert time.monotonic() - begun < 5

    def test_stale_files_are_invalid_live_too(self, workspace: Workspace) -> None:
        workspace.write("m.json")
        baseline = take_baseline(declared(("m.json", (FRESH,))), workspace.folder)

        assert self.live(workspace, FRESH, baseline=baseline).status is DeliverableStatus.INVALID

    def test_a_look_at_50_deliverables_takes_milliseconds(self, workspace: Workspace) -> None:
        for number in range(50):
            workspace.write(f"out/{number}.json", '{"accuracy": 0.95}')
        items = declared(*[(f"out/{number}.json", (EXISTS, ACCURATE)) for number in range(50)])
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            evaluate(items, workspace.folder, baseline=None, final=False)
            took.append(time.perf_counter() - begun)

        assert min(took) < 0.1


@pytest.mark.slow
def test_a_glob_with_100_000_hits_is_capped_and_fast(workspace: Workspace) -> None:
    (workspace.folder / "out").mkdir()
    for number in range(100_000):
        os.mknod(workspace.folder / f"out/{number:06}.txt")
    items = declared(("out/*.txt", (Check("min_count", {"count": 50_000}),)))
    begun = time.process_time()
    item = final(items, workspace).items[0]
    took = time.process_time() - begun
    begun = time.process_time()
    evaluate(items, workspace.folder, baseline=None, final=False)
    live = time.process_time() - begun

    assert (len(item.files), item.truncated) == (10_000, True)
    assert item.results[0].detail == "10,000 matches, 0 bytes (the rest was not looked at)"
    assert item.detail == "50,000 files"
    assert took < 3
    assert live < 0.5


SUFFIXES = (
    *(
        ".safetensors",
        ".pt",
        ".bin",
        ".onnx",
        ".npy",
        ".npz",
        ".pkl",
        ".joblib",
        ".gguf",
        ".h5",
        ".keras",
        ".parquet",
    ),
    *(
        ".zip",
        ".json",
        ".jsonl",
        ".yaml",
        ".toml",
        ".csv",
        ".tsv",
        ".png",
        ".jpg",
        ".gif",
        ".bmp",
        ".webp",
        ".tif",
    ),
    *(".svg", ".pdf", ".md", ".html", ".txt", ""),
)
BEGINNINGS = [
    *(
        hand_made.png(),
        hand_made.jpeg(),
        hand_made.gif(),
        hand_made.bmp(),
        hand_made.webp(),
        hand_made.tiff(),
    ),
    *(
        hand_made.tiff(order=">"),
        hand_made.SVG,
        hand_made.PDF,
        hand_made.onnx(),
        hand_made.onnx(location="x"),
    ),
    *(
        hand_made.npy(),
        hand_made.npy((1,), "|O", b"N."),
        hand_made.hdf5(),
        hand_made.gguf(),
        hand_made.parquet(),
    ),
    *(
        hand_made.torch_zip([3]),
        hand_made.torch_legacy(),
        hand_made.torch_pickle([1, 2]),
        hand_made.safetensors({"w": ("F32", [3])}),
    ),
    *(
        hand_made.zipped({"a.npy": hand_made.npy()}),
        b'{"a": [1, {"b": null}]}',
        b"a: &a [1]\nb: *a\n",
        b"[a]\nb = 1\n",
    ),
    *(b"a,b\n1,2\n", b"# One\n```\n", b"<h1>x</h1>", b""),
]
CHEAP_CHECKS = (
    Check("contains_keys", {"required_keys": ["a", "a.0.b"]}),
    Check("threshold", {"metric": "a.0", "operator": ">=", "value": 0}),
    Check("csv", {"columns": ["a"], "min_rows": 1, "no_nan": True}),
    Check("contains_sections", {"sections": ["One"]}),
    Check("image", {"min_width": 1}),
    Check("loadable"),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A whole file with some bytes replaced, taken out or put in."""
    data = bytearray(draw(st.sampled_from(BEGINNINGS)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), damaged()), suffix=st.sampled_from(SUFFIXES))
def test_no_content_makes_a_check_break(workspace: Workspace, content: bytes, suffix: str) -> None:
    workspace.write(f"file{suffix}", content)
    items = declared((f"file{suffix}", CHEAP_CHECKS))

    report = final(items, workspace)
    live = evaluate(items, workspace.folder, baseline=None, final=False, now=time.time() + 60)

    for item in (*report.items, *live.items):
        for result in item.results:
            assert "the check itself is broken" not in result.detail
            assert "\x1b" not in result.detail
            assert result.outcome is CheckOutcome.PASS or result.detail
    json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_damaged_at_every_byte_gives_an_answer(workspace: Workspace, suffix: str) -> None:
    start = next((data for data in BEGINNINGS if data), b"")
    for data in BEGINNINGS if suffix in (".bin", "") else [start]:
        for kept in range(0, len(data), 7):
            workspace.write(f"file{suffix}", data[:kept])
            item = workspace.item(f"file{suffix}", Check("loadable"), Check("image"))

            assert all("broken" not in result.detail for result in item.results)


def test_an_evaluation_imports_nothing_heavy(workspace: Workspace) -> None:
    workspace.write("m.json", '{"accuracy": 1}')
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from orp_tui.core.checklist import Check, Deliverable\n"
        "from orp_tui.deliverables.evaluate import evaluate, take_baseline\n"
        "heavy = {'zipfile', 'csv', 'tomllib', 'pickletools', 'subprocess', 'ctypes', 'json', 'importlib.metadata'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "checks = (Check('contains_keys', {'required_keys': ['accuracy']}), Check('fresh'))\n"
        "items = [Deliverable(0, 'metrics', 'm.json', True, checks)]\n"
        "baseline = take_baseline(items, Path(sys.argv[1]))\n"
        "assert not evaluate(items, Path(sys.argv[1]), baseline=baseline, final=True).complete\n"
        "for name in ('pydantic', 'yaml', 'numpy', 'jsonschema', 'asyncio', 'logging'): assert name not in sys.modules, name\n"
    )

    subprocess.run([sys.executable, "-c", code, workspace.folder], check=True)
