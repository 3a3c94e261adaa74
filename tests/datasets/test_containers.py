"""Containers: one structure whatever came in, and pixels that are where they should be."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from maskwright.datasets.shortcuts.containers import (
    BLEND_PX,
    JPEG_LONGEST_PX,
    Encoding,
    counterpart,
    encode,
    on_grid,
    paste_back,
)
from maskwright.errors import GridError, InputError, SettingError
from maskwright.pairs.jpegtables import libjpeg_tables
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Mask, Picture
from tests.pairs.awkward import P3, matrix_profile, photo, saved, turned
from tests.strategies import masks

PNG, JPEG = Encoding("png"), Encoding("jpeg", 95)


def exif_and_more() -> dict[str, object]:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "A camera", 6
    return {"exif": exif.tobytes(), "icc_profile": matrix_profile(P3, 2.2), "comment": b"made somewhere"}


def any_kind_of_file() -> dict[str, bytes]:
    """Files of one size and of every kind that is read: (name, bytes)."""
    pixels = photo(48, 64)
    grey16 = (pixels[:, :, 0].astype(np.uint16) << 8) | 7
    deep = cv2.imencode(".png", pixels.astype(np.uint16) * 257)[1].tobytes()
    image = Image.fromarray(pixels)
    return {
        "plain PNG": saved(pixels, "PNG"),
        "JPEG 92": saved(pixels, "JPEG", quality=92),
        "JPEG 30 progressive": saved(pixels, "JPEG", quality=30, progressive=True, optimize=True),
        "JPEG 4:2:2 with EXIF, profile and comment": saved(
            pixels.transpose(1, 0, 2), "JPEG", subsampling=1, **exif_and_more()
        ),
        "rotated JPEG": saved(pixels.transpose(1, 0, 2), "JPEG", exif=turned(8)),
        "grey JPEG": saved(pixels[:, :, 0], "JPEG"),
        "CMYK JPEG": saved(image.convert("CMYK"), "JPEG"),
        "16-bit grey PNG": saved(Image.fromarray(grey16), "PNG"),
        "16-bit colour PNG": deep,
        "palette PNG": saved(image.quantize(32), "PNG"),
        "PNG with alpha": saved(image.convert("RGBA"), "PNG"),
        "one-bit PNG": saved(image.convert("1"), "PNG"),
        "WebP": saved(pixels, "WEBP", quality=60),
        "TIFF": saved(pixels, "TIFF"),
        "GIF": saved(image.quantize(64), "GIF"),
        "BMP": saved(pixels, "BMP"),
    }


def segments_of_jpeg(data: bytes) -> list[tuple[int, bytes]]:
    """(marker, payload) up to the scan; a walk of our own, ITU-T T.81, B.1."""
    assert data[:2] == b"\xff\xd8"
    assert data[-2:] == b"\xff\xd9"
    found, at = [], 2
    while True:
        assert data[at] == 0xFF
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, data[at + 4 : at + 2 + length]))
        if marker == 0xDA:
            return found
        at += 2 + length


def chunks_of_png(data: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, body) of every chunk, with nothing behind the last."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    assert found[-1] == (b"IEND", b"")
    return found


def stored(file: bytes, encoding: Encoding) -> bytes:
    return encode(read_picture(file).pixels, encoding).data


@pytest.mark.parametrize("name", any_kind_of_file())
def test_the_header_of_a_stored_jpeg_is_the_same_whatever_came_in(name: str) -> None:
    plain, other = (stored(any_kind_of_file()[each], JPEG) for each in ("plain PNG", name))
    assert segments_of_jpeg(other) == segments_of_jpeg(plain)


@pytest.mark.parametrize("name", any_kind_of_file())
def test_a_stored_png_has_one_header_and_no_chunk_but_pixels_whatever_came_in(name: str) -> None:
    plain, other = (chunks_of_png(stored(any_kind_of_file()[each], PNG)) for each in ("plain PNG", name))
    assert other[0] == plain[0]
    assert {kind for kind, _ in other} == {b"IHDR", b"IDAT", b"IEND"}


def test_a_stored_jpeg_has_only_the_segments_that_a_jpeg_needs_and_the_one_of_jfif() -> None:
    segments = segments_of_jpeg(encode(photo(), JPEG).data)
    assert [marker for marker, _ in segments] == [0xE0, 0xDB, 0xDB, 0xC0, 0xC4, 0xC4, 0xC4, 0xC4, 0xDA]
    assert segments[0][1] == b"JFIF\0\1\1\0\0\1\0\1\0\0"


@pytest.mark.parametrize("quality", [1, 75, 95, 100])
def test_the_tables_of_a_stored_jpeg_are_those_of_its_quality_as_pillow_reads_them(quality: int) -> None:
    with Image.open(io.BytesIO(encode(photo(), Encoding("jpeg", quality)).data)) as image:
        tables, sampling = image.quantization, [layer[1:3] for layer in image.layer]  # type: ignore[attr-defined]
        assert not image.info.get("progressive")
    assert [tables[0], tables[1]] == [table.tolist() for table in libjpeg_tables(quality)]
    assert sampling == [(1, 1)] * 3


def test_a_stored_png_holds_the_very_pixels() -> None:
    pixels = photo(33, 21)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode(pixels, PNG).data))), pixels)


@pytest.mark.parametrize("encoding", [PNG, JPEG], ids=str)
def test_the_same_pixels_give_the_same_bytes_however_they_lie_in_memory(encoding: Encoding) -> None:
    pixels = photo(40, 40)
    turned_twice = np.asfortranarray(pixels)[::-1][::-1]
    assert encode(turned_twice, encoding) == encode(pixels, encoding)


def test_the_suffix_says_what_is_in_the_file() -> None:
    assert (encode(photo(), PNG).suffix, encode(photo(), JPEG).suffix) == (".png", ".jpg")


@pytest.mark.parametrize(("kind", "quality"), [("webp", 80), ("png", 90), ("jpeg", None), ("jpeg", 101)])
def test_an_encoding_that_does_not_exist_is_refused(kind: str, quality: int | None) -> None:
    with pytest.raises(SettingError):
        Encoding(kind, quality)  # type: ignore[arg-type]


def test_an_encoding_says_itself_in_words() -> None:
    assert (str(PNG), str(JPEG)) == ("png", "jpeg 95")


def test_what_is_no_picture_of_three_channels_is_not_stored() -> None:
    with pytest.raises(InputError, match=r"\(H, W, 3\) uint8"):
        encode(photo()[:, :, 0], PNG)


def test_a_picture_too_long_for_a_jpeg_says_so_and_is_stored_as_png() -> None:
    strip = np.zeros((1, JPEG_LONGEST_PX + 1, 3), np.uint8)
    with pytest.raises(InputError, match="too long for a JPEG"):
        encode(strip, JPEG)
    assert encode(strip, PNG).data


# -- the original on the edited picture's grid --------------------------------------------------


def edit_of(original: Picture) -> Picture:
    """A square of another colour in it."""
    edited = original.copy()
    edited[40:80, 50:90] = edited[40:80, 50:90, ::-1] // 2
    return edited


def test_an_original_that_did_not_move_is_the_very_array() -> None:
    original = photo(128, 160)
    laid, valid = on_grid(original, edit_of(original))
    assert laid is original
    assert valid.all()


def test_an_original_keeps_its_colours_where_the_edited_picture_is_brighter() -> None:
    original = photo(128, 160)
    brighter = np.clip(edit_of(original) * 0.8 + 30, 0, 255).astype(np.uint8)
    assert on_grid(original, brighter)[0] is original


def test_an_original_is_laid_where_its_crop_is_and_keeps_its_colours() -> None:
    original = photo(160, 200, seed=3)
    cropped = edit_of(original)[16:144, 24:184]
    laid, valid = on_grid(original, np.clip(cropped * 0.8 + 30, 0, 255).astype(np.uint8))
    assert valid.all()
    assert np.array_equal(laid, original[16:144, 24:184])


def test_where_the_edited_picture_shows_more_the_original_has_no_pixel() -> None:
    original = photo(160, 200, seed=3)
    wider = cv2.copyMakeBorder(edit_of(original), 20, 20, 30, 30, cv2.BORDER_REFLECT)
    _, valid = on_grid(original, wider)
    assert valid[25:-25, 35:-35].all()
    assert not valid[:15].any()


def test_a_photograph_of_something_else_is_not_laid_on_the_grid() -> None:
    one, other = (
        cv2.resize(np.random.default_rng(seed).integers(0, 256, (24, 30, 3), np.uint8), (240, 192))
        for seed in (1, 2)
    )
    with pytest.raises(InputError) as caught:
        on_grid(np.asarray(one, np.uint8), np.asarray(other, np.uint8))
    assert caught.value.reason == "unrelated"


# -- authentic counterparts ---------------------------------------------------------------------


def test_a_counterpart_of_the_same_size_is_untouched() -> None:
    original = photo(40, 56)
    assert np.array_equal(counterpart(original, 56, 40), original)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
def test_a_counterpart_always_has_the_size_asked_for(height: int, width: int, tall: int, wide: int) -> None:
    original = np.full((height, width, 3), 77, np.uint8)
    found = counterpart(original, wide, tall)
    assert found.shape == (tall, wide, 3)
    assert (found == 77).all()  # no border came in


def test_a_counterpart_is_cut_about_its_middle_and_not_stretched() -> None:
    original = photo(60, 100)
    assert np.array_equal(counterpart(original, 60, 60), original[:, 20:80])


def test_a_counterpart_of_half_the_size_keeps_circles_round() -> None:
    disc = cv2.circle(np.zeros((200, 300, 3), np.uint8), (150, 100), 60, (255, 255, 255), -1)
    rows, columns = np.nonzero(counterpart(disc, 100, 100)[:, :, 0] > 127)
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 1
    assert abs(np.ptp(rows) - 60) <= 2


# -- paste-back ---------------------------------------------------------------------------------


@st.composite
def pasted(draw: st.DrawFn) -> tuple[Picture, Picture, Mask]:
    mask = draw(masks())
    arrays = hnp.arrays(np.uint8, (*mask.shape, 3))
    return draw(arrays), draw(arrays), mask


def everywhere(mask: Mask) -> Mask:
    return np.ones_like(mask)


@given(pasted())
def test_outside_the_mask_every_pixel_is_the_originals(case: tuple[Picture, Picture, Mask]) -> None:
    original, edited, mask = case
    found = paste_back(original, everywhere(mask), edited, mask)
    assert np.array_equal(found[~mask], original[~mask])


@given(pasted())
def test_inside_the_mask_every_pixel_lies_between_the_two_pictures(
    case: tuple[Picture, Picture, Mask],
) -> None:
    original, edited, mask = case
    found = paste_back(original, everywhere(mask), edited, mask)
    low, high = np.minimum(original, edited), np.maximum(original, edited)
    assert ((low <= found) & (found <= high))[mask].all()


@given(pasted())
def test_the_core_of_every_region_is_edited_pixels_as_they_are(case: tuple[Picture, Picture, Mask]) -> None:
    original, edited, mask = case
    found = paste_back(original, everywhere(mask), edited, mask)
    count, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    kept = (found == edited).all(axis=2)
    assert all(kept[regions == region].any() for region in range(1, count))


@given(pasted())
def test_where_the_mask_is_everything_nothing_is_blended(case: tuple[Picture, Picture, Mask]) -> None:
    original, edited, mask = case
    assert np.array_equal(paste_back(original, ~everywhere(mask), edited, everywhere(mask)), edited)


def test_the_edited_picture_comes_in_evenly_from_the_border_of_the_mask() -> None:
    original, edited = np.zeros((40, 40, 3), np.uint8), np.full((40, 40, 3), 200, np.uint8)
    mask = np.zeros((40, 40), np.bool_)
    mask[10:30, 10:30] = True
    row = paste_back(original, everywhere(mask), edited, mask)[20, 8:16, 0]
    assert row.tolist() == [0, 0, 50, 100, 150, 200, 200, 200]
    assert BLEND_PX == 3  # what the levels above are for


def test_the_frame_of_the_picture_is_no_border_of_the_mask() -> None:
    original, edited = np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 200, np.uint8)
    mask = np.zeros((20, 20), np.bool_)
    mask[:, :10] = True
    assert (paste_back(original, everywhere(mask), edited, mask)[:, 0] == 200).all()


def test_nothing_is_blended_with_pixels_that_the_original_does_not_have() -> None:
    original, edited = np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 200, np.uint8)
    mask = np.zeros((20, 20), np.bool_)
    mask[:, :10] = True
    valid = everywhere(mask)
    valid[:5, :10] = False
    found = paste_back(original, valid, edited, mask)
    assert (found[:5, :10] == 200).all()
    assert (found[10, 9] == 50).all()


def test_a_missing_pixel_outside_the_mask_is_an_error_that_says_what_to_do() -> None:
    original = photo(20, 20)
    mask = np.zeros((20, 20), np.bool_)
    valid = everywhere(mask)
    valid[:, 0] = False
    with pytest.raises(InputError, match=r"no pixel in 5\.0%") as caught:
        paste_back(original, valid, original, mask)
    assert "--regeneration keep" in caught.value.hint


def test_pictures_of_two_sizes_are_not_pasted() -> None:
    original = photo(20, 20)
    mask = np.zeros((20, 20), np.bool_)
    with pytest.raises(GridError):
        paste_back(original, everywhere(mask), photo(20, 21), mask)


def test_the_arrays_given_are_not_changed() -> None:
    arrays: list[NDArray[np.uint8]] = [photo(20, 20, seed=1), photo(20, 20, seed=2)]
    copies = [array.copy() for array in arrays]
    mask = np.zeros((20, 20), np.bool_)
    mask[5:15, 5:15] = True
    paste_back(arrays[0], everywhere(mask), arrays[1], mask)
    assert all(np.array_equal(array, copy) for array, copy in zip(arrays, copies, strict=True))
