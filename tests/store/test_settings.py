"""Settings of a queue, and the machine that leads it."""

from orp_tui.store import settings


def test_a_setting_is_written_changed_and_taken_back(connection):
    assert settings.read(connection, "paused") is None
    settings.write(connection, "paused", "lunch")
    settings.write(connection, "paused", "dinner")
    assert settings.read(connection, "paused") == "dinner"

    settings.write(connection, "paused", None)

    assert settings.read(connection, "paused") is None


def test_the_first_host_owns_the_store_until_it_hands_it_over(connection):
    assert settings.owner(connection, "a:1", at=1.0) == "a:1"
    assert settings.owner(connection, "b:2", at=2.0) == "a:1"

    settings.hand_over(connection, "b:2")

    assert settings.owner(connection, "a:1", at=3.0) == "b:2"
