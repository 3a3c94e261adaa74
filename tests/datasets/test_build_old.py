"""What version 0.4 annotated, before edited pictures were described, is still selected from and built."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.datasets.building.build import Announced, build
from maskwright.datasets.selecting.select import select
from tests.datasets.building import corpus_of, rows_of, table_of

NEW = "edited_descriptor"


def as_of_old(out: Path) -> Path:
    """The same corpus without the column that came after 0.4, selected from again."""
    run = json.loads((out / "run.json").read_bytes())
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(run["arrow_schema"])))
    schema = schema.remove(schema.get_field_index(NEW))
    run["arrow_schema"] = base64.b64encode(schema.serialize().to_pybytes()).decode("ascii")
    del run["columns"][NEW]
    (out / "run.json").write_text(json.dumps(run), encoding="utf-8")
    for part in (out / "annotations").iterdir():
        pq.write_table(pq.ParquetFile(part).read().drop_columns([NEW]), part)
    select([out], ["true"], name="all")
    return out


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("old")
    return as_of_old(corpus_of(table_of(place / "source", range(6)), place / "out"))


def test_it_is_built_with_all_its_rows_and_the_loss_is_said(old: Path, tmp_path: Path) -> None:
    said: list[Announced] = []
    build(
        tmp_path / "dataset",
        outs=[old],
        selection="all",
        format="imagefolder",
        workers=1,
        announce=said.append,
    )
    assert len(rows_of(tmp_path / "dataset")) == 12
    assert sum("before edited pictures were described" in note for note in said[0].notes) == 1


def test_its_near_duplicates_are_counted(old: Path) -> None:
    found = select([old], ["true"], name="counted", near_duplicates=True).photographs
    assert found is not None
    assert found.photographs == 6
    assert any("before edited pictures were described" in note for note in found.notes)
