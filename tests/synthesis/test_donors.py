"""Pairs by their group: what is said of them is what was done."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import InputError, SettingError
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.align import align
from maskwright.pairs.values import GROUPS
from maskwright.synthesis.donors import SHARED_FRAC, Related, draw_donor, draw_probe, draw_related
from maskwright.synthesis.photos import Photo, read_photos
from tests.synthesis.conftest import textured


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(5):
        Image.fromarray(textured(260 + 10 * number, 300, seed=number)).save(folder / f"{number}.png")
    return read_photos(folder)


@pytest.fixture(scope="module")
def drawn(photos: list[Photo]) -> list[Related]:
    return [draw_donor(photos, np.random.default_rng([5, number])) for number in range(12)]


def test_the_same_generator_gives_the_same_pair(photos: list[Photo]) -> None:
    for place, group in enumerate(GROUPS):
        one, two = (draw_related(photos, np.random.default_rng([6, place]), group) for _ in range(2))
        assert one.group == two.group == group
        assert one.words == two.words
        assert one.original.tobytes() == two.original.tobytes()
        assert one.edited.tobytes() == two.edited.tobytes()
        assert one.mask.tobytes() == two.mask.tobytes()


def test_the_map_of_an_object_leads_to_where_it_was_taken_from(drawn: list[Related]) -> None:
    alike = []
    for pair in drawn:
        assert pair.matrix is not None
        height, width = pair.mask.shape
        laid = cv2.warpAffine(
            pair.original, pair.matrix[:2], (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        inside = cv2.erode(pair.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[inside] for picture in (laid, pair.edited)]
        alike.append(float(np.corrcoef(*grey)[0, 1]))
    assert np.median(alike) > 0.9
    assert np.mean(np.array(alike) > 0.5) >= 0.75  # not of all that are blended by gradients


def test_the_donor_mask_is_the_mask_carried_back(drawn: list[Related]) -> None:
    for pair in drawn:
        assert pair.matrix is not None
        assert pair.donor is not None
        assert pair.donor.shape == pair.original.shape[:2]
        height, width = pair.mask.shape
        carried = cv2.warpAffine(
            pair.donor.astype(np.uint8),
            pair.matrix[:2],
            (width, height),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        )
        assert pixel_f1(carried > 0, pair.mask) > 0.9


def test_objects_are_scaled_turned_and_mirrored_as_the_words_say(drawn: list[Related]) -> None:
    for pair in drawn:
        assert pair.matrix is not None
        assert (np.linalg.det(pair.matrix[:2, :2]) < 0) == ("mirrored" in pair.words[0])
        sides = [np.sqrt(picture.shape[0] * picture.shape[1]) for picture in (pair.edited, pair.original)]
        relative = sides[1] / sides[0] / np.sqrt(abs(np.linalg.det(pair.matrix[:2, :2])))
        assert 0.3 < relative < 2.6  # small objects are enlarged, large ones made to fit; both are stretched


@pytest.mark.slow
def test_probes_and_strangers_hold_no_object(photos: list[Photo]) -> None:
    for number in range(6):
        probe = draw_related(photos, np.random.default_rng([7, number]), "shared-probe")
        stranger = draw_related(photos, np.random.default_rng([8, number]), "unrelated")
        assert probe.donor is None
        assert stranger.donor is None
        assert not stranger.mask.any()
        assert align(stranger.original, stranger.edited).geometry.kind == "unrelated"


@pytest.mark.slow
def test_two_crops_of_one_photograph_show_the_same_in_part(photos: list[Photo]) -> None:
    shares = []
    for number in range(300):
        words = draw_probe(photos, np.random.default_rng([10, number])).words
        boxes = [np.array(each.split()[3:], float) for each in words if "cropped" in each]
        if len(boxes) == 2:
            one, other = boxes
            shared = np.minimum(one, other)[2:] - np.maximum(one, other)[:2]
            assert shared.min() > 0
            shares.append(shared.prod() / max((box[2:] - box[:2]).prod() for box in boxes))
    assert len(shares) > 15
    assert min(shares) > SHARED_FRAC - 0.03  # words have two digits


def test_groups_are_drawn_evenly(photos: list[Photo]) -> None:
    groups = [draw_related(photos, np.random.default_rng([9, number])).group for number in range(45)]
    assert all(8 <= groups.count(group) <= 24 for group in GROUPS)


def test_an_unknown_group_and_too_few_photographs_are_refused(photos: list[Photo], tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        draw_related(photos, np.random.default_rng(0), "shared-doner")
    assert "shared-donor" in caught.value.hint
    with pytest.raises(InputError, match="at least 2 photographs, there are 1"):
        draw_donor(photos[:1], np.random.default_rng(0))


def test_a_photograph_of_one_colour_has_nothing_to_take(tmp_path: Path) -> None:
    for number in range(2):
        Image.fromarray(np.full((200, 200, 3), 100 + number, np.uint8)).save(tmp_path / f"{number}.png")
    with pytest.raises(InputError, match="shows nothing that could be taken"):
        draw_donor(read_photos(tmp_path), np.random.default_rng(0))
