"""What is done to the edited side of known pairs to see how much F1 that costs.

HELD OUT: no training and no recipe of `synthesis/` may use the steps of this file. They are not equally
far from what is trained on. No recipe has wavelets; the chain's halving, though, is a resampling like any
other. The blur has relatives: `regenerate.redecode` and `regenerate.regenerate` shrink, enlarge and sharpen,
too, to no less than a quarter of the size where this one goes to an eighth. So its figure says whether what
was learned holds at a coarser scale than was seen, not what becomes of a harm unlike any other.
"""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from maskwright.pairs.values import Picture
from maskwright.synthesis.corruptions import jpeg
from maskwright.synthesis.roundtrip import roundtrip
from maskwright.synthesis.steps import Step, chain, on_side

AUTOENCODER = "an autoencoder and JPEG 75"
BLUR = "a blur at 1/8 scale and re-sharpening"
JPEG_2000 = "a JPEG 2000 chain"
QUALITY = 75
"""JPEG quality after the autoencoder (design, Measures)."""
SHRUNK = 8
"""Pixels of the picture in one of its blurred copy, each way."""
KEPT_DETAIL = 0.25
"""Share of what is finer than that which stays. Where nothing stays, "signed, filled" at the best threshold
of every picture has F1 0.83 on the hard truth of data/pairs, for exact masks ask for what is gone; here it
has 0.86, unharmed 0.90."""
SHARPENING, SHARPENING_SIGMA = 1.5, 2.0
"""Unsharp mask: amount, and sigma of its blur in pixels."""
RATES = (24, 48)
"""To one: how much smaller than its pixels each JPEG 2000 file is."""


def harms(network: Any | None, *, held_out: bool) -> dict[str, Step]:
    """The steps by what they are called after the words "the same pairs after".

    Args:
        network: an autoencoder of `load_roundtrip`, or None for none.
        held_out: `resharpened` and `jpeg_2000_chain`, too.
    """
    found = {} if network is None else {AUTOENCODER: chain(roundtrip(network), jpeg(QUALITY))}
    if held_out:
        found |= {
            BLUR: on_side("edited", lambda picture, rng: resharpened(picture)),
            JPEG_2000: on_side("edited", lambda picture, rng: jpeg_2000_chain(picture)),
        }
    return found


def resharpened(picture: Picture) -> Picture:
    """Blurred at an eighth of its scale, then sharpened: detail comes back at another strength, with halos.

    The picture is shrunk to an eighth (area), enlarged again (cubic), and mixed with what it was, so that
    a quarter of all finer detail is left; then an unsharp mask. PSNR over the 217 `val` photographs:
    mean 28.4 dB (an autoencoder's round trip: 29).

    Args:
        picture: (H, W, 3) uint8.
    """
    height, width = picture.shape[:2]
    levels = picture.astype(np.float32)
    small = (max(1, round(width / SHRUNK)), max(1, round(height / SHRUNK)))
    coarse = cv2.resize(levels, small, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    mixed = coarse + KEPT_DETAIL * (levels - coarse)
    mixed += SHARPENING * (mixed - cv2.GaussianBlur(mixed, (0, 0), SHARPENING_SIGMA))
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def jpeg_2000_chain(picture: Picture) -> Picture:
    """Saved as JPEG 2000, halved and enlarged again, saved once more at half the size: wavelets, not blocks.

    Lossy (the 9/7 wavelet), at the rates of `RATES`. PSNR over the 217 `val` photographs: mean
    26.0 dB.

    Args:
        picture: (H, W, 3) uint8.
    """
    height, width = picture.shape[:2]
    first, second = RATES
    half = (max(1, round(width / 2)), max(1, round(height / 2)))
    small = cv2.resize(_jpeg_2000(picture, first), half, interpolation=cv2.INTER_AREA)
    return _jpeg_2000(
        np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8), second
    )


def _jpeg_2000(picture: Picture, rate: int) -> Picture:
    # Pillow: OpenCV 5.0 refuses pictures below 64 pixels, and says so on the terminal.
    file = io.BytesIO()
    Image.fromarray(picture).save(
        file, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True
    )
    with Image.open(file) as saved:
        return np.array(saved.convert("RGB"))
