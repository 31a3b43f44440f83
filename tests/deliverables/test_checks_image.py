"""Checks of images, made by hand."""

from __future__ import annotations

import hand_made
import pytest
from checked_workspace import Workspace

WHOLE = {
    "a.png": hand_made.png(),
    "a.jpg": hand_made.jpeg(),
    "a.gif": hand_made.gif(),
    "a.bmp": hand_made.bmp(),
    "a.webp": hand_made.webp(),
    "a.tif": hand_made.tiff(),
    "big.tiff": hand_made.tiff(order=">"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_image_tells_its_size(workspace: Workspace, name: str) -> None:
    workspace.write(name, WHOLE[name])

    result = workspace.check(name, "image", min_width=4, min_height=3)

    assert result.detail.endswith(" 4×3")
    assert result.value == [4, 3]
    assert workspace.fails(name, "image", min_width=5).endswith("width 4, needs 5")
    assert workspace.passes(name, "loadable") == result.detail


@pytest.mark.parametrize("name", WHOLE)
def test_an_image_that_was_cut_fails_wherever_it_was_cut(workspace: Workspace, name: str) -> None:
    data = WHOLE[name]
    for kept in {1, 10, len(data) // 2, len(data) - 5}:
        workspace.write(name, data[:kept])

        workspace.fails(name, "image")


def test_one_changed_byte_of_a_png_is_noticed(workspace: Workspace) -> None:
    data = bytearray(hand_made.png())
    data[-20] ^= 1
    workspace.write("a.png", bytes(data))

    assert workspace.fails("a.png", "image") == "damaged: the checksum of the IDAT chunk is wrong"


def test_the_content_counts_and_not_the_suffix(workspace: Workspace) -> None:
    workspace.write("a.jpg", hand_made.png())
    workspace.write("b.png", "<html>502 Bad Gateway</html>")
    workspace.write("c.png", b"")

    assert workspace.passes("a.jpg", "image") == "PNG 4×3"
    assert workspace.fails("b.png", "image") == "no image of a known format"
    assert workspace.fails("c.png", "image") == "empty file"


def test_svg_and_pdf(workspace: Workspace) -> None:
    workspace.write("a.svg", hand_made.SVG)
    workspace.write("cut.svg", hand_made.SVG[:-10])
    workspace.write("a.pdf", hand_made.PDF)
    workspace.write("cut.pdf", hand_made.PDF[:-8])

    assert workspace.passes("a.svg", "image") == "SVG 40×30"
    assert "not well-formed XML" in workspace.fails("cut.svg", "image")
    assert workspace.passes("a.pdf", "image") == "PDF"
    assert workspace.errs("a.pdf", "image", min_width=10) == "PDF without a width in pixels"
    assert workspace.fails("cut.pdf", "image") == "truncated: no end mark"


def test_an_svg_with_an_entity_bomb_is_not_expanded(workspace: Workspace) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    workspace.write("a.svg", bomb)

    assert workspace.errs("a.svg", "image") == "defines entities, which are not expanded"


@pytest.mark.parametrize("encoding", ["utf-9", "utf-7", "gbk", "rot13"])
def test_an_svg_in_a_strange_encoding_fails(workspace: Workspace, encoding: str) -> None:
    workspace.write("a.svg", f'<?xml version="1.0" encoding="{encoding}"?><svg></svg>')

    assert "not well-formed XML" in workspace.fails("a.svg", "image")


def test_a_chunk_that_promises_four_gigabytes_is_not_read(workspace: Workspace) -> None:
    workspace.write("a.png", hand_made.png()[:33] + b"\xff\xff\xff\xffIDAT")

    assert workspace.fails("a.png", "image").startswith("truncated: IDAT chunk promises 4,294,967,")
