"""CSV: what a cell is, and every row that is not one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Source, open_source
from maskwright.pairs.values import Rejection
from tests.contracts.source import SourceContract, everything
from tests.pairs.tables import keys, opened, rows_of, write_csv


class TestCsv(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        path = write_csv(tmp_path / "pairs.csv", rows_of(700))
        return lambda: open_source(path)


def csv_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_numbers_are_numbers_only_where_nothing_is_lost(tmp_path: Path) -> None:
    columns = {
        "whole": (["1", "-2", ""], pa.int64(), [1, -2, None]),
        "real": (["0.5", "1e-07", "3"], pa.float64(), [0.5, 1e-07, 3.0]),
        "padded": (["001", "2", "3"], pa.string(), ["001", "2", "3"]),
        "version": (["1.10", "1.2", "1.3"], pa.string(), ["1.10", "1.2", "1.3"]),
        "long": (["12345678901234567890", "1", "2"], pa.string(), ["12345678901234567890", "1", "2"]),
        "largest": (
            ["9223372036854775807", "-9223372036854775808", "0"],
            pa.int64(),
            [2**63 - 1, -(2**63), 0],
        ),
        "mixed": (["9007199254740993", "0.5", ""], pa.string(), ["9007199254740993", "0.5", ""]),
        "word": (["nan", "inf", "1"], pa.string(), ["nan", "inf", "1"]),
        "under": (["1_0", "٣", "1"], pa.string(), ["1_0", "٣", "1"]),
        "nothing": (["", "", ""], pa.string(), ["", "", ""]),
    }
    rows = [
        {
            "original": "a.png",
            "edited": "b.png",
            **{name: cells[i] for name, (cells, _, _) in columns.items()},
        }
        for i in range(3)
    ]
    source = open_source(write_csv(tmp_path / "t.csv", rows))
    for name, (_, type_, values) in columns.items():
        assert source.schema().field(name).type == type_, name
        assert [row.columns[name] for row in everything(source)] == values, name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_read_from_the_header(delimiter: str, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png", "n": "1"}], delimiter=delimiter
    )
    assert opened(path)[0].columns == {"n": 1}


def test_a_byte_order_mark_quotes_and_line_ends_in_cells_are_understood(tmp_path: Path) -> None:
    text = '\ufefforiginal,edited,note\r\na.png,b.png,"two\r\nlines, ""said"" he"\r\n\r\nc.png,d.png,x'
    first, second = opened(csv_file(tmp_path, text))
    assert first.columns == {"note": 'two\r\nlines, "said" he'}
    assert (keys(second), second.id) == (["c.png", "d.png"], "t.csv#1")


def test_bad_rows_are_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = [
        b"original,edited,n,note",
        b"a.png,b.png,1,good",
        b"a.png,b.png",
        b"a.png,b.png,1,nul\0",
        b"a.png,b.png,1,latin \xe9",
        b'a.png,b.png,1,"broken" quote',
        b"a.png,b.png,2," + b"x" * 200_000,
        b"a.png,b.png,3,good",
        b'a.png,b.png,4,"never closed',
    ]
    rows = opened(csv_file(tmp_path, b"\n".join(lines)))
    assert [getattr(row, "reason", "") for row in rows] == ["", *["bad_row"] * 5, "", "bad_row"]
    assert [row.id for row in rows] == [f"t.csv#{i}" for i in range(8)]
    assert rows[6].columns == {"n": 3, "note": "good"}


def test_a_comma_unquoted_in_the_text_at_the_end_is_put_back(tmp_path: Path) -> None:
    rows = opened(
        csv_file(tmp_path, "original,edited,n,note\na.png,b.png,1,x\nc.png,d.png,2,one, two,three\n")
    )
    assert rows[1].columns == {"n": 2, "note": "one, two,three"}


@pytest.mark.parametrize(
    "text",
    [
        "original,edited,note\na.png,b.png,x\na.png,not, b.png,x\n",  # moved a picture
        "original,edited,n,note\na.png,b.png,1,x\nc.png,d.png,one, two,x\n",  # moved a number
        "note,original,edited\nx,a.png,b.png\nx,y,a.png,b.png\n",  # the last column is a picture
        "original,edited,n\na.png,b.png,1\na.png,b.png,1,2\n",  # the last column is a number
        "note,original,edited\nx,a.png,b.png\nx,a.png,b.png,c.png\n",  # one picture too many
    ],
)
def test_a_comma_unquoted_elsewhere_is_a_bad_row(text: str, tmp_path: Path) -> None:
    last = opened(csv_file(tmp_path, text))[-1]
    assert isinstance(last, Rejection)
    assert "cells, the header has" in last.detail


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"original,edited\n", "has no rows"),
        (b"original,original,edited\na.png,b.png,c.png\n", "more than one column 'original'"),
        ("original,edited\na.png,b.png\n".encode("utf-16"), "UTF-16"),
        (b"orig\xe9nal,edited\na,b\n", "not UTF-8"),
        (b"orig\0nal,edited\na,b\n", "not UTF-8"),
        (b'"original,edited\na,b\n', "header"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(text: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        opened(csv_file(tmp_path, text))


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    (row,) = opened(csv_file(tmp_path, ",original,edited\n0,a.png,b.png\n"))
    assert row.columns == {"column_1": 0}
