"""orp doctor says what would go wrong, in one line each, and changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from project import projects
from run_folders import claimed, ended, run_id, started, submitted

from orp_tui.core.layout import BasePaths
from orp_tui.engine import leadership
from orp_tui.engine.launch import orp_command
from orp_tui.files import locks
from orp_tui.services import doctor, doctor_logout, doctor_machine, doctor_places, doctor_store
from orp_tui.services.context import open_context
from orp_tui.services.doctor_logout import Session
from orp_tui.services.findings import Level, looked_at
from orp_tui.services.rebuild import rebuild
from orp_tui.store import database, runs, settings


@pytest.fixture
def folder(tmp_path):
    """A project in which nothing was ever run."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "orp.yaml").write_text("queue: {autostart: false}\n")
    return project


@pytest.fixture
def paths(tmp_path):
    return BasePaths.under(tmp_path / "experiments")


def everything_in(folder):
    """Names, sizes and times of all that lies in a folder."""
    return {
        path: (path.lstat().st_size, path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in folder.rglob("*")
    }


def about(findings, word):
    return [item for item in findings if item.about == word]


def levels(findings):
    return [item.level.value for item in findings]


# a logout


SCOPE = "/user.slice/user-1000.slice/session-3.scope"
MANAGER = "/user.slice/user-1000.slice/user@1000.service/app.slice/tmux.scope"


@pytest.mark.parametrize(
    ("values", "level", "words"),
    [
        ({"container": "/.dockerenv"}, "note", "ends with the container"),
        ({"container": "/.dockerenv", "cgroup": MANAGER}, "note", "ends with the container"),
        ({"has_systemd": False}, "ok", "a logout ends nothing"),
        ({"cgroup": SCOPE, "kills": False}, "ok", "KillUserProcesses is off"),
        ({"cgroup": SCOPE, "kills": True}, "warning", "a logout ends running work: KillUserProcesses is on"),
        ({"cgroup": SCOPE, "kills": True, "lingers": True}, "warning", "a logout ends running work"),
        ({"cgroup": SCOPE, "kills": None}, "warning", "may end running work"),
        ({"cgroup": MANAGER, "kills": False}, "warning", "the last logout ends running work"),
        ({"cgroup": MANAGER, "kills": True, "lingers": True}, "ok", "lingers"),
        ({"cgroup": "/system.slice/orp.service"}, "ok", "lives in /system.slice/orp.service"),
        ({"cgroup": "/system.slice/slurmstepd.scope/job_17/step_0"}, "note", "ends with the Slurm job"),
    ],
)
def test_what_a_logout_does_depends_on_where_work_lives(values, level, words):
    usual = {
        "user": "me",
        "container": None,
        "has_systemd": True,
        "cgroup": SCOPE,
        "lingers": False,
        "kills": False,
    }

    found = doctor_logout.logout(Session(**{**usual, **values}))

    assert found.level.value == level
    assert words in found.what
    assert "\n" not in found.what
    assert (found.do is not None) == (level == "warning" or "container" in values)


def written(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


LOGIN = "[Login]\n"


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        ({}, None),
        ({"etc/systemd/logind.conf": LOGIN + "#KillUserProcesses=no\n"}, False),
        ({"usr/lib/systemd/logind.conf": LOGIN + "#KillUserProcesses=yes\n"}, True),
        ({"etc/systemd/logind.conf": LOGIN + "#KillUserProcesses=no\nKillUserProcesses=yes\n"}, True),
        ({"etc/systemd/logind.conf": LOGIN + "KillUserProcesses=yes\n#KillUserProcesses=no\n"}, True),
        ({"etc/systemd/logind.conf.d/a.conf": LOGIN + "KillUserProcesses=1\n"}, True),
        ({"etc/systemd/logind.conf.d/a.conf": LOGIN + "#KillUserProcesses=yes\n"}, None),
        (
            {
                "etc/systemd/logind.conf": LOGIN + "KillUserProcesses=yes\n",
                "usr/lib/systemd/logind.conf.d/50.conf": LOGIN + "KillUserProcesses=yes\n",
                "etc/systemd/logind.conf.d/60.conf": LOGIN + "KillUserProcesses = no\n",
            },
            False,
        ),
        ({"etc/systemd/logind.conf": LOGIN + "KillUserProcesses=yes\nKillExcludeUsers=root me\n"}, False),
        ({"etc/systemd/logind.conf": LOGIN + "KillUserProcesses=yes\nKillOnlyUsers=you\n"}, False),
        ({"etc/systemd/logind.conf": LOGIN + "KillUserProcesses=yes\nKillOnlyUsers=you me\n"}, True),
    ],
)
def test_killing_at_logout_is_read_as_systemd_reads_it(tmp_path, files, kills):
    assert doctor_logout.kills_user_processes("me", written(tmp_path, files)) is kills


def test_root_is_spared_unless_somebody_says_otherwise(tmp_path):
    root = written(tmp_path, {"etc/systemd/logind.conf": "KillUserProcesses=yes\n"})

    assert doctor_logout.kills_user_processes("root", root) is False


@pytest.mark.parametrize(
    ("files", "known_by"),
    [
        ({"proc/1/comm": "systemd\n"}, None),
        ({"proc/1/comm": "init\n"}, None),
        ({"proc/1/comm": "systemd\n", ".dockerenv": ""}, "/.dockerenv"),
        ({"proc/1/comm": "systemd\n", "run/.containerenv": ""}, "/run/.containerenv"),
        ({"proc/1/comm": "systemd\n", "proc/1/cgroup": "0::/kubepods/pod1\n"}, "the cgroup of process 1"),
        ({"proc/1/comm": "bash\n"}, "process 1, which is bash and no init"),
        ({}, None),
    ],
)
def test_a_container_is_known_by_its_signs(tmp_path, files, known_by):
    assert doctor_logout.container(written(tmp_path, files)) == known_by


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("0::/user.slice/x\n", "/user.slice/x"),
        ("9:name=systemd:/a.scope\n4:memory:/b\n0::/\n", "/a.scope"),
        ("0::/with:colon\n", "/with:colon"),
        ("", ""),
    ],
)
def test_the_cgroup_is_the_one_that_systemd_watches(table, path):
    assert doctor_logout.cgroup(table) == path


def test_lingering_is_a_file_with_the_users_name(tmp_path):
    import getpass

    root = written(
        tmp_path, {f"var/lib/systemd/linger/{getpass.getuser()}": "", "proc/7/cgroup": f"0::{MANAGER}\n"}
    )
    (root / "run/systemd/system").mkdir(parents=True)

    found = doctor_logout.session(7, root=root)

    assert (found.lingers, found.cgroup, found.has_systemd) == (True, MANAGER, True)


# the machine


def test_this_kernel_can_run_what_the_tests_run():
    (last,) = [item for item in doctor_machine.kernel() if item.level is Level.OK]

    assert "OFD locks, pidfd, memfd, subreaper" in last.what


def test_the_journal_is_explained(paths, monkeypatch):
    assert "journal" in next(iter(doctor_machine.versions(paths))).what
    monkeypatch.setattr(database, "file_system_of", lambda folder: "nfs")
    monkeypatch.setattr(doctor_machine.sqlite3, "sqlite_version_info", (3, 51, 3))

    (found,) = doctor_machine.versions(paths)

    assert "TRUNCATE: the file system is nfs" in found.what


def test_low_limits_are_told_with_the_command(tmp_path):
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64));"
        "from orp_tui.services import doctor_machine;"
        "print([(item.level.value, item.do) for item in doctor_machine.limits()])"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout == "[('warning', 'ulimit -n 1024')]\n"


def test_a_cgroup_with_few_processes_is_told(tmp_path):
    root = written(tmp_path, {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/pids.max": "32\n"})

    assert any("may have 32 processes" in item.what for item in doctor_machine.limits(root=root))
    written(tmp_path, {"sys/fs/cgroup/a/pids.max": "max\n"})
    assert not any("cgroup" in item.what for item in doctor_machine.limits(root=root))


def test_a_missing_command_is_a_note_with_what_is_lost(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    found = list(doctor_machine.commands())

    assert levels(found) == ["note", "note"]
    assert "git is not installed: commit and diff are not recorded" in found[0].what


@pytest.mark.parametrize(
    ("now", "level", "words"),
    [(0.0, "problem", "1970"), (None, "ok", "right"), (-3600.0, "warning", "was set back")],
)
def test_a_clock_that_can_not_be_right_is_told(paths, now, level, words):
    paths.runs.mkdir(parents=True)
    now = time.time() + now if now else now

    (found,) = doctor_machine.clock(paths, now=now)

    assert found.level.value == level
    assert words in found.what


def test_the_folder_for_machine_wide_locks_is_looked_for_and_not_made(tmp_path):
    first, second = tmp_path / "lock", tmp_path / "tmp"
    second.mkdir()

    (found,) = doctor_machine.machine_locks(parents=(first, second))
    assert (found.level, found.what.split()[0]) == (Level.OK, str(second / "orp"))
    assert not (second / "orp").exists()

    (second / "orp").mkdir(mode=0o755)
    (found,) = doctor_machine.machine_locks(parents=(first, second))
    assert (found.level, found.do) == (Level.WARNING, f"chmod 1777 {second / 'orp'}")
    (found,) = doctor_machine.machine_locks(parents=(first,))
    assert found.level is Level.PROBLEM


# places


def test_a_network_file_system_is_a_problem_where_locks_lie(tmp_path, paths):
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {tmp_path} rw - nfs4 server:/x rw\n")

    found = list(doctor_places.file_systems(paths, mounts=str(table)))

    assert levels(found) == ["problem", "problem", "note"]
    assert "ORP_STATE_DIR" in found[0].do
    table.write_text("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    assert levels(doctor_places.file_systems(paths, mounts=str(table))) == ["ok"]


def test_folders_that_are_open_to_others_are_told(paths):
    ended(submitted(paths, "aaaa"))
    rebuild(paths)
    paths.runs.chmod(0o700)
    assert levels(doctor_places.owners(paths)) == ["ok"]

    paths.state.chmod(0o755)
    paths.run(run_id("aaaa")).folder.chmod(0o750)

    found = list(doctor_places.owners(paths))
    assert levels(found) == ["warning", "warning"]
    assert found[0].do == f"chmod 700 {paths.state}"
    assert run_id("aaaa") in found[1].what


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
@pytest.mark.root
def test_somebody_elses_folder_is_a_problem(paths):
    paths.state.mkdir(parents=True, mode=0o700)
    os.chown(paths.state, 65534, -1)

    found = list(doctor_places.owners(paths))

    assert levels(found) == ["problem"]
    assert "belongs to uid 65534" in found[0].what


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
@pytest.mark.root
def test_a_read_only_base_directory_is_looked_at_all_the_same(folder, tmp_path):
    context = open_context(start=folder, base_dir=str(tmp_path / "small" / "experiments"))
    (tmp_path / "small").mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "orp-test", str(tmp_path / "small")], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no mount here")
    try:
        ended(submitted(context.paths, "aaaa"))
        rebuild(context.paths)
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "small")], check=True)

        found = doctor.examine(context)

        assert "can't be written" in about(found, "owner")[0].what
        assert "sound; 1 runs" in about(found, "store")[0].what
        assert (
            "MiB free" not in about(found, "space")[0].what or about(found, "space")[0].level is Level.PROBLEM
        )
        assert not any("could not be looked at" in item.what for item in found)
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path / "small")], check=True)


def test_what_can_be_made_again_is_no_unknown_name(paths):
    paths.state.mkdir(parents=True, exist_ok=True)
    for name in (
        "metrics.db",
        "catalog.db",
        "catalog.db-journal",
        "catalog.db.aside",
        "views.lock",
        "alerts",
    ):
        (paths.state / name).touch()
    assert list(doctor_places.names(paths)) == []


def test_unknown_names_are_listed_and_left_alone(paths):
    ended(submitted(paths, "aaaa"))
    rebuild(paths)
    (paths.state / "thesis.txt").write_text("mine")
    (paths.state / "link").symlink_to("/")
    (paths.runs / "exp_old").mkdir()
    (paths.state / "orp.db.damaged-20261124-093000").write_text("")
    before = everything_in(paths.base)

    foreign, kept = doctor_places.names(paths)

    assert foreign.what == "not made by ORP, and left alone: link, thesis.txt, runs/exp_old"
    assert "orp.db.damaged-20261124-093000" in kept.what
    assert everything_in(paths.base) == before


def test_what_a_working_project_has_is_known(tmp_path):
    with projects(tmp_path) as make:
        project = make()
        project.submit("sleep 0.1")
        project.settle()

        assert list(doctor_places.names(project.paths)) == []
        assert list(doctor_places.leftovers(project.paths)) == []
        found = list(doctor_store.store(project.paths, slots=2))
        assert levels(found) == ["ok"], found
        assert "sound; 1 runs" in found[0].what


def test_leftovers_are_named_with_who_removes_them(paths):
    folder = submitted(paths, "aaaa")
    paths.artifacts.mkdir()
    (paths.runs / ".new-exp_20261124_093000_bbbb").mkdir()
    (paths.artifacts / f".{run_id('aaaa')}_artifacts.zip.tmp-{2**22 + 3}").touch()
    (paths.artifacts / f".{run_id('bbbb')}_artifacts.zip.tmp-{os.getpid()}").touch()
    (folder.folder / ".result.json.tmp-99-1").touch()

    found = list(doctor_places.leftovers(paths, now=time.time() + 7200))

    assert levels(found) == ["note"] * 3
    assert "runs/.new-exp_20261124_093000_bbbb" in found[0].what
    assert run_id("aaaa") in found[1].what
    assert run_id("bbbb") not in found[1].what, "its writer lives"
    assert ".result.json.tmp-99-1" in found[2].what
    assert levels(doctor_places.leftovers(paths)) == ["note"], "what is young may be somebody's work"


# the store


def test_a_store_that_was_never_used_is_well(paths):
    assert levels(doctor_store.store(paths, slots=2)) == ["ok"]
    assert not paths.state.exists()


def test_a_store_that_is_gone_or_damaged_is_a_problem_with_the_way_out(paths):
    ended(submitted(paths, "aaaa"))

    (gone,) = doctor_store.store(paths, slots=2)
    assert (gone.level, "is gone" in gone.what) == (Level.PROBLEM, True)
    rebuild(paths)
    content = paths.database.read_bytes()
    for damage in (b"rubbish" * 1000, content[:20_000], content[:5000] + b"\xff" * 9000 + content[14_000:]):
        paths.database.write_bytes(damage)
        (found,) = doctor_store.store(paths, slots=2)
        assert (found.level, found.do) == (Level.PROBLEM, "orp doctor --rebuild")
        assert paths.database.read_bytes() == damage


def test_a_newer_store_is_a_problem(paths):
    ended(submitted(paths, "aaaa"))
    rebuild(paths)
    with database.opened(paths.database) as connection:
        connection.execute("PRAGMA user_version = 999")

    (found,) = doctor_store.store(paths, slots=2)

    assert (found.level, found.do) == (Level.PROBLEM, "upgrade ORP")


def test_rows_and_folders_that_do_not_match_are_told(paths):
    ended(submitted(paths, "kept"))
    ended(submitted(paths, "gone"))
    rebuild(paths)
    submitted(paths, "new")
    os.utime(paths.run(run_id("new")).folder, (1, 1))
    submitted(paths, "young")
    os.rename(paths.run(run_id("gone")).folder, paths.base / "elsewhere")

    found = about(doctor_store.store(paths, slots=2), "folders")

    assert [(item.level.value, item.what.split(": ")[-1]) for item in found] == [
        ("warning", run_id("new")),
        ("note", f"the folder is gone of {run_id('gone')}"),
    ]


def test_pending_zips_are_told_with_the_command(paths):
    ended(submitted(paths, "aaaa"))
    rebuild(paths)

    (found,) = about(doctor_store.store(paths, slots=2), "zips")

    assert found.what == f"1 runs without their zip; {run_id('aaaa')}: pending (needs 3.1 GB, 0.4 free)"
    assert found.do == f"orp artifacts bundle {run_id('aaaa')}"


def test_what_needs_a_person_is_told_of_runs_and_queue(paths):
    folder = submitted(paths, "orphan")
    claimed(folder)
    started(folder)
    tree = locks.take(folder.tree_lock)
    submitted(paths, "wait")
    try:
        rebuild(paths)
        found = list(doctor_store.store(paths, slots=2))
    finally:
        os.close(tree)

    (lonely,) = about(found, "runs")
    assert f"have no supervisor: {run_id('orphan')}" in lonely.what
    assert [item.do for item in about(found, "queue")] == ["orp queue resume", "orp queue start"]


@pytest.mark.parametrize(("active", "level"), [(True, "problem"), (False, "note")])
def test_a_store_that_another_machine_led_is_told(paths, active, level):
    folder = submitted(paths, "aaaa")
    (claimed if active else ended)(folder)
    rebuild(paths)
    with database.opened(paths.database) as connection:
        settings.owner(connection, "elsewhere:1", at=1.0)

    (found,) = about(doctor_store.store(paths, slots=2), "host")

    assert found.level.value == level
    assert "elsewhere" in found.what


def test_the_queue_processor_is_named_with_its_last_word(paths):
    paths.state.mkdir(parents=True, mode=0o700)
    paths.leader_log.write_text("first\nlast word\n")
    (nobody,) = doctor_store.leader(paths)
    assert nobody.what == "no queue processor leads; its log ends: last word"

    lead = leadership.take_lead(paths, now=1.0)
    try:
        (somebody,) = doctor_store.leader(paths)
    finally:
        os.close(lead)

    assert f"led by pid {os.getpid()}" in somebody.what


# the whole


def orp(folder, *words):
    return subprocess.run(
        [*orp_command(), *words], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )


def test_a_look_at_an_unused_project_leaves_no_trace(folder):
    before = everything_in(folder)

    answer = orp(folder, "doctor", "--json")

    assert answer.returncode == 0, answer.stdout
    found = json.loads(answer.stdout)
    assert found[0]["about"] == "logout"
    assert {item["about"] for item in found} >= {
        "kernel",
        "versions",
        "space",
        "places",
        "queue",
        "store",
        "claims",
    }
    assert not any("could not be looked at" in item["what"] for item in found)
    assert everything_in(folder) == before


def test_a_problem_is_exit_code_1_and_changes_nothing(folder):
    paths = BasePaths.under(folder / "experiments")
    submitted(paths, "aaaa")
    paths.state.mkdir(mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)
    before = everything_in(folder)

    answer = orp(folder, "doctor")

    assert answer.returncode == 1
    assert "problem  store" in answer.stdout
    assert "orp doctor --rebuild" in answer.stdout
    assert "1 problem" in answer.stderr
    assert everything_in(folder) == before


def test_a_rebuild_answers_in_json(folder):
    paths = BasePaths.under(folder / "experiments")
    submitted(paths, "aaaa")
    (paths.runs / "odd").mkdir()

    answer = orp(folder, "doctor", "--rebuild", "--json")

    assert json.loads(answer.stdout) == {
        "new": True, "kept": None, "put_back": {"queued": 1}, "skipped": {"odd": "is no run id"}, "paused": True,
    }  # fmt: skip
    with database.opened(paths.database) as connection:
        assert len(runs.unfinished(connection)) == 1


def test_what_a_name_holds_can_not_act_on_the_terminal(folder):
    state = folder / "experiments" / "state"
    state.mkdir(parents=True, mode=0o700)
    (state / "evil\x1b[2J\nname").touch()

    answer = orp(folder, "doctor")

    assert "\x1b" not in answer.stdout
    assert "evil" in answer.stdout


def test_a_check_that_fails_hides_no_other():
    def broken():
        yield doctor_places.ok("space", "fine so far")
        raise PermissionError(13, "Permission denied", "/x")

    assert levels(looked_at("space", broken)) == ["ok", "warning"]
