"""`orp share`: prints what to give away, and warns of what keeps colleagues out."""

from __future__ import annotations

import stat

from desk import METRICS, Desk


def test_it_prints_folder_and_zip_and_takes_them_back(desk: Desk) -> None:
    run_id = desk.call("run", "--json", desk.write("good.yaml", deliverables=[METRICS])).json["experiment_id"]
    folder, packed = desk.run(run_id).folder, desk.paths.artifact(run_id)

    shared = desk.call("share", run_id, "--all")

    assert (shared.code, shared.out) == (0, f"{folder}\n{packed}\n")
    assert "everybody can read" in shared.err
    assert "keeps them out (mode 700)" in shared.err  # pytest's own folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE(desk.run(run_id).environment_private.stat().st_mode) == 0o600

    assert desk.call("share", run_id, "--remove").out == f"{run_id}: only you can read it again\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert desk.call("share", run_id, "--remove", "--json").json == [{"id": run_id, "was_shared": False}]


def test_one_audience_at_a_time(desk: Desk) -> None:
    assert desk.call("share", "last", "--all", "--group", "x").code == 2
