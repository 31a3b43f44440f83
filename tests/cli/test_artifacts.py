"""`orp artifacts`: the zips that runs leave."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from desk import METRICS, Desk, Ended


def _zip(ended: Ended) -> Path:
    return ended.desk.paths.artifact(ended.good)


def test_a_sound_zip_is_sound_by_run_and_by_file_anywhere(ended: Ended, tmp_path: Path) -> None:
    alone = shutil.copy(_zip(ended), tmp_path / "alone.zip")

    by_run, by_file = (
        ended.desk.call("artifacts", "verify", ended.good),
        ended.desk.call("artifacts", "verify", str(alone), at=tmp_path),
    )

    assert by_run.code == by_file.code == 0
    assert ": sound: " in by_run.out
    assert by_file.out.startswith("alone.zip: sound: ")
    assert list(tmp_path.iterdir()) == [tmp_path / "alone.zip"]  # verifying leaves nothing behind


def test_a_damaged_zip_exits_1_and_names_the_damage(ended: Ended, tmp_path: Path) -> None:
    data = bytearray(_zip(ended).read_bytes())
    data[60] ^= 0xFF
    (tmp_path / "x.zip").write_bytes(data)

    done = ended.desk.call("artifacts", "verify", str(tmp_path / "x.zip"))
    as_json = ended.desk.call("artifacts", "verify", "--json", str(tmp_path / "x.zip"))

    assert done.code == as_json.code == 1
    assert "DAMAGED" in done.out
    assert as_json.json[0]["ok"] is False
    assert as_json.json[0]["findings"]


def test_what_is_no_zip_is_one_clear_line(ended: Ended, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip at all")

    for words in (["verify"], ["list"], ["extract"]):
        done = ended.desk.call("artifacts", *words, str(tmp_path / "x.zip"), at=tmp_path)
        assert done.code in (1, 3)
        assert "x.zip" in done.out + done.err
        assert "Traceback" not in done.err
    assert ended.desk.call("artifacts", "verify", "gone.zip").code != 0


def test_the_list_has_every_member_with_its_size(ended: Ended) -> None:
    done = ended.desk.call("artifacts", "list", ended.good)
    names = [
        entry["path"] for entry in ended.desk.call("artifacts", "list", "--json", ended.good).json["entries"]
    ]

    assert {"training_stdout.txt", "result.json", "out/m.json"} <= set(names)
    assert all(name in done.out for name in names)


def test_extract_unpacks_all_or_some_and_replaces_nothing_unasked(ended: Ended, tmp_path: Path) -> None:
    call = ended.desk.call

    some = call("artifacts", "extract", str(_zip(ended)), "training_stdout.txt", "--to", "some", at=tmp_path)
    whole = call("artifacts", "extract", str(_zip(ended)), at=tmp_path)
    again = call("artifacts", "extract", str(_zip(ended)), at=tmp_path)

    assert some.code == whole.code == 0
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["training_stdout.txt"]
    assert (tmp_path / f"{ended.good}_artifacts" / "out" / "m.json").exists()
    assert again.code != 0
    assert "--overwrite" in again.err
    assert call("artifacts", "extract", str(_zip(ended)), "--overwrite", at=tmp_path).code == 0


def test_bundling_again_writes_a_sound_zip(desk: Desk) -> None:
    run_id = desk.call("run", desk.write("e.yaml"), "--json").json["experiment_id"]
    desk.paths.artifact(run_id).unlink()
    missing = desk.call("artifacts", "verify", run_id)

    done = desk.call("artifacts", "bundle", "e")

    assert missing.code == 2
    assert f"`orp artifacts bundle {run_id}`" in missing.err
    assert done.code == 0
    assert done.out.startswith(f"experiments/artifacts/{run_id}_artifacts.zip")
    assert desk.call("artifacts", "verify", run_id).code == 0
    assert desk.call("artifacts", "bundle", "--json", run_id).json[run_id]["state"] == "ok"


def test_a_run_that_still_runs_cannot_be_bundled(desk: Desk) -> None:
    run_id = desk.begin()

    done = desk.call("artifacts", "bundle", run_id)

    assert done.code == 2
    assert "has not ended yet" in done.err


def test_extract_warns_of_a_changed_member_and_exits_1(ended: Ended, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(_zip(ended)) as old, zipfile.ZipFile(changed, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info) + (b"!" if info.filename == "out/m.json" else b""))

    done = ended.desk.call("artifacts", "extract", str(changed), "--to", "there", at=tmp_path)

    assert done.code == 1
    assert "out/m.json: 14 bytes, the manifest says 13" in done.err
    assert (tmp_path / "there" / "out" / "m.json").exists()


def test_extract_says_where_what_the_zip_only_refers_to_lies(desk: Desk) -> None:
    desk.call("run", desk.write("e.yaml", deliverables=[METRICS], artifacts={"pack": "reference"}))

    done = desk.call("artifacts", "extract", "e", "--to", "there")

    assert done.code == 0
    assert f"not in the zip, only referred to: out/m.json (13 B): {desk.paths.runs}" in done.err
