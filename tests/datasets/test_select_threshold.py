"""Another threshold gives other masks from the same change maps, and conditions see those."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.reader import open_corpus
from maskwright.datasets.selecting.select import select
from maskwright.datasets.selecting.selection import load_selection
from maskwright.datasets.selecting.threshold import REFUSED
from maskwright.errors import RunError, SettingError
from maskwright.masks.scores import OF_SHAPE, SCORES, mask_at, shape_scores
from tests.corpus.made import folder_of
from tests.datasets.grown import Grower, stored


@pytest.fixture(scope="module")
def grower(tmp_path_factory: pytest.TempPathFactory) -> Grower:
    return Grower(tmp_path_factory.mktemp("grower"))


def steps() -> NDArray[np.uint8]:
    """10 x 10: a square of 4 x 4 at level 240, one of 2 x 2 at 140, one of 3 x 2 at 60, apart."""
    levels = np.zeros((10, 10), np.uint8)
    levels[1:5, 1:5] = 240
    levels[7:9, 1:3] = 140
    levels[6:9, 6:8] = 60
    return levels


@pytest.mark.parametrize(
    ("threshold", "area", "components", "largest"),
    [
        (0.2, 0.26, 3, 16 / 26),
        (0.5, 0.20, 2, 16 / 20),
        (0.9, 0.16, 1, 1.0),
        (0.95, 0.0, 0, 0.0),
    ],
)
def test_the_mask_is_measured_anew_at_every_threshold(
    grower: Grower, tmp_path: Path, threshold: float, area: float, components: int, largest: float
) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps())}])
    select(out, "true", name="t", threshold=threshold)
    (row,) = load_selection(out, "t").table().to_pylist()
    assert row["area_frac"] == pytest.approx(area)
    assert (row["components"], row["largest_component_frac"]) == (components, pytest.approx(largest))


def test_conditions_see_the_new_masks_and_not_the_stored_ones(grower: Grower, tmp_path: Path) -> None:
    flat = np.full((10, 10), 100, np.uint8)
    rows = [{"change": stored(steps()), "area_frac": 0.9}, {"change": stored(flat), "area_frac": 0.1}]
    out = grower.grow(tmp_path / "out", rows)
    found = select(out, "area_frac < 0.5", name="t", threshold=0.3)
    assert load_selection(out, "t").table()["id"].to_pylist() == ["row 0"]
    assert [spread.name for spread in found.spreads] == ["qes", "area_frac"]
    spread = found.spreads[1]
    assert (spread.ok[-1], spread.kept[-1]) == (1, 0)


def test_the_border_is_none_where_the_mask_is_empty_or_everything(grower: Grower, tmp_path: Path) -> None:
    rows = [{"change": stored(np.full((9, 9), level, np.uint8))} for level in (10, 250)]
    out = grower.grow(tmp_path / "out", rows)
    select(out, "border_sharpness is null", name="t", threshold=0.5)
    assert load_selection(out, "t").table()["area_frac"].to_pylist() == [0.0, 1.0]


def test_the_threshold_of_the_stored_masks_gives_what_annotate_stored(tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotate(folder_of(tmp_path / "source", 10), out, workers=1, options=Options(files=False))
    select(out, "true", name="half", threshold=0.5)
    select(out, "true", name="stored")
    half = load_selection(out, "half").table()
    assert half.select(OF_SHAPE).equals(open_corpus(out).table(OF_SHAPE))
    assert set(half["area_frac"].to_pylist()) != {0.0}
    assert half.select(["part", "row", "id"]).equals(load_selection(out, "stored").table())


def test_a_row_is_found_in_its_part_also_after_the_first_row_group(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps())}] * 230, in_part=115)
    select(out, "id in ('row 113', 'row 229')", name="t", threshold=0.4)
    rows = load_selection(out, "t").table().select(["part", "row", "id"]).to_pylist()
    assert rows == [{"part": 0, "row": 113, "id": "row 113"}, {"part": 1, "row": 114, "id": "row 229"}]


def test_a_row_without_a_change_map_has_no_mask_to_measure(grower: Grower, tmp_path: Path) -> None:
    rows = [{"change": None, "status": "rejected"}, {"change": stored(steps())}]
    out = grower.grow(tmp_path / "out", rows)
    assert select(out, "true", name="t", threshold=0.4).funnel[1].left == 1


def test_the_threshold_is_written_down_and_read_again(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps())}])
    select(out, "true", name="t", threshold=0.123456789)
    assert json.loads((out / "selections" / "t.json").read_bytes())["threshold"] == 0.123456789
    assert load_selection(out, "t").threshold == 0.123456789


@pytest.mark.parametrize("column", REFUSED)
def test_what_only_the_pictures_can_tell_of_another_mask_is_refused(
    grower: Grower, tmp_path: Path, column: str
) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps())}])
    select(out, f"{column} is null or true", name="stored")
    with pytest.raises(SettingError, match=f"{column} speaks of the mask at 0.5") as caught:
        select(out, f"{column.upper()} is null", name="t", threshold=0.4)
    assert "area_frac" in caught.value.hint


def test_a_word_in_quotes_is_no_column(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps()), "model": "verdict"}])
    assert select(out, "model = 'verdict'", name="t", threshold=0.4).rows == 1


def test_a_column_of_the_stored_mask_does_not_hide_behind_a_pattern(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps()), "contrast": 5.0, "area_frac": 0.9}])
    with pytest.raises(SettingError):
        select(out, "COLUMNS('contrast') > 1", name="t", threshold=0.4)
    with pytest.raises(SettingError, match="no row is left"):
        select(out, "COLUMNS('area_frac|contrast') > 0.5", name="t", threshold=0.4)


def test_every_score_is_kept_measured_anew_or_refused_on_purpose() -> None:
    of_the_pair = {
        *("shift_px", "scale", "rotation_deg", "mirrored", "crop_frac", "residual_px"),
        *("qes", "agreement", "noise_floor", "missed_px"),
        *("outside_mse", "outside_psnr", "outside_ssim"),
        *("outside_mse_raw", "outside_psnr_raw", "outside_ssim_raw"),
    }
    assert of_the_pair | set(OF_SHAPE) | set(REFUSED) - {"verdict"} == set(SCORES)


def test_a_damaged_change_map_is_told_with_its_row(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": {"bytes": b"no picture", "path": "x.png"}}])
    with pytest.raises(RunError, match="the change map of 'row 0'"):
        select(out, "true", name="t", threshold=0.4)
    assert not (out / "selections").exists()


@given(
    levels=arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=8)),
    threshold=st.one_of(
        st.floats(0.001, 0.999), st.integers(1, 254).map(lambda level: level / 255), st.just(0.5)
    ),
)
def test_the_mask_at_a_threshold_is_where_the_map_reaches_it(
    levels: NDArray[np.uint8], threshold: float
) -> None:
    assert np.array_equal(mask_at(levels, threshold), levels / 255 >= threshold)


@given(mask=arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=7)))
def test_shapes_are_what_counting_by_hand_gives(mask: NDArray[np.bool_]) -> None:
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    sizes = []
    while left:
        waiting, size = [left.pop()], 0
        while waiting:
            y, x = waiting.pop()
            size += 1
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            waiting += near
        sizes.append(size)
    found = shape_scores(np.where(mask, 255, 0).astype(np.uint8), mask)
    assert (found["area_frac"], found["components"]) == (pytest.approx(mask.mean()), len(sizes))
    assert found["largest_component_frac"] == pytest.approx(max(sizes) / sum(sizes) if sizes else 0.0)


def test_rows_of_a_selection_are_typed_like_the_corpus(grower: Grower, tmp_path: Path) -> None:
    out = grower.grow(tmp_path / "out", [{"change": stored(steps())}])
    select(out, "true", name="t", threshold=0.4)
    schema = load_selection(out, "t").table().schema
    assert schema.field("part").type == schema.field("row").type == pa.int32()
    assert [schema.field(name).type for name in OF_SHAPE] == [
        open_corpus(out).schema.field(name).type for name in OF_SHAPE
    ]
