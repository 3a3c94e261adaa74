from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions
from maskwright.synthesis.regenerate import regenerate
from maskwright.synthesis.steps import Made, Step, begin

STEPS: dict[str, Step] = {
    "jpeg": corruptions.jpeg(70),
    "jpeg 4:4:4": corruptions.jpeg(70, subsampling="4:4:4"),
    "webp": corruptions.webp(70),
    "resample": corruptions.resample(0.5, down="area", up="lanczos"),
    "resize": corruptions.resize(0.6),
    "stretch": corruptions.stretch(1.1, 0.9, kernel="cubic"),
    "crop": corruptions.crop(0.1, 0.2, 0.9, 1.0),
    "rotate": corruptions.rotate(3, zoom=1.05),
    "shift": corruptions.shift(0.5, -1),
    "tone": corruptions.tone((1.1, 1.0, 0.9), offset=4, gamma=1.1),
    "grade": corruptions.grade(0.05),
    "regenerate": regenerate(0.7),
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())


@pytest.fixture
def pair(photo: Picture) -> Made:
    mask = np.zeros(photo.shape[:2], np.bool_)
    ignore = mask.copy()
    mask[40:90, 60:130] = True
    ignore[20:40, 60:130] = True
    return Made(photo, photo, mask, ignore)


@every_step
def test_mask_and_ignore_stay_on_the_edited_pictures_grid(step: Step, pair: Made) -> None:
    made = step(pair, np.random.default_rng(0))
    for kept in (made.mask, made.ignore):
        assert kept.shape == made.edited.shape[:2]
        assert kept.dtype == np.bool_
        assert kept.any()
    assert not (made.mask & made.ignore).all()
    assert made.edited.dtype == np.uint8
    assert np.array_equal(made.original, pair.original)
    assert not np.array_equal(made.edited, pair.edited)


@every_step
def test_the_same_seed_gives_the_same_bytes(step: Step, pair: Made) -> None:
    before = pair.edited.copy()
    first = step(pair, np.random.default_rng(4))
    second = step(pair, np.random.default_rng(4))
    assert first.edited.tobytes() == second.edited.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert np.array_equal(pair.edited, before)


@every_step
def test_a_picture_of_one_pixel_survives(step: Step) -> None:
    assert step(begin(np.full((1, 1, 3), 90, np.uint8)), np.random.default_rng(0)).edited.size


@pytest.mark.parametrize(
    "step",
    [
        corruptions.shift(3, 2, side="original"),
        corruptions.resize(0.5, side="original"),
        corruptions.rotate(5, side="original"),
        regenerate(1, side="original"),
    ],
)
def test_a_step_of_the_original_side_leaves_edited_and_mask_alone(step: Step, pair: Made) -> None:
    made = step(pair, np.random.default_rng(0))
    assert not np.array_equal(made.original, pair.original)
    assert np.array_equal(made.edited, pair.edited)
    assert np.array_equal(made.mask, pair.mask)


def test_a_whole_shift_moves_picture_mask_and_ignore_by_whole_pixels(pair: Made) -> None:
    made = corruptions.shift(3, -2)(pair, np.random.default_rng(0))
    assert np.array_equal(made.edited[:-2, 3:], pair.edited[2:, :-3])
    assert np.array_equal(made.mask, np.roll(pair.mask, (-2, 3), axis=(0, 1)))
    assert np.array_equal(made.ignore, np.roll(pair.ignore, (-2, 3), axis=(0, 1)))


def test_a_crop_keeps_the_pixels_of_its_window(pair: Made) -> None:
    made = corruptions.crop(0.5, 0, 1, 0.5)(pair, np.random.default_rng(0))
    assert np.array_equal(made.edited, pair.edited[:75, 95:])
    assert np.array_equal(made.mask, pair.mask[:75, 95:])


@pytest.mark.parametrize(("name", "pillow"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_jpeg_is_what_pillow_makes_of_it(photo: Picture, name: str, pillow: int) -> None:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=60, subsampling=pillow)
    theirs = np.asarray(Image.open(file)).astype(int)
    step = corruptions.jpeg(60, subsampling=name)
    ours = step(begin(photo), np.random.default_rng(0)).edited
    # Two builds of libjpeg may round apart by a level or two, another subsampling is far off.
    assert np.abs(ours - theirs).mean() < 0.5


def test_more_strength_is_more_generator_noise(photo: Picture) -> None:
    def error(strength: float) -> float:
        found = [regenerate(strength)(begin(photo), np.random.default_rng(seed)).edited for seed in range(6)]
        return float(np.mean([np.square(edited.astype(float) - photo).mean() for edited in found]))

    assert error(0) == 0 < error(0.2) < error(0.5) < error(1)


def test_generator_noise_nearly_cancels_in_the_mean(photo: Picture) -> None:
    gaps = []
    for seed in range(20):
        edited = regenerate(1)(begin(photo), np.random.default_rng(seed)).edited
        gaps.append(edited.astype(float).mean() - photo.mean())
    assert abs(np.mean(gaps)) < 1.5


@pytest.mark.parametrize(
    "make",
    [
        lambda: corruptions.jpeg(0),
        lambda: corruptions.jpeg(50, subsampling="4:1:1"),
        lambda: corruptions.resample(0),
        lambda: corruptions.resize(-1),
        lambda: corruptions.resize(0.5, kernel="sinc"),
        lambda: corruptions.crop(0.5, 0, 0.5, 1),
        lambda: corruptions.shift(1, 1, side="left"),  # type: ignore[arg-type]
        lambda: regenerate(2.5),
    ],
)
def test_a_setting_out_of_range_is_refused_when_the_step_is_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(SettingError, match=r"expected|must"):
        make()


def test_a_grade_changes_colours_and_leaves_grey_alone(photo: Picture) -> None:
    grey = np.repeat(photo[..., :1], 3, axis=2)
    step = corruptions.grade(0.05)
    coloured = step(begin(photo), np.random.default_rng(0)).edited
    still_grey = step(begin(grey), np.random.default_rng(0)).edited
    assert np.mean(coloured != photo) > 0.5
    assert np.abs(still_grey.astype(int) - grey).max() <= 1
