from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from maskwright.bench.detector_harms import HARMS, blurred, compressed, noisy
from tests.bench.conftest import textured

GREY = np.full((200, 200, 3), 128, np.uint8)


@pytest.mark.parametrize("variance", [3, 23])
def test_the_steps_of_noise_are_its_variance_and_levels_are_cut_off(variance: int) -> None:
    change = noisy(GREY, variance, np.random.default_rng(0)).astype(float) - 128
    assert change.var() == pytest.approx(variance + 1 / 12, rel=0.03)
    assert change.mean() == pytest.approx(-0.5, abs=0.05)


@pytest.mark.parametrize("kernel_px", [3, 23])
def test_a_blur_has_the_sigma_that_opencv_takes_from_the_kernel(kernel_px: int) -> None:
    picture = textured(64, 80, 1)
    sigma = 0.3 * ((kernel_px - 1) / 2 - 1) + 0.8
    radius = (kernel_px - 1) // 2
    slow = ndimage.gaussian_filter(
        picture.astype(float), (sigma, sigma, 0), radius=(radius, radius, 0), mode="mirror"
    )
    assert np.abs(blurred(picture, kernel_px, np.random.default_rng(0)) - slow).max() <= 1.1


def test_jpeg_keeps_colours_what_they_are() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :, 0] = 200
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=50)
    theirs = np.array(Image.open(buffer)).astype(int)
    ours = compressed(picture, 50, np.random.default_rng(0)).astype(int)
    assert np.abs(ours - theirs).max() <= 3
    assert ours[:, :, 0].mean() > 150 > 50 > ours[:, :, 2].mean()


def test_no_harm_changes_what_it_is_given_and_every_step_does_something() -> None:
    picture = textured(64, 80, 2)
    kept = picture.copy()
    for harm in HARMS.values():
        for step in harm.steps:
            made = harm.do(picture, step, np.random.default_rng(1))
            assert made.dtype == np.uint8
            assert made.shape == picture.shape
            assert (made != picture).any()
    assert (picture == kept).all()
