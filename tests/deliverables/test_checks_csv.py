"""Checks of tables."""

from __future__ import annotations

import pytest
from checked_workspace import Workspace


def test_columns_of_the_header(workspace: Workspace) -> None:
    workspace.write("t.csv", "step, loss ,acc\n1,2,3\n")

    assert workspace.passes("t.csv", "csv", columns=["acc", "loss"]) == "columns step, loss, acc"
    detail = workspace.fails("t.csv", "csv", columns=["loss", "f1"])
    assert detail == "missing column: f1 (has: step, loss, acc)"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(workspace: Workspace, delimiter: str) -> None:
    workspace.write("t.csv", f'"a,b"{delimiter}c\n1{delimiter}2\n')

    workspace.passes("t.csv", "csv", columns=["a,b", "c"], min_rows=1)


def test_rows_are_counted_without_header_and_empty_lines(workspace: Workspace) -> None:
    workspace.write("t.csv", 'a,b\r\n1,"two\nlines"\r\n\r\n3,4\r\n5,6')

    assert workspace.passes("t.csv", "csv", min_rows=3) == "3 rows"
    result = workspace.check("t.csv", "csv", min_rows=10)
    assert (result.detail, result.value) == ("3 rows, needs 10", 3)


@pytest.mark.parametrize(
    ("cell", "word"), [("", "empty"), ("NaN", "NaN"), (" nan ", "nan"), ("NA", "NA"), ("null", "null")]
)
def test_no_nan_names_row_and_column(workspace: Workspace, cell: str, word: str) -> None:
    workspace.write("t.csv", f"step,loss\n1,0.5\n2,{cell}\n")

    assert workspace.fails("t.csv", "csv", no_nan=True) == f"row 2, column loss: {word}"
    assert workspace.passes("t.csv", "csv", no_nan=["step"]) == "2 rows"
    assert workspace.fails("t.csv", "csv", no_nan=["f1"]) == "missing column: f1 (has: step, loss)"


def test_a_row_that_was_cut_off_has_nan(workspace: Workspace) -> None:
    workspace.write("t.csv", "a,b,c\n1,2,3\n4,5")

    assert workspace.fails("t.csv", "csv", no_nan=True) == "row 2, column c: cut off"


def test_an_empty_file_is_no_table_and_bytes_that_are_no_utf8_do_no_harm(workspace: Workspace) -> None:
    workspace.write("empty.csv", "")
    workspace.write("latin.csv", b"a,b\n\xe9,\0\n")

    assert workspace.fails("empty.csv", "csv") == "empty file"
    assert workspace.passes("latin.csv", "csv", min_rows=1, no_nan=True) == "1 row"


def test_a_field_without_end_fails_and_a_line_without_end_is_an_error(workspace: Workspace) -> None:
    workspace.write("quote.csv", 'a,b\n1,"' + "x\n" * 200_000)
    workspace.write("line.csv", "a" * 2_000_000)

    assert "field larger than field limit" in workspace.fails("quote.csv", "csv", min_rows=1)
    assert workspace.errs("line.csv", "csv") == "a line is longer than 1 MiB"


def test_a_table_with_a_byte_order_mark(workspace: Workspace) -> None:
    workspace.write("t.tsv", b"\xef\xbb\xbfa\tb\n1\t2\n")

    workspace.passes("t.tsv", "csv", columns=["a"], min_rows=1)
