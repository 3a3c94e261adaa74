"""Real pairs without masks, out of a table: only what may be learned from, and what can be."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import InputError
from maskwright.learning.unlabelled import digest_of, unlabelled_pairs
from maskwright.masks.annotators.evidence import evidence
from maskwright.masks.annotators.planes import CHANNELS, planes
from maskwright.masks.annotators.rule import log_odds, shipped_rule
from maskwright.pairs.values import Picture
from tests.contracts.annotator import edited_pair, laid, textured


def written(path: Path, picture: Picture) -> str:
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    return path.name


def pair_in(folder: Path, seed: int, *, width: int = 96, height: int = 64) -> tuple[str, str]:
    pair = edited_pair(seed, width, height)
    return (
        written(folder / f"{seed}-original.png", pair.original),
        written(folder / f"{seed}-edited.png", pair.edited),
    )


def table(
    folder: Path, *rows: tuple[str, ...], names: tuple[str, ...] = ("original", "edited", "split")
) -> Path:
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def test_only_rows_that_are_for_training_are_learned_from(tmp_path: Path) -> None:
    splits = ("train", "val", "test", "", "Train")
    rows = [(*pair_in(tmp_path, seed), split) for seed, split in enumerate(splits)]
    (found,) = unlabelled_pairs(table(tmp_path, *rows))
    first = edited_pair(0, 96, 64)
    assert np.array_equal(found.planes[:3], evidence(first).original.transpose(2, 0, 1))


def test_all_rows_of_a_table_that_has_no_splits_are(tmp_path: Path) -> None:
    rows = [pair_in(tmp_path, seed) for seed in range(3)]
    assert len(unlabelled_pairs(table(tmp_path, *rows, names=("original", "edited")))) == 3


def test_a_pair_is_seen_as_the_annotator_sees_it_and_has_no_mask(tmp_path: Path) -> None:
    (found,) = unlabelled_pairs(table(tmp_path, (*pair_in(tmp_path, 1), "train")))
    pair = edited_pair(1, 96, 64)
    seen = evidence(laid(pair.original, pair.edited))
    assert np.array_equal(found.planes, planes(seen, log_odds(seen, shipped_rule())))
    assert found.planes.shape == (len(CHANNELS), 32, 48)
    assert not found.mask.any()
    assert not found.ignore.any()


def test_what_the_original_has_no_pixel_for_is_ignored(tmp_path: Path) -> None:
    picture = textured(3, 160, 120)
    edited = edited_pair(3, 160, 120).edited
    row = written(tmp_path / "a.png", picture[:, :150]), written(tmp_path / "b.png", edited), "train"
    (found,) = unlabelled_pairs(table(tmp_path, row))
    assert found.mask.shape == found.ignore.shape == (60, 80)
    assert (found.ignore[:, -3:] == 255).all()
    assert not found.ignore[5:-5, 5:60].any()


def test_pairs_that_teach_nothing_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    one, other = (written(tmp_path / f"{seed}.png", textured(seed, 160, 120)) for seed in (20, 21))
    useful = pair_in(tmp_path, 1)
    rows = [
        ("broken.png", useful[1]),  # cannot be read
        (useful[0], "absent.png"),  # is not there
        (one, other),  # another scene
        (one, one),  # nothing differs at all
        useful,
    ]
    assert len(unlabelled_pairs(table(tmp_path, *((*row, "train") for row in rows)))) == 1


def test_where_nothing_is_left_the_table_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, (*pair_in(tmp_path, 1), "val"))
    with pytest.raises(InputError, match=r"pairs\.csv has no pair to learn from") as caught:
        unlabelled_pairs(path)
    assert "split train" in caught.value.hint
    with pytest.raises(InputError):
        unlabelled_pairs(tmp_path / "absent.csv")


def test_a_digest_follows_what_the_table_holds(tmp_path: Path) -> None:
    row = pair_in(tmp_path, 1)
    one = digest_of(table(tmp_path, (*row, "train")))
    assert one == digest_of(table(tmp_path, (*row, "train")))
    assert one != digest_of(table(tmp_path, (*row, "val")))
    assert len(one) == 16
