"""Rows that show one photograph have one number, others another; what was found out is kept."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from maskwright.corpus.reader import Corpus
from maskwright.datasets.leaks.answers import ANSWERS
from maskwright.datasets.leaks.candidates import LOOSEST
from maskwright.datasets.leaks.confirm import look_at, same_photograph
from maskwright.datasets.leaks.groups import photographs
from maskwright.pairs.descriptor import describe, distance
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture
from tests.datasets.pictured import corpus, put, rows_of, together, touched
from tests.pairs import test_descriptor
from tests.pairs.test_descriptor import cut, mirrored

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))


def scene(seed: int) -> Picture:
    """Small, so that a test stays quick."""
    return test_descriptor.scene(seed, 150, 200)


def half(picture: Picture) -> Picture:
    size = picture.shape[1] // 2, picture.shape[0] // 2
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return read_picture(data.tobytes()).pixels


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "half size": half,
    "cropped to 90 %": lambda picture: cut(picture, 0.05, 0.0, 0.95, 0.95),
    "JPEG 30": lambda picture: jpeg(picture, 30),
    "mirrored": mirrored,
    "cropped to 60 %": lambda picture: cut(picture, 0.22, 0.0, 0.77, 0.78),
    "all of these": lambda picture: jpeg(half(mirrored(cut(picture, 0.05, 0.05, 0.95, 0.95))), 30),
}


def numbers(*corpora: Corpus) -> np.ndarray:
    return np.concatenate(photographs(corpora, rows_of(*corpora)))


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_has_the_number_of_its_photograph(kind: str, tmp_path: Path) -> None:
    pictures = {"a": scene(1), "b": scene(2), "copy": COPIES[kind](scene(1))}
    pictures |= {f"{name}_": touched(picture) for name, picture in pictures.items()}
    found = numbers(corpus(tmp_path, pictures, [("a", "a_"), ("b", "b_"), ("copy", "copy_")]))
    assert found.tolist() == [0, 1, 0]


def test_different_photographs_have_different_numbers(tmp_path: Path) -> None:
    pictures = {str(number): scene(number) for number in range(12)}
    pictures |= {f"{number}_": touched(scene(number)) for number in range(12)}
    found = numbers(corpus(tmp_path, pictures, [(str(number), f"{number}_") for number in range(12)]))
    assert found.tolist() == list(range(12))


def test_rows_of_one_original_one_session_or_turn_after_turn_need_no_look(tmp_path: Path) -> None:
    pictures = {name: scene(number) for number, name in enumerate("abcdefghij")}
    pairs = [("a", "b"), ("a", "c"), ("d", "e"), ("e", "f"), ("g", "h"), ("i", "j")]
    made = corpus(tmp_path, pictures, pairs, ["1", "2", "3", "4", "5", "5"])
    for path in tmp_path.glob("*.png"):
        path.unlink()
    assert numbers(made).tolist() == [0, 0, 1, 1, 2, 2]


def test_originals_of_equal_look_are_together_without_being_opened(tmp_path: Path) -> None:
    made = corpus(tmp_path, {"a": scene(1), "b": scene(1), "c": scene(3)}, [("a", "c"), ("b", "c")])
    apart = corpus(tmp_path / "2", {"a": scene(1), "x": touched(scene(1))}, [("a", "x")])
    for path in [*tmp_path.glob("*.png"), *(tmp_path / "2").glob("*.png")]:
        path.unlink()
    assert numbers(made, apart).tolist() == [0, 0, 0]


def test_asked_again_no_picture_is_opened(tmp_path: Path) -> None:
    pictures = {"a": scene(1), "a_": touched(scene(1)), "b": mirrored(scene(1)), "b_": scene(5)}
    made = corpus(tmp_path, pictures, [("a", "a_"), ("b", "b_")])
    first = numbers(made)
    assert first.tolist() == [0, 0]
    for path in tmp_path.glob("*.png"):
        path.unlink()
    assert (numbers(made) == first).all()


def test_where_a_picture_is_gone_candidates_are_together_and_it_is_said(tmp_path: Path) -> None:
    pictures = {"a": scene(1), "a_": touched(scene(1)), "b": mirrored(scene(1)), "b_": scene(5)}
    made = corpus(tmp_path, pictures, [("a", "a_"), ("b", "b_")])
    (tmp_path / "b.png").unlink()
    with pytest.warns(UserWarning, match="could not be opened again") as said:
        assert numbers(made).tolist() == [0, 0]
    assert "b.png" in str(said[0].message)
    assert "1 candidate counts as the same photograph" in str(said[0].message)
    assert not (tmp_path / "out" / ANSWERS).exists(), "what nobody saw is not kept"


def test_a_corpus_without_descriptors_of_edited_pictures_says_so(tmp_path: Path) -> None:
    pictures = {"a": scene(1), "a_": scene(2), "b": mirrored(scene(2)), "b_": scene(4)}
    made = corpus(tmp_path, pictures, [("a", "a_"), ("b", "b_")])
    assert numbers(made).tolist() == [0, 0], "an edited picture that is another row's original"
    said: list[str] = []
    old = [table.drop_columns(["edited_descriptor"]) for table in rows_of(made)]
    assert photographs([made], old, say=said.append)[0].tolist() == [0, 1]
    assert len(said) == 1
    assert "before edited pictures were described" in said[0]


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_a_photograph_within_another_is_the_same_if_it_is_a_candidate(share: float) -> None:
    inside = put(scene(1), scene(2), share)
    assert same_photograph(look_at(scene(1)), look_at(inside))
    assert same_photograph(look_at(mirrored(inside)), look_at(scene(1)))


def test_a_small_object_that_two_pictures_share_merges_neither() -> None:
    thing = cut(scene(3), 0.3, 0.3, 0.4, 0.4)
    one, other = (put(thing, scene(number), 0.2) for number in (1, 2))
    assert not same_photograph(look_at(one), look_at(other))
    assert not same_photograph(look_at(one), look_at(scene(3)))


def test_a_plain_picture_is_like_none(tmp_path: Path) -> None:
    plain = np.full((60, 80, 3), 200, np.uint8)
    pictures = {"a": plain, "b": plain + 1, "c": plain + 2, "d": scene(4)}
    made = corpus(tmp_path, pictures, [("a", "d"), ("b", "c")])
    assert numbers(made).tolist() == [0, 1]


def test_which_rows_are_together_does_not_depend_on_their_order(tmp_path: Path) -> None:
    made, rows = family(tmp_path)
    (there,) = photographs([made], [rows])
    order = np.random.default_rng(2).permutation(rows.num_rows)
    (shuffled,) = photographs([made], [rows.take(pa.array(order))])
    back = np.empty(len(order), np.int64)
    back[order] = shuffled
    assert together(back) == together(there)
    assert shuffled[0] == 0
    assert set(shuffled.tolist()) == set(range(shuffled.max() + 1)), "no number is left out"


def test_sets_are_those_of_a_search_from_row_to_row(tmp_path: Path) -> None:
    made, rows = family(tmp_path)
    (found,) = photographs([made], [rows])
    sides = [{rows["original"][row].as_py(), rows["edited"][row].as_py()} for row in range(rows.num_rows)]
    looks = {name: made.picture(name) for each in sides for name in each}

    def alike(one: str, other: str) -> bool:
        if one == other:
            return True
        first, second = looks[one], looks[other]
        near = distance(describe(first), describe(second)) < LOOSEST
        return near and same_photograph(look_at(first), look_at(second))

    linked = {
        (row, other): any(alike(one, two) for one, two in itertools.product(sides[row], sides[other]))
        for row, other in itertools.combinations(range(len(sides)), 2)
    }
    seen: set[frozenset[int]] = set()
    for row in range(len(sides)):
        reached, waiting = {row}, [row]
        while waiting:
            here = waiting.pop()
            for pair, link in linked.items():
                if link and here in pair and not set(pair) <= reached:
                    waiting += set(pair) - reached
                    reached |= set(pair)
        seen.add(frozenset(reached))
    assert together(found) == seen
    assert 1 < len(seen) < len(sides)


def test_two_corpora_are_numbered_as_one(tmp_path: Path) -> None:
    first = corpus(tmp_path / "1", {"a": scene(1), "b": scene(2), "x": scene(9)}, [("a", "x"), ("b", "b")])
    second = corpus(tmp_path / "2", {"c": half(scene(2)), "y": scene(8)}, [("c", "y"), ("y", "y")])
    one, other = photographs([first, second], rows_of(first, second))
    assert (one.tolist(), other.tolist()) == ([0, 1], [1, 1])


def test_damaged_answers_are_found_again(tmp_path: Path) -> None:
    made, rows = family(tmp_path)
    (first,) = photographs([made], [rows])
    kept = (tmp_path / "out" / ANSWERS).read_bytes()
    (tmp_path / "out" / ANSWERS).write_bytes(kept[: len(kept) // 2])
    (again,) = photographs([made], [rows])
    assert (again == first).all()
    assert (tmp_path / "out" / ANSWERS).read_bytes() == kept


def test_no_rows_have_no_photographs(tmp_path: Path) -> None:
    made = corpus(tmp_path, {"a": scene(1), "b": scene(2)}, [("a", "b")])
    assert [len(each) for each in photographs([made], [rows_of(made)[0].slice(0, 0)])] == [0]


def family(place: Path) -> tuple[Corpus, pa.Table]:
    """Three photographs, two with copies, in nine rows."""
    pictures = {name: scene(number) for number, name in enumerate("abc")}
    pictures |= {"a1": half(pictures["a"]), "a2": mirrored(pictures["a"]), "b1": jpeg(pictures["b"], 30)}
    pictures |= {"a3": cut(pictures["a"], 0.2, 0, 0.8, 0.8), "d": put(pictures["b"], scene(7), 0.6)}
    pictures |= {f"{name}_": touched(picture) for name, picture in list(pictures.items())}
    pairs = [(name, f"{name}_") for name in pictures if not name.endswith("_")]
    made = corpus(place, pictures, [*pairs, ("c", "b1_")])
    return made, rows_of(made)[0]


@pytest.mark.skipif(not (DATA / "photos").is_dir(), reason="needs the photographs (MASKWRIGHT_DATA)")
def test_copies_of_photographs_are_together_and_strangers_apart(tmp_path: Path) -> None:
    with (DATA / "photos" / "photos.csv").open(newline="", encoding="utf-8") as file:
        rows = [row["path"] for row in csv.DictReader(file) if row["split"] == "val"]
    chosen = [path for path in rows if not path.startswith("camvid")][::20]
    pictures = {str(place): read_picture(DATA / "photos" / path).pixels for place, path in enumerate(chosen)}
    kinds = list(COPIES.values())
    pictures |= {f"{name}c": kinds[int(name) % len(kinds)](picture) for name, picture in pictures.items()}
    pictures |= {f"{name}_": touched(picture) for name, picture in pictures.items()}
    names = [name for name in pictures if not name.endswith("_")]
    found = numbers(corpus(tmp_path, pictures, [(name, f"{name}_") for name in names]))
    assert found.tolist() == [*range(len(chosen)), *range(len(chosen))]
