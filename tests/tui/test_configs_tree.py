"""The tree of experiment files says what each is and keeps the cursor where it was."""

from __future__ import annotations

import pytest
from screens import lines, text
from shown_configs import TreeApp, file, view

from orp_tui.services.configs_read import Kind
from orp_tui.tui.config_rows import RowMaker

pytestmark = pytest.mark.anyio

FILES = (
    file("cifar/resnet50.yaml", experiment="cifar_resnet50", state="running"),
    file("cifar/vit_b.yaml", experiment="vit", state="failed"),
    file(
        "lm/large.yaml", Kind.INVALID, problem=(12, "training.lr", "must be a number; take the quotes away")
    ),
    file("lm/medium.yaml", state="queued"),
    file("lm/small.yaml", state="queued", held=True),
    file("unet.yaml", experiment="unet"),
)


async def shown(pilot, *files, **more):
    pilot.app.tree_shown.show(view(*files, **more))
    await pilot.pause()


async def test_each_file_has_its_state_as_glyph_and_word_and_its_run():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)

        assert lines(pilot.app)[:10] == [
            ">  ▾ cifar/".replace(">  ", "> "),
            "      resnet50.yaml             ● running     k3fa",
            "      vit_b.yaml                ✗ FAILED      k3fa",
            "  ▾ lm/",
            "      large.yaml                ! invalid",
            "        line 12: training.lr: must be a number; t…",
            "      medium.yaml               ○ wait        k3fa",
            "      small.yaml                ■ held        k3fa",
            "    unet.yaml                   ◇ valid",
            "",
        ]


async def test_a_narrow_pane_still_tells_every_state_and_run():
    async with TreeApp(ascii_only=True).run_test(size=(24, 12)) as pilot:
        await shown(pilot, *FILES)

        assert lines(pilot.app)[:9] == [
            "> - cifar/",
            "    resnet50.yaml > k3fa",
            "    vit_b.yaml    x k3fa",
            "  - lm/",
            "    large.yaml    ! bad",
            "      line 12: lr: must…",
            "    medium.yaml   . k3fa",
            "    small.yaml    = k3fa",
            "  unet.yaml       o",
        ]


async def test_ascii_means_ascii_at_every_width():
    for width in (24, 40, 50, 100):
        async with TreeApp(ascii_only=True).run_test(size=(width, 14)) as pilot:
            await shown(pilot, *FILES, file("z.yaml", Kind.UNREAD), file("zz.yaml", Kind.OTHER))

            assert text(pilot.app).replace("…", "").isascii()


async def test_a_wide_pane_names_the_experiments():
    async with TreeApp().run_test(size=(90, 12)) as pilot:
        await shown(pilot, *FILES)

        assert lines(pilot.app)[1].split() == ["resnet50.yaml", "cifar_resnet50", "●", "running", "k3fa"]


async def test_the_cursor_stays_with_its_file_when_others_come_and_go():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)
        await pilot.press("down", "down")

        await shown(pilot, file("a/new.yaml"), *FILES[1:])

        assert pilot.app.tree_shown.cursor_file.name == "cifar/vit_b.yaml"
        await shown(pilot, *FILES[2:])
        assert pilot.app.tree_shown.cursor_key is not None
        await shown(pilot)
        assert pilot.app.tree_shown.cursor_key is None
        assert pilot.app.highlighted[-1] is None


async def test_the_cursor_skips_what_is_wrong_with_a_file_in_both_directions():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)
        tree = pilot.app.tree_shown
        tree.go_to("lm/large.yaml")

        await pilot.press("down")
        assert tree.cursor_key == "lm/medium.yaml"
        await pilot.press("up")
        assert tree.cursor_key == "lm/large.yaml"
        await pilot.press("end")
        assert tree.cursor_key == "unet.yaml"


async def test_the_end_is_the_last_file_though_notes_follow():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        bad = file("z.yaml", Kind.INVALID, problem=(1, "a", "b"))
        await shown(pilot, file("a.yaml"), bad, notes=["2 links to folders not followed: x, y"])

        await pilot.press("G")
        assert pilot.app.tree_shown.cursor_key == "z.yaml"
        await pilot.press("down")
        assert pilot.app.tree_shown.cursor_key == "z.yaml"
        assert "2 links to folders not followed" in text(pilot.app)


async def test_a_folder_closes_opens_and_tells_what_it_hides():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)
        tree = pilot.app.tree_shown
        tree.go_to("lm/")

        await pilot.press("left")
        assert "1 of 3 invalid" in text(pilot.app)
        assert "medium.yaml" not in text(pilot.app)
        await shown(pilot, *FILES)
        assert "medium.yaml" not in text(pilot.app)
        await pilot.press("right")
        assert "medium.yaml" in text(pilot.app)
        await pilot.press("right", "left")
        assert tree.cursor_key == "lm/"
        assert tree.toggle_folder()
        tree.go_to("unet.yaml")
        assert not tree.toggle_folder()


async def test_a_folder_without_experiments_starts_closed():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, file("k8s/deep/pod.yaml", Kind.OTHER), file("k8s/web.yaml", Kind.OTHER), *FILES)

        assert "pod.yaml" not in text(pilot.app)
        assert "2 files" in text(pilot.app)


async def test_a_file_is_shown_though_its_folders_were_closed():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, file("a/b/c.yaml"), *FILES)
        tree = pilot.app.tree_shown
        tree.go_to("a/")
        await pilot.press("left")

        assert tree.reveal("a/b/c.yaml")
        assert tree.cursor_file.name == "a/b/c.yaml"


async def test_a_file_that_was_just_made_gets_the_cursor_once_it_is_there():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)
        tree = pilot.app.tree_shown

        assert not tree.reveal("new/made.yaml")
        await shown(pilot, *FILES)
        assert tree.cursor_key == "cifar/"
        await shown(pilot, file("new/made.yaml"), *FILES)
        assert tree.cursor_key == "new/made.yaml"
        await pilot.press("G")
        await shown(pilot, file("new/made.yaml"), *FILES)
        assert tree.cursor_key == "unet.yaml"


async def test_marks_are_files_and_a_folder_marks_all_of_it():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES, file("z.yaml", Kind.OTHER))
        tree = pilot.app.tree_shown
        assert [chosen.name for chosen in tree.chosen_files] == ["cifar/resnet50.yaml", "cifar/vit_b.yaml"]

        await pilot.press("left", "space")
        assert tree.marks == ("cifar/resnet50.yaml", "cifar/vit_b.yaml")
        await pilot.press("space")
        assert tree.marks == ()
        await pilot.press("asterisk")
        assert len(tree.marks) == 6
        assert "6 marked" in tree.title
        await pilot.press("asterisk", "down", "space", "G", "v")
        assert tree.marks[0] == "cifar/resnet50.yaml"
        assert all(chosen.name in tree.marks for chosen in tree.chosen_files)
        assert len(tree.marks) == 7


async def test_a_filter_looks_at_names_experiments_and_states_and_opens_folders():
    async with TreeApp().run_test(size=(50, 12)) as pilot:
        await shown(pilot, *FILES)
        tree = pilot.app.tree_shown
        tree.go_to("cifar/")
        await pilot.press("left")

        tree.filter_words = "cifar_res"
        await pilot.pause()
        assert tree.keys_shown == ("cifar/", "cifar/resnet50.yaml")
        tree.filter_words = "invalid"
        assert tree.keys_shown == ("lm/", "lm/large.yaml", "lm/large.yaml\0")
        tree.filter_words = "nothing of the kind"
        await pilot.pause()
        assert "No file holds these words." in text(pilot.app)
        tree.filter_words = ""
        assert len(tree.keys_shown) == 7


async def test_an_empty_folder_and_none_at_all_say_the_next_key():
    async with TreeApp().run_test(size=(24, 8)) as pilot:
        await shown(pilot)
        assert "n makes one from a" in text(pilot.app)

        await shown(pilot, exists=False)
        assert "There is no folder" in text(pilot.app)
        assert "…/me/project/configs" in text(pilot.app)


HOSTILE = (
    "[/].yaml", "[red]x[/red].yaml", "\x1b]0;owned\x07\x1b[2J.yaml", "a\nb\rc.yaml", "\u202eevil.yaml",
    "a" + "\u0301" * 10_000 + ".yaml", "漢字" * 60 + ".yaml", "\udcff.yaml", "😀" * 30 + ".yaml",
)  # fmt: skip


@pytest.mark.parametrize("width", [1, 5, 24, 50, 100])
async def test_hostile_names_stay_in_their_row(width):
    async with TreeApp().run_test(size=(width, 30)) as pilot:
        files = [file(name, Kind.INVALID, name, problem=(1, name, name)) for name in HOSTILE]
        await shown(pilot, *files, *(file(f"{name}/a.yaml") for name in HOSTILE), notes=HOSTILE)

        strips = pilot.app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {width}
        assert not any(char in text(pilot.app) for char in "\x1b\x07\r\u202e\udcff")
        if width == 50:
            assert "[/].yaml" in text(pilot.app)
            assert "[red]x[/red].yaml" in text(pilot.app)


async def test_two_thousand_files_are_made_into_rows_once():
    maker = RowMaker()
    files = [file(f"{number % 20:02}/{number}.yaml", experiment=str(number)) for number in range(2_000)]
    files.sort(key=lambda item: item.name)
    first = list(maker.rows(view(*files), None, lambda folder: False))

    files[7] = file(files[7].name, state="running")
    second = list(maker.rows(view(*files), None, lambda folder: False))

    assert len(first) == 2_020
    assert [place for place, (one, other) in enumerate(zip(first, second, strict=True)) if one != other] == [
        8
    ]
    assert sum(one is other for one, other in zip(first, second, strict=True)) == 1_999


async def test_a_refresh_of_two_thousand_files_draws_only_what_changed():
    async with TreeApp().run_test(size=(50, 40)) as pilot:
        files = [file(f"{number:04}.yaml") for number in range(2_000)]
        await shown(pilot, *files)
        await pilot.press("G")
        drawn = []
        tree = pilot.app.tree_shown
        render = tree.render_line
        tree.render_line = lambda y: drawn.append(y) or render(y)

        await shown(pilot, *files)
        assert drawn == []
        files[-1] = file("1999.yaml", state="running")
        await shown(pilot, *files)

        assert drawn == [39]
        assert "● running" in lines(pilot.app)[39]
