"""AMD cards as the kernel's files tell of them."""

from __future__ import annotations

import pytest

from orp_tui.hardware import amd

GIB = 1 << 30


@pytest.fixture
def cards(tmp_path):
    """Makes the folder of a card beneath a root that stands for /sys."""

    def put(number, bus, **files):
        device = tmp_path / "devices" / bus
        device.mkdir(parents=True)
        for name, value in {"vendor": "0x1002", **files}.items():
            (device / name).write_text(f"{value}\n")
        card = tmp_path / "class" / "drm" / f"card{number}"
        card.mkdir(parents=True)
        (card / "device").symlink_to(device)

    put.root = str(tmp_path)
    return put


def test_cards_are_told_in_the_order_of_their_addresses(cards):
    cards(
        0,
        "0000:83:00.0",
        mem_info_vram_total=16 * GIB,
        mem_info_vram_used=GIB,
        gpu_busy_percent=25,
        unique_id="abcd",
    )
    cards(1, "0000:03:00.0", mem_info_vram_total=32 * GIB, mem_info_vram_used=0)

    first, second = amd.sample(cards.root).gpus

    assert (first.index, first.uuid, first.total_bytes, first.utilisation) == (
        0,
        "AMD-0000:03:00.0",
        32 * GIB,
        None,
    )
    assert (second.index, second.uuid, second.used_bytes, second.utilisation) == (1, "AMD-abcd", GIB, 0.25)
    assert amd.has_cards(cards.root)


def test_cards_of_others_connectors_and_files_that_are_no_numbers_are_left_out(cards, tmp_path):
    cards(0, "0000:01:00.0", vendor="0x10de", mem_info_vram_total=GIB)
    cards(1, "0000:02:00.0")
    cards(2, "0000:03:00.0", mem_info_vram_total="nonsense")
    (tmp_path / "class" / "drm" / "card0-DP-1").mkdir()

    report = amd.sample(cards.root)

    assert (report.gpus, report.trouble, report.source) == ((), "the AMD driver shows no GPU", "amd")


def test_a_card_that_tells_nothing_any_more_is_lost(cards):
    cards(0, "0000:01:00.0", mem_info_vram_total=GIB)

    assert amd.sample(cards.root).gpus[0].trouble == "lost"


def test_a_machine_without_such_files_has_none(tmp_path):
    assert not amd.has_cards(str(tmp_path))
