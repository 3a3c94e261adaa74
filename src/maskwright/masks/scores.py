"""What can be said of an annotated pair in numbers. Each score is a function, each name a column.

Scores are cheap beside the annotation: colour is compared on thumbnails, noise on a
sparse grid, and regions are counted only where there are any. Whatever has no value
(no background left, no region given) is None, never NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.masks.missed import missed_px
from maskwright.masks.side_effects import side_effect_scores
from maskwright.masks.similarity import mse, psnr, ssim
from maskwright.pairs.grid import check_same_grid
from maskwright.pairs.values import Aligned, Change, ChangeMap, Geometry, Mask, Picture, Tone

SCORES: dict[str, str] = {
    "shift_px": "how far the centre of the picture moved, beyond what resizing moves it; edited pixels",
    "scale": "size of things in the edited picture, in multiples of their size in the original",
    "rotation_deg": "how far the picture was turned, counter-clockwise on the screen, degrees",
    "mirrored": "1 where the picture was mirrored, else 0",
    "crop_frac": "share of the original that lies outside the edited picture's frame",
    "residual_px": "misalignment that is left, edited pixels",
    "tone_shift_de": "median colour difference of the background, tone not fitted, CIE 1976 units",
    "outside_change": "mean difference outside the mask, largest channel, grey levels",
    "sharpness_ratio": "fine detail of the edited picture outside the mask, in multiples of the original's",
    "area_frac": "share of the edited picture in the mask",
    "components": "number of connected regions of the mask",
    "largest_component_frac": "share of the mask in its largest region",
    "border_sharpness": "mean step of the change map across the border of the mask, 0..1",
    "contrast": "mean difference inside the mask less the one outside, largest channel, grey levels",
    "qes": "share of the noticeable change map that is certain: count(>= 240) / count(>= 16) of 8-bit levels",
    "confidence": "calibrated probability that the mask is right; null for annotators without calibration",
    "agreement": "mean IoU of the masks of an ensemble's members, two by two; null for other annotators",
    "noise_floor": "what differs without an edit, by the annotator's own estimate, grey levels",
    "unexplained": "share of the picture above the noise floor and not in the mask",
    "missed_px": "side of the smallest square edit that would be seen, by the noise floor; edited pixels",
    "region_used_frac": "share of the given region that is in the mask",
    "side_effect_frac": "share of the mask outside the region the edit was meant for; 0 for an empty mask",
    "instruction_match": "F1 of the mask and the region the edit was meant for; 1 where both are empty",
    "outside_mse": "mean squared difference outside the given region, after alignment, grey levels squared",
    "outside_psnr": "peak signal-to-noise ratio outside the given region, after alignment, dB, at most 100",
    "outside_ssim": "structural similarity outside the given region, after alignment, -1..1",
    "outside_mse_raw": "as outside_mse, the original only resized",
    "outside_psnr_raw": "as outside_psnr, the original only resized",
    "outside_ssim_raw": "as outside_ssim, the original only resized",
}
"""Every score by column name, with what it says; the order of the columns."""

OF_SHAPE = ("area_frac", "components", "largest_component_frac", "border_sharpness")
"""Scores that follow from the stored change map and a threshold."""
OF_MASK_AND_PICTURES = (
    *("tone_shift_de", "outside_change", "sharpness_ratio", "contrast"),
    *("confidence", "unexplained", "region_used_frac", "side_effect_frac", "instruction_match"),
)
"""Scores that another mask of the same map would change, and that only the pictures, the given region or
the annotator can tell."""
OF_ONE_PHOTOGRAPH = (
    *("shift_px", "crop_frac", "tone_shift_de", "outside_change", "sharpness_ratio", "contrast"),
    *("noise_floor", "unexplained", "missed_px"),
    *("outside_mse", "outside_psnr", "outside_ssim"),
    *("outside_mse_raw", "outside_psnr_raw", "outside_ssim_raw"),
)
"""Scores that compare two copies of one photograph: not known where only an object is shared. There is no
common frame to have moved or been cropped, and the rest of the edited picture has no original."""

THUMB_SIDE = 32
"""Longest side of the pictures colour is compared on: a thousand places, each a mean over whole
blocks of a codec at 256 px and more, so that its noise averages out."""
ROW_STEP = 5
"""Noise and sharpness are read on every fifth row: coprime to the 8-px grid of JPEG, so that no phase
of it is preferred, and whole rows, since those need no copy."""
SPARSE_FROM = 128
"""Pictures with fewer rows are read whole."""
QES_CERTAIN, QES_NOTICEABLE = 240, 16
"""15/16 and 1/16 of the range, as in MIML's QES (design.md, Columns)."""

Scores = dict[str, float | None]


def score_pair(
    aligned: Aligned, change: Change, mask: Mask, *, original: Picture, region: Mask | None = None
) -> Scores:
    """All scores of one pair, keys in the order of `SCORES`.

    Args:
        aligned: what the annotator saw.
        change: what it returned; its own `scores` win over those made here, but for those of the region.
            Of the group shared-donor, `OF_ONE_PHOTOGRAPH` are None, whoever made them.
        mask: (H, W) bool, `change.map >= 0.5`.
        original: (H0, W0, 3) uint8, as read, before alignment.
        region: (H, W) bool, where the edit was meant to be.
    """
    check_same_grid(edited=aligned.edited, map=change.map, mask=mask, region=region)
    height, width = mask.shape
    background = aligned.valid & ~mask
    levels = stored_levels(change.map)
    outside = outside_change(aligned, background)
    scores: Scores = dict.fromkeys(SCORES)
    scores |= geometry_scores(aligned.geometry, original.shape[:2], (height, width))
    scores |= {
        "tone_shift_de": tone_shift_de(aligned, background),
        "outside_change": outside,
        "sharpness_ratio": sharpness_ratio(aligned, background),
        "qes": qes(levels),
    }
    scores |= mask_scores(aligned, mask, levels, outside)
    scores |= {name: float(value) for name, value in change.scores.items()}
    if scores["missed_px"] is None:
        scores["missed_px"] = missed_px(scores["noise_floor"], change.background)
    if region is not None:
        scores |= region_scores(aligned, mask, region, original)
        scores |= side_effect_scores(mask, region, ignore=change.ignore)
    if change.group == "shared-donor":
        scores |= dict.fromkeys(OF_ONE_PHOTOGRAPH)
    return scores


def stored_levels(change: ChangeMap) -> NDArray[np.uint8]:
    """The change map as it is stored, (H, W) uint8; `>= 128` exactly where the map is `>= 0.5`.

    >>> stored_levels(np.array([[0, 0.49999997, 0.5, 1]], np.float32)).tolist()
    [[0, 127, 128, 255]]
    """
    # Rounds half to even: 0.5 * 255 = 127.5 becomes 128, the float below it 127.
    return np.asarray(cv2.convertScaleAbs(change, alpha=255), np.uint8)


def qes(levels: NDArray[np.uint8]) -> float:
    """How certain the change map is where it says anything, 0..1; 0 where it says nothing.

    Args:
        levels: (H, W) uint8, the change map as stored.

    Source: MIML's quality evaluation score (design.md, Columns).

    >>> qes(np.array([[255, 240, 239, 16, 15]], np.uint8))
    0.5
    """
    noticeable = np.count_nonzero(levels >= QES_NOTICEABLE)
    return float(np.count_nonzero(levels >= QES_CERTAIN) / noticeable) if noticeable else 0.0


def geometry_scores(
    geometry: Geometry, original_size: tuple[int, ...], edited_size: tuple[int, ...]
) -> Scores:
    """What the alignment found, in words of its own; all None where nothing fits.

    Args:
        geometry: its matrix takes the edited picture's pixels to the original's.
        original_size, edited_size: (height, width), pixels.
    """
    if geometry.kind == "unrelated":
        return {}
    (height0, width0), (height, width) = original_size, edited_size
    matrix = geometry.matrix / geometry.matrix[2, 2]
    linear = matrix[:2, :2]
    determinant = float(np.linalg.det(linear))
    mirrored = determinant < 0
    enlarged = 1 / math.sqrt(abs(determinant)) if determinant else None
    centre = matrix @ np.array([(width - 1) / 2, (height - 1) / 2, 1])
    moved = math.hypot(centre[0] - (width0 - 1) / 2, centre[1] - (height0 - 1) / 2)
    return {
        "shift_px": None if enlarged is None else moved * enlarged,
        "scale": enlarged,
        "rotation_deg": _rotation_deg(linear, mirrored),
        "mirrored": float(mirrored),
        "crop_frac": _crop_frac(matrix, (height0, width0), (height, width)),
        "residual_px": None if math.isnan(geometry.residual_px) else float(geometry.residual_px),
    }


def tone_shift_de(aligned: Aligned, background: Mask) -> float | None:
    """Median colour difference of the background with the tone fit undone, CIE 1976 units.

    Where a tone fit was accepted this is what the fit took out; where it was refused, what
    it would have had to. Compared on thumbnails, so that noise of mean zero does not count.
    None without a background.
    """
    size = _thumb_size(*background.shape)
    # Every second row, where there are many, is half the work; 128 pixels of 512x512 make a mean.
    rows = slice(None, None, 2 if len(background) >= 8 * THUMB_SIDE else 1)
    where = cv2.resize(background[rows].view(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) == 255
    if not where.any():
        return None
    before = cv2.resize(aligned.original[rows], size, interpolation=cv2.INTER_AREA)[where]
    after = cv2.resize(aligned.edited[rows], size, interpolation=cv2.INTER_AREA)[where]
    if np.array_equal(before, after) and aligned.tone.is_identity:
        return 0.0
    difference = _lab(_without_tone(before, aligned.tone)) - _lab(after.astype(np.float32))
    return float(np.median(np.sqrt((difference * difference).sum(axis=1))))


def outside_change(aligned: Aligned, background: Mask) -> float | None:
    """Mean over the background of the largest channel's difference, grey levels; None without background.

    Read on every fifth row of pictures with 128 rows or more.
    """
    rows = _sparse_rows(background)
    where = background[rows]
    if not where.any():
        return None
    return float(
        cv2.mean(_max_difference(aligned.original[rows], aligned.edited[rows]), where.view(np.uint8))[0]
    )


def sharpness_ratio(aligned: Aligned, background: Mask) -> float | None:
    """RMS of the green channel's second differences, edited over original, in the background.

    Above 1 the edited picture is sharper (or noisier), below 1 it is softer. An original that
    had to be warped is softened by it. None without background, or where the original is flat
    and the edited picture is not.
    """
    rows = _sparse_rows(background)
    where = background[rows]
    where = where[:, 2:] & where[:, 1:-1] & where[:, :-2]
    if not where.any():
        return None
    before, after = (_detail(picture[rows], where) for picture in (aligned.original, aligned.edited))
    if before == 0:
        return 1.0 if after == 0 else None
    return math.sqrt(after / before)


def mask_at(levels: NDArray[np.uint8], threshold: float) -> Mask:
    """The mask of a stored change map at a threshold: level / 255 >= threshold.

    Args:
        levels: (H, W) uint8, the change map as stored.
        threshold: above 0, below 1; 0.5 gives the stored mask.

    >>> mask_at(np.array([[127, 128, 204]], np.uint8), 0.5).tolist()
    [[False, True, True]]
    """
    return levels >= np.uint8(np.searchsorted(np.arange(256) / 255, threshold))


def mask_scores(aligned: Aligned, mask: Mask, levels: NDArray[np.uint8], outside: float | None) -> Scores:
    """Size and shape of the mask, and its contrast; zeros, and no border, where it is empty."""
    scores = shape_scores(levels, mask)
    if not scores["area_frac"]:
        return scores | {"contrast": 0.0}
    box = _Box.around(mask)
    difference = _max_difference(
        aligned.original[box.rows, box.columns], aligned.edited[box.rows, box.columns]
    )
    inside = np.ascontiguousarray(mask[box.rows, box.columns])
    return scores | {"contrast": float(cv2.mean(difference, inside.view(np.uint8))[0]) - (outside or 0.0)}


def shape_scores(levels: NDArray[np.uint8], mask: Mask) -> Scores:
    """What change map and mask alone tell, keys `OF_SHAPE`; zeros, and no border, where the mask is empty.

    Args:
        levels: (H, W) uint8, the change map as stored.
    """
    area = int(np.count_nonzero(mask))
    if area == 0:
        return dict(zip(OF_SHAPE, (0.0, 0.0, 0.0, None), strict=True))
    box = _Box.around(mask)
    inside = np.ascontiguousarray(mask[box.rows, box.columns])
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    regions = stats[1:]
    return {
        "area_frac": area / mask.size,
        "components": float(len(regions)),
        "largest_component_frac": float(regions[:, cv2.CC_STAT_AREA].max() / area),
        "border_sharpness": border_sharpness(levels[box.rows, box.columns], inside),
    }


def border_sharpness(levels: NDArray[np.uint8], mask: Mask) -> float | None:
    """How suddenly the change map falls at the border of the mask, 0..1; 1 = from all to nothing.

    Mean over the mask's pixels beside one outside it (8 neighbours; the picture's edge is no
    border) of largest less smallest stored level in their 3x3 neighbourhood, over 255. None
    where the mask has no border.
    """
    square = np.ones((3, 3), np.uint8)
    border = mask & (cv2.erode(mask.view(np.uint8), square) == 0)
    if not border.any():
        return None
    step = cv2.subtract(cv2.dilate(levels, square), cv2.erode(levels, square))
    return float(step[border].mean() / 255)


def region_scores(aligned: Aligned, mask: Mask, region: Mask, original: Picture) -> Scores:
    """What the edit used of the region it was given, and what it left of the rest.

    `*_raw` compares without alignment, the original only resized: what a user sees who
    overlays the two. Pixels the original does not have are left out of the aligned figures.
    """
    height, width = mask.shape
    resized = original
    if original.shape[:2] != (height, width):
        shrinks = original.shape[0] > height
        way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        resized = np.asarray(cv2.resize(original, (width, height), interpolation=way), np.uint8)
    area = np.count_nonzero(region)
    scores: Scores = {"region_used_frac": float(np.count_nonzero(mask & region) / area) if area else None}
    for suffix, before, where in (
        ("", aligned.original, aligned.valid & ~region),
        ("_raw", resized, ~region),
    ):
        error = mse(before, aligned.edited, where)
        scores[f"outside_mse{suffix}"] = error
        scores[f"outside_psnr{suffix}"] = psnr(error)
        scores[f"outside_ssim{suffix}"] = ssim(before, aligned.edited, where)
    return scores


@dataclass(frozen=True, slots=True)
class _Box:
    rows: slice
    columns: slice

    @classmethod
    def around(cls, mask: Mask) -> _Box:
        """What holds the mask with a margin of one pixel, so that borders have both sides."""
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        rows = slice(max(0, y - 1), y + height + 1)
        return cls(rows, slice(max(0, x - 1), x + width + 1))


def _rotation_deg(linear: NDArray[np.float64], mirrored: bool) -> float:
    """Angle of the rotation nearest to the way from original to edited, counter-clockwise.

    y points down, so the angle of `linear`, from edited to original, has that sign already.
    """
    plain = linear @ np.diag([-1.0, 1.0]) if mirrored else linear
    return math.degrees(math.atan2(plain[1, 0] - plain[0, 1], plain[0, 0] + plain[1, 1]))


def _crop_frac(matrix: NDArray[np.float64], original: tuple[int, int], edited: tuple[int, int]) -> float:
    (height0, width0), (height, width) = original, edited
    corners = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])
    seen = corners @ matrix[:2, :2].T + matrix[:2, 2]
    whole = np.array(
        [[-0.5, -0.5], [width0 - 0.5, -0.5], [width0 - 0.5, height0 - 0.5], [-0.5, height0 - 0.5]]
    )
    shared, _ = cv2.intersectConvexConvex(seen.astype(np.float32), whole.astype(np.float32))
    # float32 corners: anything below a hundred-thousandth is rounding
    left = 1 - shared / (height0 * width0)
    return float(left) if left > 1e-5 else 0.0


def _thumb_size(height: int, width: int) -> tuple[int, int]:
    shrink = min(1.0, THUMB_SIDE / max(height, width))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _without_tone(pixels: NDArray[np.uint8], tone: Tone) -> NDArray[np.float32]:
    return np.clip((pixels - tone.offset) / tone.gain, 0, 255).astype(np.float32)


def _lab(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3) RGB in grey levels to CIE L*a*b*, D65."""
    return np.asarray(cv2.cvtColor(pixels[None] / np.float32(255), cv2.COLOR_RGB2LAB)[0], np.float32)


def _max_difference(original: Picture, edited: Picture) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(cv2.absdiff(original, edited))
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _sparse_rows(background: Mask) -> slice:
    return slice(None, None, ROW_STEP if len(background) >= SPARSE_FROM else 1)


def _detail(rows: Picture, where: Mask) -> float:
    green = rows[:, :, 1].astype(np.int16)
    bent = green[:, 2:] - 2 * green[:, 1:-1] + green[:, :-2]
    some = bent[where].astype(np.float32)
    return float(np.dot(some, some) / some.size)
