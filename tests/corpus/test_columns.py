"""The table of columns is the schema, the pipeline's scores and the manual's page at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.reader import open_corpus
from maskwright.corpus.schema import COLUMNS, TYPES, freeze
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.masks.scores import SCORES
from maskwright.pairs.values import Pair
from tests.corpus.made import edited, folder_of, photograph

ROOT = Path(__file__).parents[2]
DESIGN = [
    "id",
    "original",
    "edited",
    "width",
    "height",
    "status",
    "reason",
    "verdict",
    "group",
    "annotator",
    "annotator_digest",
    "instruction",
    "file",
    "kind",
    "shift_px",
    "scale",
    "rotation_deg",
    "mirrored",
    "crop_frac",
    "residual_px",
    "background",
    "tone_shift_de",
    "outside_change",
    "sharpness_ratio",
    "area_frac",
    "components",
    "largest_component_frac",
    "border_sharpness",
    "contrast",
    "qes",
    "confidence",
]


def test_the_manual_page_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_columns.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_names_are_unique_and_every_one_is_explained() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert all(column.says.endswith(".") and len(column.says) > 15 for column in COLUMNS)


def test_the_columns_of_the_design_are_there() -> None:
    assert set(DESIGN) <= {column.name for column in COLUMNS}


def test_every_score_of_a_pair_has_a_column_and_its_value(tmp_path: Path) -> None:
    before = photograph(0)
    found = annotate_pair(Pair("x", before, edited(before)), load_annotator(DEFAULT))
    assert set(found.scores) == set(SCORES)
    annotate(folder_of(tmp_path / "source", 1), tmp_path / "out", workers=1)
    (row,) = open_corpus(tmp_path / "out").table().to_pylist()
    for name, value in found.scores.items():
        assert row[name] == (None if value is None else pytest.approx(value)), name


@pytest.mark.parametrize("name", [column.name for column in COLUMNS])
def test_a_source_column_never_takes_the_place_of_ours(name: str) -> None:
    frozen = freeze(pa.schema([(name, pa.date32())]), ())
    assert frozen.carried == {name: f"source_{name}"}
    kinds = {column.name: TYPES[column.type] for column in COLUMNS}
    assert frozen.arrow.field(name).type == kinds[name]
