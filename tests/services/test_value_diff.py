"""What differs in config and environment."""

from __future__ import annotations

from orp_tui.core import secrets
from orp_tui.services import value_diff


def test_two_runs_differ_in_config_by_dotted_key(project):
    first = project.submit("true", config={"lr": 0.1, "net": {"depth": 3, "kind": "a"}}, timeout="1h")
    second = project.submit("true", config={"lr": 0.2, "net": {"depth": 3}}, timeout="2h")

    found = {
        item.name: (item.before, item.after)
        for item in value_diff.compare_config(project.context, project.row(first), project.row(second))
    }

    assert found["lr"] == ("0.1", "0.2")
    assert found["net.kind"] == ("a", None)
    assert "net.depth" not in found
    assert "training.timeout" in found


def test_environments_differ_by_package_variable_and_python():
    before = {
        "python": {"version": "3.11.1", "packages": {"numpy": "1.26", "old": "1"}},
        "names": ["PATH", "GONE"],
        "values": {"PATH": "/a"},
        "host": {"name": "one"},
    }
    after = {
        "python": {"version": "3.11.2", "packages": {"numpy": "2.0", "new": "3"}},
        "names": ["PATH", "HF_TOKEN"],
        "values": {"PATH": "/b"},
        "host": {"name": "one"},
    }

    found = value_diff.compare_environment(before, after)

    assert set(found) == {"python", "packages", "variables"}
    assert [(item.name, item.before, item.after) for item in found["packages"]] == [
        ("numpy", "1.26", "2.0"), ("old", "1", None), ("new", None, "3"),
    ]  # fmt: skip
    assert ("HF_TOKEN", None, secrets.MASK) in [
        (item.name, item.before, item.after) for item in found["variables"]
    ]
