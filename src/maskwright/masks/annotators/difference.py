"""The difference annotator: what changed between two aligned pictures, without a network.

The signed difference is low-passed (a codec's or generator's noise has mean zero and
cancels, an edit does not), divided by a noise floor that follows the pair itself, cut
by a threshold that follows each region, and cleaned up. Where the pixels outside the
edit are bit-equal, the mask is exact and none of that is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.pairs.values import Aligned, Card, Change, ChangeMap, Hint, Mask

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Constants:
    """Everything that was tuned, on synthetic pairs from `train` photographs only."""

    fine_sigma: float = 0.7
    coarse_sigma: float = 1.5
    coarse_weight: float = 1.3
    least_level: float = 5.0
    noise_quantile: float = 0.4
    noise_factor: float = 6.0
    noise_cap: float = 4.0
    region_share: float = 0.3
    close_radius: int = 2
    hole_share: float = 0.15
    least_area_px: int = 12


CONSTANTS = Constants()


class Difference:
    """Annotates by difference; needs no weights. See `change_of`."""

    def __init__(self, constants: Constants = CONSTANTS) -> None:
        self._constants = constants
        values = {name: float(value) for name, value in asdict(constants).items()}
        digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
        self.card = Card(name="difference", version="1", digest=digest, constants=values)

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        """One change a pair, in order; hints are not used."""
        return [change_of(pair, self._constants) for pair in batch]


def change_of(pair: Aligned, constants: Constants = CONSTANTS) -> Change:
    """The change map of one aligned pair, (H, W) float32 in 0..1 on the edited grid."""
    exact = exact_change(pair, constants)
    if exact is not None:
        return exact
    return noisy_change(pair, constants)


def exact_change(pair: Aligned, constants: Constants) -> Change | None:
    """The change where the background is bit-equal, else None."""
    difference = cv2.absdiff(pair.original, pair.edited)
    changed = (difference.max(axis=2) > 0) & pair.valid
    share = float(np.count_nonzero(changed)) / max(1, changed.size)
    if share > 0.9:
        return None
    mask = _filled(_closed(changed, constants.close_radius), constants.hole_share)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((33, 33), np.uint8)) > 0
    far = ~near & pair.valid
    textured = cv2.Laplacian(cv2.cvtColor(pair.edited, cv2.COLOR_RGB2GRAY), cv2.CV_16S)
    far &= np.abs(textured) > 2
    if np.count_nonzero(far) < 0.02 * far.size:
        return None
    if np.count_nonzero(changed & far) > 0.005 * np.count_nonzero(far):
        return None
    return Change(map=mask.astype(np.float32), scores={"noise_floor": 0.0}, background="identical")


def noisy_change(pair: Aligned, constants: Constants) -> Change:
    height, width = pair.valid.shape
    stride = 2 if min(height, width) >= 64 else 1
    size = (max(1, width // stride), max(1, height // stride))
    signed = cv2.subtract(pair.edited, pair.original, dtype=cv2.CV_16S).astype(np.float32)
    signed = cv2.resize(signed, size, interpolation=cv2.INTER_AREA)
    valid = cv2.resize(pair.valid.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    level = np.maximum(
        _magnitude(cv2.GaussianBlur(signed, (0, 0), constants.fine_sigma)),
        constants.coarse_weight * _magnitude(cv2.GaussianBlur(signed, (0, 0), constants.coarse_sigma)),
    )
    level[~valid] = 0
    activity = _activity(pair, size)
    floor = noise_floor(level, activity, valid, constants)
    threshold = np.maximum(constants.least_level, constants.noise_factor * floor)
    mask, cut = _regions(level, threshold, constants)
    mask = _filled(_closed(mask, constants.close_radius), constants.hole_share)
    change = _probability(level, cut, mask)
    if stride > 1:
        change = cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR)
    change[~pair.valid] = 0
    typical = float(np.median(floor))
    background = "resaved" if typical < 1.0 else "regenerated"
    return Change(map=change, scores={"noise_floor": typical}, background=background)


def noise_floor(level: Plane, activity: Plane, valid: Mask, constants: Constants) -> Plane:
    """What the difference would be without an edit, at every pixel, in grey levels."""
    flat_level, flat_activity = level[::2, ::2][valid[::2, ::2]], activity[::2, ::2][valid[::2, ::2]]
    if flat_level.size < 64:
        return np.zeros_like(level)
    edges = np.quantile(flat_activity, np.linspace(0, 1, 9))
    which = np.clip(np.searchsorted(edges, flat_activity) - 1, 0, 7)
    centres, floors = [], []
    for index in range(8):
        inside = which == index
        if np.count_nonzero(inside) >= 8:
            centres.append(float(np.median(flat_activity[inside])))
            floors.append(float(np.quantile(flat_level[inside], constants.noise_quantile)))
    table = np.minimum(np.maximum.accumulate(floors), constants.noise_cap)
    return np.interp(activity, centres, table).astype(np.float32)


def _magnitude(signed: Plane) -> Plane:
    planes = cv2.split(np.abs(signed))
    return np.maximum(np.maximum(planes[0], planes[1]), planes[2])


def _activity(pair: Aligned, size: tuple[int, int]) -> Plane:
    planes = []
    for picture in (pair.original, pair.edited):
        grey = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        x, y = cv2.spatialGradient(grey)
        planes.append(cv2.blur(np.abs(x).astype(np.float32) + np.abs(y), (5, 5)))
    return np.minimum(planes[0], planes[1])


def _regions(level: Plane, threshold: Plane, constants: Constants) -> tuple[Mask, Plane]:
    """Pixels above the threshold, each region then cut at a share of its own strength."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (level > threshold).astype(np.uint8), connectivity=8
    )
    cut = np.zeros(count, np.float32)
    for number in range(1, count):
        x, y, w, h, area = stats[number]
        if area * 4 < constants.least_area_px:
            cut[number] = np.inf
            continue
        inside = labels[y : y + h, x : x + w] == number
        cut[number] = constants.region_share * np.quantile(level[y : y + h, x : x + w][inside], 0.9)
    local = np.maximum(threshold, cut[labels])
    return level > local, local


def _closed(mask: Mask, radius: int) -> Mask:
    side = 2 * radius + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), side, side, side, side, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[side:-side, side:-side]
    return closed > 0


def _filled(mask: Mask, hole_share: float) -> Mask:
    """The mask with those holes filled that are small beside the region around them."""
    holes, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    height, width = mask.shape
    limit = hole_share * np.count_nonzero(mask)
    x, y, w, h, area = stats.T
    inside = (x > 0) & (y > 0) & (x + w < width) & (y + h < height) & (area <= limit)
    inside[0] = True
    return inside[labels] if holes else mask


def _probability(level: Plane, cut: Plane, mask: Mask) -> ChangeMap:
    ratio = np.log2(np.maximum(level, 1e-3) / np.maximum(cut, 1e-3))
    inside = 1 / (1 + np.exp(-3 * ratio))
    change = np.where(mask, np.maximum(inside, 0.6), np.minimum(inside, 0.4))
    return change.astype(np.float32)
