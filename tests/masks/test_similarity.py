"""MSE, PSNR and SSIM against scikit-image, and their edges."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.errors import GridError
from maskwright.masks.similarity import PSNR_CAP, mse, psnr, ssim
from tests.contracts.annotator import jpeg, textured

metrics = pytest.importorskip("skimage.metrics")
colour = pytest.importorskip("cv2")

ORIGINAL = textured(1, 90, 70)
EDITED = jpeg(ORIGINAL, 30)
EVERYWHERE = np.ones(ORIGINAL.shape[:2], np.bool_)


def test_mse_and_psnr_over_the_whole_picture_are_scikit_images() -> None:
    error = mse(ORIGINAL, EDITED, EVERYWHERE)
    assert error == pytest.approx(metrics.mean_squared_error(ORIGINAL, EDITED), rel=1e-5)
    assert psnr(error) == pytest.approx(metrics.peak_signal_noise_ratio(ORIGINAL, EDITED), rel=1e-5)


def test_mse_over_a_part_is_the_mean_over_its_pixels() -> None:
    where = textured(5, 90, 70)[..., 0] > 128
    assert 0 < where.sum() < where.size
    difference = ORIGINAL[where].astype(np.float64) - EDITED[where]
    assert mse(ORIGINAL, EDITED, where) == pytest.approx((difference**2).mean(), rel=1e-5)


def test_ssim_over_a_part_is_the_mean_of_scikit_images_map_where_windows_fit() -> None:
    where = EVERYWHERE.copy()
    where[:, 60:] = False
    grey = [colour.cvtColor(picture, colour.COLOR_RGB2GRAY) for picture in (ORIGINAL, EDITED)]
    _, plane = metrics.structural_similarity(
        *grey, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
    )
    assert ssim(ORIGINAL, EDITED, where) == pytest.approx(plane[:, :55].mean(), abs=1e-4)


def test_what_lies_outside_cannot_leak_into_ssim() -> None:
    where = EVERYWHERE.copy()
    where[:, 60:] = False
    painted = EDITED.copy()
    painted[:, 60:] = 0
    assert ssim(ORIGINAL, EDITED, where) == ssim(ORIGINAL, painted, where)


def test_equal_pictures_have_ssim_1_and_the_highest_psnr() -> None:
    assert ssim(ORIGINAL, ORIGINAL, EVERYWHERE) == pytest.approx(1)
    assert psnr(mse(ORIGINAL, ORIGINAL, EVERYWHERE)) == PSNR_CAP


def test_nothing_to_compare_is_not_known() -> None:
    assert mse(ORIGINAL, EDITED, ~EVERYWHERE) is None
    assert psnr(None) is None
    assert ssim(ORIGINAL, EDITED, ~EVERYWHERE) is None


def test_other_sizes_are_refused() -> None:
    with pytest.raises(GridError):
        mse(ORIGINAL, EDITED, EVERYWHERE[:10])
