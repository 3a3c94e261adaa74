"""Maps that matches agree on: found among many wrong ones, the least likely by chance first."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.masks.annotators.candidates import Matches, candidates, sane, turned_back

TURNED = np.array([[0.9, 0.3, 20.0], [-0.3, 0.9, 60.0], [0, 0, 1]])
MIRRORED = np.array([[-1.1, 0.2, 260.0], [0.2, 1.1, -15.0], [0, 0, 1]])


def matches_of(*maps: tuple[np.ndarray, float], wrong: int, mirrored: bool = False, seed: int = 0) -> Matches:
    """Per map 30 matches within 25 px of a place, with an error of 0.7 px; and wrong ones anywhere."""
    rng = np.random.default_rng(seed)
    places, onto = [rng.uniform(0, 300, (wrong, 2))], [rng.uniform(0, 300, (wrong, 2))]
    for matrix, middle in maps:
        some = rng.uniform(middle - 25, middle + 25, (30, 2))
        places.append(some)
        onto.append(some @ matrix[:2, :2].T + matrix[:2, 2] + rng.normal(0, 0.7, some.shape))
    at, on = (np.concatenate(plane).astype(np.float32) for plane in (places, onto))
    return Matches(at, on, np.linspace(0.5, 0.6, len(at), dtype=np.float32), mirrored, 3.0, 90_000)


def off(one: np.ndarray, other: np.ndarray, middle: float) -> float:
    """How far two maps take a place apart."""
    place = np.array([middle, middle, 1.0])
    return float(np.hypot(*((one - other) @ place)[:2]))


@pytest.mark.parametrize(("matrix", "mirrored"), [(TURNED, False), (MIRRORED, True)])
def test_thirty_right_matches_are_found_among_ten_times_as_many_wrong_ones(
    matrix: np.ndarray, mirrored: bool
) -> None:
    best = candidates(matches_of((matrix, 120.0), wrong=300, mirrored=mirrored), 4)[0]
    assert off(best.matrix, matrix, 120.0) < 1
    assert np.count_nonzero(best.agree[300:]) > 25
    assert best.chance < -10


def test_two_objects_give_two_maps() -> None:
    other = np.array([[1.3, 0, -40.0], [0, 1.3, 10.0], [0, 0, 1]])
    found = candidates(matches_of((TURNED, 70.0), (other, 200.0), wrong=100), 2)
    assert min(off(each.matrix, TURNED, 70.0) for each in found) < 1
    assert min(off(each.matrix, other, 200.0) for each in found) < 1
    assert not (found[0].agree & found[1].agree).any()


def test_matches_that_agree_by_chance_far_away_do_not_belong_to_the_object() -> None:
    given = matches_of((TURNED, 80.0), wrong=300)
    far = np.array([[270.0, 280.0]], np.float32)
    given.places[:1], given.onto[:1] = far, far @ TURNED[:2, :2].T + TURNED[:2, 2]
    best = candidates(given, 1)[0]
    assert off(best.matrix, TURNED, 80.0) < 1
    assert not best.agree[0]


def test_wrong_matches_alone_give_only_maps_that_chance_gives() -> None:
    found = candidates(matches_of(wrong=300), 3)
    assert all(each.chance > 0 for each in found)


def test_two_calls_give_the_same() -> None:
    given = matches_of((TURNED, 120.0), wrong=200)
    one, other = candidates(given, 3), candidates(given, 3)
    assert all(np.array_equal(a.matrix, b.matrix) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_matches_give_no_map(count: int) -> None:
    given = matches_of(wrong=count)
    assert candidates(given, 3) == []


def test_matches_at_one_place_give_no_map() -> None:
    same = np.full((20, 2), 7, np.float32)
    given = Matches(same, same, np.ones(20, np.float32), False, 3.0, 90_000)
    assert candidates(given, 3) == []


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([0.1, 0.1, 1]),
        np.diag([8.0, 8.0, 1]),
        np.diag([0.5, 3.0, 1]),
        np.diag([1.0, 0.0, 1]),
        np.full((3, 3), np.nan),
    ],
)
def test_what_no_editor_does_is_not_sane(matrix: np.ndarray) -> None:
    assert not sane(matrix)
    assert sane(TURNED)
    assert sane(MIRRORED)


def test_places_of_a_mirrored_picture_are_turned_back() -> None:
    picture = np.arange(12).reshape(2, 6)
    places = np.array([[0, 1], [4, 0]], np.float32)
    back = turned_back(places, 6).astype(int)
    assert [picture[:, ::-1][1, 0], picture[:, ::-1][0, 4]] == [picture[y, x] for x, y in back]
