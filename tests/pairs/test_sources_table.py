"""Tables: roles found by type, then by name; rows carried with their types; every row accounted for."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Reading, Roles, Source, open_source
from maskwright.pairs.sources.parquet import ParquetReader
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.strategies import picture_file

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))
PNG = [picture_file("PNG", seed=seed) for seed in range(6)]


def write_csv(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(count: int) -> list[dict[str, Any]]:
    """Rows of paths, of which one is a URL and one is empty."""
    rows: list[dict[str, Any]] = [
        {
            "id": f"{i:03}",
            "original": f"a/{i}.png",
            "edited": f"b/{i}.png",
            "mask": f"m/{i}.png",
            "instruction": f"make it {i}, please",
            "turn": i,
            "score": i / 4 + 0.5,
        }
        for i in range(count)
    ]
    rows[1]["edited"] = "https://example.org/x.png"
    rows[2]["original"] = ""
    return rows


def image_struct(data: bytes | None, path: str | None = None) -> dict[str, Any]:
    return {"bytes": data, "path": path}


class TestCsv(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        path = write_csv(tmp_path / "pairs.csv", rows_of(700))
        return lambda: open_source(path)


class TestJsonLines(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        rows = [{**row, "tags": ["x", str(i)], "box": {"w": i}} for i, row in enumerate(rows_of(600))]
        path = tmp_path / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n\nnot json\n")
        return lambda: open_source(path)


class TestJsonArray(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        path = tmp_path / "pairs.json"
        path.write_text(json.dumps(rows_of(40)))
        return lambda: open_source(path)


class TestParquetWithBytes(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        table = pa.table(
            {
                "source_img": [image_struct(PNG[i % 6]) for i in range(90)],
                "target_img": [image_struct(None if i == 7 else PNG[(i + 1) % 6]) for i in range(90)],
                "instruction": [f"edit {i}" for i in range(90)],
                "turn_index": pa.array(range(90), pa.int32()),
                "scores": [[i / 2] for i in range(90)],
            }
        )
        pq.write_table(table, tmp_path / "p.parquet", row_group_size=37)
        return lambda: open_source(tmp_path / "p.parquet")


class TestParquetShards(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        for shard, count in enumerate((13, 40, 0, 9)):
            table = pa.table(
                {
                    "before": pa.array([PNG[i % 6] for i in range(count)], pa.binary()),
                    "after": pa.array([None if i == 3 else PNG[1] for i in range(count)], pa.binary()),
                    "n": pa.array(range(count), pa.int64()),
                }
            )
            (tmp_path / "data").mkdir(exist_ok=True)
            pq.write_table(table, tmp_path / "data" / f"s-{shard}.parquet", row_group_size=8)
        return lambda: open_source(tmp_path)


def opened(path: Path, **roles: Any) -> list[Pair | Rejection]:
    return everything(open_source(path, roles=Roles(**roles)))


def keys(row: Pair | Rejection) -> list[str]:
    assert isinstance(row, Pair)
    return [side.key for side in (row.original, row.edited, row.mask) if isinstance(side, Located | Encoded)]


# ---- roles ----------------------------------------------------------------------------------------------

COLUMNS = {
    "ours": ("original", "edited", "mask", "instruction"),
    "MagicBrush": ("source_img", "target_img", "mask_img", "instruction"),
    "UltraEdit": ("source_image", "edited_image", "mask_image", "edit_prompt"),
    "OmniEdit": ("src_img", "edited_img", None, "edited_prompt_list"),
    "AnyEdit": ("image_file", "edited_file", None, "edit_instruction"),
    "HumanEdit": ("INPUT_IMG", "OUTPUT_IMG", "MASK_IMG", "EDITING_INSTRUCTION"),
    "InstructPix2Pix": ("original_image", "edited_image", None, "edit_prompt"),
    "HQ-Edit": ("input_image", "output_image", None, "edit"),
    "NHR-Edit": ("source_file_name", "edited_file_name", None, "edit_instruction"),
    "people": ("Before", "After", "GT", "Text"),
    "letters": ("A", "B", None, None),
    "numbers": ("image_0", "image_1", None, "prompt"),
}


@pytest.mark.parametrize("corpus", COLUMNS)
@pytest.mark.parametrize("as_", ["paths", "structs", "binary"])
def test_the_columns_of_known_corpora_are_found(corpus: str, as_: str, tmp_path: Path) -> None:
    original, edited, mask, instruction = COLUMNS[corpus]
    make = {
        "paths": lambda i: f"{i}.png",
        "structs": lambda i: image_struct(PNG[i]),
        "binary": lambda i: PNG[i],
    }[as_]
    columns: dict[str, Any] = {"input": ["a caption"], "output": ["another"], "category": ["x"], "MASK": [1]}
    for i, name in enumerate([original, edited, mask]):
        if name:
            columns[name] = [make(i)]
    if instruction:
        columns[instruction] = [["do it", "make it so"] if instruction.endswith("list") else "do it"]
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (row,) = opened(tmp_path / "t.parquet")
    expected = [name for name in (original, edited, mask) if name]
    ending = [f"{i}.png" if as_ == "paths" else f"t.parquet#0:{name}" for i, name in enumerate(expected)]
    assert keys(row) == ending
    assert isinstance(row, Pair)
    assert row.instruction == ("do it" if instruction else None)
    assert {"input", "output", "category", "MASK"} <= set(row.columns)


def test_text_is_not_a_picture_whatever_its_name(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "t.csv",
        [{"original": "a caption", "edited": "another", "src": "a.png", "tgt": "b.png", "mask": "3 4 1 2"}],
    )
    (row,) = opened(path)
    assert keys(row) == ["a.png", "b.png"]
    assert row.columns == {"original": "a caption", "edited": "another", "mask": "3 4 1 2"}


def test_the_user_has_the_last_word(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png", "x": "c.png", "y": "do"}])
    (row,) = opened(path, original="x", instruction="y")
    assert keys(row) == ["c.png", "b.png"]
    assert isinstance(row, Pair)
    assert row.instruction == "do"
    (row,) = opened(path, swap=True)
    assert keys(row) == ["b.png", "a.png"]


def test_an_unknown_column_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png"}])
    with pytest.raises(SettingError) as refusal:
        opened(path, original="orignal")
    assert "original" in refusal.value.hint


def test_a_column_that_holds_no_pictures_cannot_be_the_original(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png", "n": "1"}])
    with pytest.raises(SettingError, match="'n' holds no pictures"):
        opened(path, original="n")


def test_unclear_columns_are_refused_naming_them_and_the_option(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"left": "a.png", "right": "b.png", "words": "x"}])
    with pytest.raises(InputError, match=r"original or the edited.*'left', 'right'.*'words'") as refusal:
        opened(path)
    assert refusal.value.hint == "say which: --original COLUMN --edited COLUMN"


def test_two_columns_of_one_name_but_for_case_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"Original": "a.png", "original": "b.png", "edited": "c.png"}])
    with pytest.raises(InputError, match="'Original' and 'original'") as refusal:
        opened(path)
    assert "--original" in refusal.value.hint


def test_pipe_is_known_to_be_reversed(tmp_path: Path) -> None:
    row = {"source_img": "a.png", "target_img": "b.png", "object_location": "left"}
    path = write_csv(tmp_path / "t.csv", [row])
    with pytest.raises(InputError, match="PIPE") as refusal:
        opened(path)
    assert "--original target_img --edited source_img" in refusal.value.hint
    assert keys(opened(path, swap=True)[0]) == ["b.png", "a.png"]
    assert keys(opened(path, original="target_img", edited="source_img")[0]) == ["b.png", "a.png"]


def test_a_column_of_nulls_is_no_mask(tmp_path: Path) -> None:
    table = pa.table({"original": [PNG[0]], "edited": [PNG[1]], "mask_image": pa.nulls(1)})
    pq.write_table(table, tmp_path / "t.parquet")
    (row,) = opened(tmp_path / "t.parquet")
    assert isinstance(row, Pair)
    assert row.mask is None


# ---- cells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (["a.png"], Located),
        ([], "no_picture"),
        (["a.png", "b.png"], "ambiguous"),
        (None, "no_picture"),
        ("  ", "no_picture"),
        ("http://x.org/a.png", "remote_not_allowed"),
        (3, "bad_row"),
    ],
)
def test_a_cell_is_a_picture_or_a_reason(cell: object, expected: object, tmp_path: Path) -> None:
    good = [{"original": "a.png", "edited": "e.png"}] * 3
    lines = [json.dumps(row) for row in [*good, {"original": cell, "edited": "e.png"}]]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    row = opened(tmp_path / "t.jsonl", original="original")[3]
    found = row.reason if isinstance(row, Rejection) else type(row.original)
    assert found == expected


@pytest.mark.parametrize(
    ("cell", "expected"), [(["a.png"], Located), ([], "no_picture"), (["a.png", "b.png"], "ambiguous")]
)
def test_a_list_of_one_path_is_that_path(cell: object, expected: object, tmp_path: Path) -> None:
    lines = [json.dumps({"input_images": ["x.png"], "output_images": ["y.png"]})]
    lines += [json.dumps({"input_images": cell, "output_images": ["y.png"]})]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    row = opened(tmp_path / "t.jsonl")[1]
    found = row.reason if isinstance(row, Rejection) else type(row.original)
    assert found == expected


def test_a_struct_without_bytes_is_its_path(tmp_path: Path) -> None:
    type_ = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table(
        {side: pa.array([image_struct(None, f"{side}.png")], type_) for side in ("original", "edited")}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert keys(opened(tmp_path / "t.parquet")[0]) == ["original.png", "edited.png"]


def test_paths_are_relative_to_the_table_and_may_be_absolute(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    for i, name in enumerate(["t/a b.png", "e.png"]):
        (tmp_path / name).write_bytes(PNG[i])
    absolute = str(tmp_path / "e.png")
    path = write_csv(tmp_path / "t" / "x.csv", [{"original": "a b.png", "edited": absolute}])
    (row,) = opened(path)
    assert keys(row) == ["a b.png", absolute]
    assert isinstance(row, Pair)
    assert [read_picture(side).data for side in (row.original, row.edited)] == PNG[:2]


def test_a_path_that_leads_nowhere_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    (row,) = opened(write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png"}]))
    assert isinstance(row, Pair)
    with pytest.raises(InputError) as refusal:
        read_picture(row.edited)
    assert refusal.value.reason == "file_missing"


def test_bytes_are_found_again_and_nothing_else(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a:b": [PNG[0], PNG[2]], "edited": [PNG[1], None]}), tmp_path / "x#1:y.parquet")
    source = open_source(tmp_path / "x#1:y.parquet", roles=Roles(original="a:b"))
    assert source.picture("x#1:y.parquet#1:a:b") == Encoded(PNG[2], "x#1:y.parquet#1:a:b")
    for key in ("x#1:y.parquet#1:edited", "x#1:y.parquet#2:a:b", "x#1:y.parquet#0:none"):
        with pytest.raises(InputError) as refusal:
            source.picture(key)
        assert refusal.value.reason == "no_picture"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet"])
def test_rows_are_those_of_the_table_in_its_order(ending: str, tmp_path: Path) -> None:
    rows = [{"original": f"a/{i}.png", "edited": f"b/{i}.png", "n": i} for i in range(700)]
    path = tmp_path / f"t.{ending}"
    match ending:
        case "csv":
            write_csv(path, rows)
        case "jsonl":
            path.write_text("\n".join(map(json.dumps, rows)))
        case "json":
            path.write_text(json.dumps(rows))
        case "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=110)
    found = opened(path)
    assert [row.columns["n"] for row in found] == list(range(700))
    assert [keys(row) for row in found] == [[f"a/{i}.png", f"b/{i}.png"] for i in range(700)]
    assert [row.id for row in found] == [f"{path.name}#{i}" for i in range(700)]


# ---- CSV ------------------------------------------------------------------------------------------------


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


# ---- JSON -----------------------------------------------------------------------------------------------


def test_values_keep_their_types_and_mixed_ones_become_text(tmp_path: Path) -> None:
    extra: list[dict[str, Any]] = [
        {"n": 1, "x": 1, "tags": ["a"], "box": {"w": 1}, "odd": 5, "flag": True, "big": 2**70, "none": None},
        {"n": None, "x": 0.5, "tags": [], "box": {"h": 2.5}, "odd": "5", "flag": False, "big": 1},
        {"odd": {"a": [1]}, "deep": [[1], [2.5]], "long": [2**53 + 1, 0.5]},
    ]
    lines = [json.dumps({"original": "a.png", "edited": "b.png", **one}) for one in extra]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    source = open_source(tmp_path / "t.jsonl")
    types = {field.name: field.type for field in source.schema()}
    assert types == {
        "n": pa.int64(),
        "x": pa.float64(),
        "tags": pa.list_(pa.string()),
        "box": pa.struct({"w": pa.int64(), "h": pa.float64()}),
        "odd": pa.string(),
        "flag": pa.bool_(),
        "big": pa.string(),
        "deep": pa.list_(pa.list_(pa.float64())),
        "long": pa.string(),
    }
    rows = everything(source)
    assert [row.columns["odd"] for row in rows] == ["5", "5", '{"a": [1]}']
    assert [row.columns["big"] for row in rows] == [str(2**70), "1", None]
    assert rows[2].columns["long"] == "[9007199254740993, 0.5]"
    assert pa.Table.from_pylist([dict(row.columns) for row in rows], schema=source.schema()).num_rows == 3


def test_lines_that_are_no_objects_are_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    good = json.dumps({"original": "a.png", "edited": "b.png"}).encode()
    bad = [
        b"{",
        b"[1]",
        b"3",
        b'{"original": "a.png", "original": "b.png"}',
        b'{"x": "\\ud800"}',
        b'{"x": "\\u0000"}',
    ]
    bad += [b'{"original": "\xe9.png"}', b"[" * 50_000, b'{"x":' + b"[" * 40 + b"]" * 40 + b"}"]
    (tmp_path / "t.jsonl").write_bytes(b"\n".join([good, *bad, b"  ", good]))
    rows = opened(tmp_path / "t.jsonl")
    assert [getattr(row, "reason", "") for row in rows] == ["", *["bad_row"] * len(bad), ""]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.jsonl", b""),
        ("t.jsonl", b"\n\n"),
        ("t.jsonl", b"[1]\n[2]\n"),
        ("t.jsonl", "{}".encode("utf-16")),
        ("t.json", b"{}"),
        ("t.json", b"[1, 2]"),
        ("t.json", b'["{\\"original\\": 1}"]'),
        ("t.json", b"[]"),
        ("t.json", b"[" * 100_000),
        ("t.json", b"\xff"),
    ],
)
def test_json_without_rows_of_objects_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError):
        open_source(tmp_path / name)


# ---- Parquet --------------------------------------------------------------------------------------------


def parquet_file(folder: Path, rows: int = 60, **columns: Any) -> Path:
    path = folder / "t.parquet"
    table = pa.table({"original": [PNG[i % 6] for i in range(rows)], "edited": [PNG[1]] * rows, **columns})
    pq.write_table(table, path, row_group_size=20, compression="none", use_dictionary=False)
    return path


def test_other_columns_keep_their_types_and_pictures_are_not_carried(tmp_path: Path) -> None:
    times = pa.array(np.arange(60).astype("datetime64[ns]"))
    path = parquet_file(
        tmp_path,
        small=pa.array(range(60), pa.int8()),
        when=times,
        day=pa.array([0] * 60, pa.date32()),
        word=pa.array(["x"] * 60).dictionary_encode(),
        sketch=[PNG[2]] * 60,
        **{"dotted.name": [1.5] * 60},
    )
    source = open_source(path)
    types = {field.name: field.type for field in source.schema()}
    assert types == {
        "small": pa.int8(),
        "when": pa.string(),
        "day": pa.date32(),
        "word": pa.string(),
        "dotted.name": pa.float64(),
    }
    row = everything(source)[59]
    assert row.columns["when"] == "1970-01-01 00:00:00.000000059"
    assert row.columns["dotted.name"] == 1.5


def test_a_damaged_row_group_costs_its_own_rows_only(tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    data = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    start = column.data_page_offset
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    rows = opened(path)
    assert [getattr(row, "reason", "") for row in rows] == [""] * 20 + ["bad_row"] * 20 + [""] * 20


def test_reading_on_where_the_last_part_ended_decodes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(parquet_file(tmp_path))
    opened_files = []
    real = ParquetReader._open
    monkeypatch.setattr(
        ParquetReader, "_open", lambda self, file: opened_files.append(file) or real(self, file)
    )
    assert len(everything(source)) == 60
    assert len(opened_files) == 3, "once for each row group"


def test_two_readers_of_a_row_group_do_not_disturb_each_other(tmp_path: Path) -> None:
    table = pa.table({"original": ["a.png"] * 700, "edited": ["b.png"] * 700, "n": range(700)})
    pq.write_table(table, tmp_path / "t.parquet")
    source = open_source(tmp_path / "t.parquet")
    plan = source.plan()
    list(source.read(plan[0]))  # leaves the place where it stopped
    assert (plan[1].start, plan[1].rows, plan[9].start) == (11, 11, 99), "across batches of 16 rows"
    near, far = source.read(plan[1]), source.read(plan[9])
    found = [(next(near).columns["n"], next(far).columns["n"]) for _ in range(11)]
    assert found == [(11 + i, 99 + i) for i in range(11)]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_truncated_parquet_file_is_refused(share: float, tmp_path: Path) -> None:
    path = parquet_file(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="not a readable Parquet"):
        open_source(path)


def test_shards_of_different_columns_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"], "n": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"], "n": ["x"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="differ"):
        open_source(tmp_path)
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="other columns"):
        open_source(tmp_path)


def test_paths_in_a_shard_are_relative_to_the_shard(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"]}), tmp_path / "d" / "s.parquet")
    (row,) = opened(tmp_path)
    assert (keys(row), row.id) == (["d/a.png", "d/b.png"], "d/s.parquet#0")
    assert isinstance(row, Pair)
    assert row.original == Located(str(tmp_path / "d" / "a.png"), "d/a.png")


# ---- opening --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["none.csv", "none", "https://example.org/t.csv", "a\0b", "t.xlsx", ""])
def test_what_is_no_source_is_refused(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError):
        open_source(place)


def test_a_table_in_the_current_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(Path("-t.csv"), [{"original": "a.png", "edited": "b.png"}])
    (row,) = everything(open_source("-t.csv"))
    assert (row.id, keys(row)) == ("-t.csv#0", ["a.png", "b.png"])


def test_a_changed_table_is_noticed(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png"}] * 3)
    plan = open_source(path).plan()
    write_csv(path, [{"original": "a.png", "edited": "c.png"}] * 4)
    with pytest.raises(InputError, match="changed"):
        list(open_source(path).read(plan[0]))


@pytest.mark.skipif(not (DATA / "pairs").is_dir(), reason="the shared pairs are not here")
def test_the_shared_pairs_are_read_without_help() -> None:
    source = open_source(DATA / "pairs" / "pairs.csv")
    rows = everything(source)
    assert len(rows) == 97
    assert all(isinstance(row, Pair) and row.mask for row in rows)
    assert {"id", "set", "truth", "background"} <= set(source.schema().names)


def reading_of(tmp_path: Path, **roles: Any) -> Reading:
    (tmp_path / "a.png").write_bytes(PNG[0])
    (tmp_path / "t.csv").write_text("source_img,target_img,other,note\na.png,a.png,a.png,hello\n")
    return open_source(tmp_path / "t.csv", roles=Roles(**roles)).reading()


def test_a_table_says_which_columns_it_took_and_why(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, edited="other")
    assert reading.kind == "a CSV table"
    assert [(each.role, each.place, each.why) for each in reading.chosen] == [
        ("original", "source_img", "its name is known for originals"),
        ("edited", "other", "named by you"),
    ]


def test_a_table_says_what_becomes_of_every_column(tmp_path: Path) -> None:
    columns = {"source_img": [PNG[0]], "target_img": [PNG[1]], "other": [PNG[2]], "note": ["hello"]}
    empty = pa.nulls(1)
    pq.write_table(pa.table({**columns, "mask_img": empty}), tmp_path / "t.parquet")
    assert open_source(tmp_path / "t.parquet").reading().columns == (
        ("source_img", "original"),
        ("target_img", "edited"),
        ("other", "left out, pictures are not copied"),
        ("note", "carried"),
        ("mask_img", "left out, it has no values"),
    )


def test_an_exchange_of_the_sides_is_said(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, swap=True)
    assert reading.swapped
    assert [(each.role, each.place) for each in reading.chosen] == [
        ("original", "target_img"),
        ("edited", "source_img"),
    ]
    assert all("exchanged" in each.why for each in reading.chosen)
