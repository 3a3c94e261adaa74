"""Tables: roles found by type, then by name; rows carried with their types; every row accounted for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError, SettingError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Reading, Roles, open_source
from maskwright.pairs.values import Encoded, Located, Pair, Rejection
from tests.contracts.source import everything
from tests.pairs.tables import PNG, image_struct, keys, opened, write_csv

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))


# ---- roles ---------------------------------------------------------------------------------------------


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


# ---- cells ---------------------------------------------------------------------------------------------


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


# ---- opening -------------------------------------------------------------------------------------------


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
