from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis import corruptions, signals
from maskwright.synthesis.regenerate import convolve, redecode, regenerate, requantise, smear
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
    "bend": corruptions.bend(3),
    "drift": signals.drift(8),
    "local tone": signals.local_tone(8),
    "sharpen": signals.sharpen(0.8),
    "soften": signals.sharpen(-0.5, sigma=2),
    "noise": signals.noise(2, shot=0.05),
    "resynthesise": signals.resynthesise(0.6),
    "regenerate": regenerate(0.7),
    "redecode": redecode(0.7),
    "smear": smear(0.7),
    "requantise": requantise(0.7),
    "convolve": convolve(0.7),
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
    assert np.array_equal(made.ignore[:-2, 3:], pair.ignore[2:, :-3])


def test_what_a_warp_made_up_is_ignored(pair: Made) -> None:
    made = corruptions.shift(3, -2)(pair, np.random.default_rng(0))
    assert made.ignore[-2:].all()
    assert made.ignore[:, :3].all()
    turned = corruptions.rotate(5)(pair, np.random.default_rng(0))
    assert turned.ignore[0, 0]
    assert not corruptions.rotate(0)(pair, np.random.default_rng(0)).ignore[0, 0]
    bent = corruptions.bend(6, spacing_px=20)(pair, np.random.default_rng(0))
    assert bent.ignore[:, 0].any()


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


@pytest.mark.parametrize("generator", [regenerate, redecode, smear, requantise, convolve])
def test_more_strength_is_more_generator_noise(generator: Callable[[float], Step], photo: Picture) -> None:
    def error(strength: float) -> float:
        found = [generator(strength)(begin(photo), np.random.default_rng(seed)).edited for seed in range(6)]
        return float(np.mean([np.square(edited.astype(float) - photo).mean() for edited in found]))

    assert error(0.2) < error(0.6) < error(1.4)


def test_no_strength_is_no_noise(photo: Picture) -> None:
    assert np.array_equal(regenerate(0)(begin(photo), np.random.default_rng(0)).edited, photo)


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
        lambda: redecode(-1),
        lambda: corruptions.shift(0, 0, zoom=0),
        lambda: corruptions.bend(1, spacing_px=0),
        lambda: signals.local_tone(-1),
        lambda: signals.sharpen(-2),
        lambda: signals.drift(-1),
        lambda: signals.noise(-1),
        lambda: signals.resynthesise(1.5),
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


def test_sensor_noise_has_the_spread_asked_for_and_is_larger_where_it_is_light() -> None:
    dark, light = (np.full((200, 200, 3), level, np.uint8) for level in (60, 220))
    step = signals.noise(2, shot=0.1)
    spreads = [step(begin(grey), np.random.default_rng(0)).edited.std() for grey in (dark, light)]
    assert spreads[0] == pytest.approx(np.sqrt(4 + 0.1 * 60), rel=0.05)
    assert spreads[1] == pytest.approx(np.sqrt(4 + 0.1 * 220), rel=0.05)


def test_resynthesis_keeps_the_coarse_picture_and_the_energy_of_the_fine(photo: Picture) -> None:
    edited = signals.resynthesise(1)(begin(photo), np.random.default_rng(0)).edited
    coarse = [cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 4) for picture in (photo, edited)]
    fine = [
        picture - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.2) for picture in (photo, edited)
    ]
    assert np.abs(coarse[0] - coarse[1]).mean() < 1
    assert fine[1][..., 1].std() == pytest.approx(fine[0][..., 1].std(), rel=0.25)
    assert abs(np.corrcoef(fine[0][..., 1].ravel(), fine[1][..., 1].ravel())[0, 1]) < 0.3


def test_a_local_tone_changes_slowly_and_by_no_more_than_was_asked(photo: Picture) -> None:
    grey = np.full_like(photo, 128)
    edited = signals.local_tone(9, spacing_px=60)(begin(grey), np.random.default_rng(0)).edited.astype(int)
    assert 3 < np.abs(edited - 128).max() <= 13
    assert np.abs(np.diff(edited, axis=1)).max() <= 1


def test_a_drift_moves_a_colour_the_same_way_wherever_it_lies(photo: Picture) -> None:
    edited = signals.drift(12)(begin(photo), np.random.default_rng(0)).edited
    turned = signals.drift(12)(begin(photo[::-1, ::-1].copy()), np.random.default_rng(0)).edited
    assert np.array_equal(edited, turned[::-1, ::-1])
    change = np.abs(edited.astype(int) - photo)
    assert 4 < change.max() <= 16
