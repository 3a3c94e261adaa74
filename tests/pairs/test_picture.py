"""Pictures are read by one policy, each awkward kind right or refused with its reason."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageCms, ImageFile

from maskwright.errors import InputError, SettingError
from maskwright.pairs.picture import Decoded, decode_grey, encode_png, read_picture
from maskwright.pairs.values import REASONS, Encoded, Located
from tests.pairs.awkward import P3, SRGB, matrix_profile, p3_to_srgb, photo, png_header, saved, turned
from tests.strategies import grey_maps, masks

PHOTO = photo()
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


def reason(picture: object, **options: int) -> str:
    """The reason a picture is refused for; every one must be known."""
    with pytest.raises(InputError) as refusal:
        read_picture(picture, **options)  # type: ignore[arg-type]
    assert refusal.value.reason in REASONS
    assert refusal.value.reason
    return refusal.value.reason


def by_opencv(data: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)[:, :, ::-1]


# ---- plain pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_plain_jpeg_is_decoded_as_opencv_does_to_the_bit(subsampling: int) -> None:
    data = saved(PHOTO, "JPEG", quality=80, subsampling=subsampling)
    read = read_picture(data)
    assert np.array_equal(read.pixels, by_opencv(data))
    assert read.done == ()
    assert read.data == data


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "BMP"])
def test_a_lossless_file_gives_back_its_pixels(format_: str) -> None:
    read = read_picture(saved(PHOTO, format_))
    assert np.array_equal(read.pixels, PHOTO)
    assert read.done == ()


@pytest.mark.parametrize(("format_", "options"), [("WEBP", {"lossless": True}), ("WEBP", {}), ("AVIF", {})])
def test_webp_and_avif_are_read(format_: str, options: dict[str, bool]) -> None:
    read = read_picture(saved(PHOTO, format_, **options))
    assert read.done == ()
    assert np.abs(read.pixels.astype(int) - PHOTO).mean() < (0.01 if options else 12)


@pytest.mark.parametrize("as_", ["path", "string", "bytes", "encoded", "located", "image"])
def test_every_way_to_give_a_picture_reads_the_same(as_: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(PHOTO, "PNG"))
    given = {
        "path": path,
        "string": str(path),
        "bytes": path.read_bytes(),
        "encoded": Encoded(path.read_bytes(), "t.parquet#0:a"),
        "located": Located(str(path), "a.png"),
        "image": Image.fromarray(PHOTO),
    }[as_]
    read = read_picture(given)
    assert np.array_equal(read.pixels, PHOTO)
    assert (read.data == path.read_bytes()) == (as_ != "image")


# ---- the policy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_applied(format_: str, orientation: int) -> None:
    options = {"lossless": True} if format_ == "WEBP" else {}
    if format_ == "TIFF":
        options = {"tiffinfo": {0x0112: orientation}}
    else:
        options["exif"] = turned(orientation)
    read = read_picture(saved(PHOTO, format_, **options))
    assert np.array_equal(read.pixels, UPRIGHT[orientation](PHOTO))
    assert read.done == (() if orientation == 1 else (f"exif_orientation_{orientation}",))


def test_a_turned_jpeg_is_read_as_opencv_reads_it() -> None:
    data = saved(PHOTO, "JPEG", exif=turned(6))
    read = read_picture(data)
    assert read.pixels.shape == (56, 40, 3)
    assert np.array_equal(read.pixels, by_opencv(data))


def test_exif_that_cannot_be_read_does_not_cost_the_picture() -> None:
    data = saved(PHOTO, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(range(64)))
    assert np.array_equal(read_picture(data).pixels, by_opencv(data))


@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_become_the_high_byte(ending: str, channels: int) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (20, 24, channels), np.uint16)
    if channels == 4:
        deep[:, :, 3] = 65535
    read = read_picture(cv2.imencode(ending, deep)[1].tobytes())
    truth = (deep >> 8).astype(np.uint8)
    assert np.array_equal(read.pixels, np.repeat(truth, 3, 2) if channels == 1 else truth[:, :, 2::-1])
    assert "16_bit" in read.done


def test_a_picture_widened_to_sixteen_bits_comes_back_exactly() -> None:
    deep = PHOTO[:, :, ::-1].astype(np.uint16) * 257
    assert np.array_equal(read_picture(cv2.imencode(".png", deep)[1].tobytes()).pixels, PHOTO)


@pytest.mark.parametrize(("top", "step"), [(1.0, "float_as_0_to_1"), (255.0, "float_as_0_to_255")])
def test_a_float_tiff_is_read_by_the_range_it_keeps_to(top: float, step: str) -> None:
    grey = np.linspace(0, top, 600, dtype=np.float32).reshape(20, 30)
    read = read_picture(saved(grey, "TIFF"))
    assert np.array_equal(read.pixels[:, :, 0], np.floor(grey * (255 / top) + 0.5))
    assert step in read.done


@pytest.mark.parametrize("odd", [np.nan, -1.0, 300.0])
def test_a_float_tiff_of_no_clear_range_is_refused(odd: float) -> None:
    grey = np.full((4, 4), 0.5, np.float32)
    grey[0, 0] = odd
    assert reason(saved(grey, "TIFF")) == "not_a_picture"


def test_a_cmyk_jpeg_is_read_as_opencv_reads_it_but_for_rounding() -> None:
    data = saved(Image.fromarray(PHOTO).convert("CMYK"), "JPEG", quality=95)
    read = read_picture(data)
    assert np.abs(read.pixels.astype(int) - by_opencv(data)).max() <= 2
    assert np.abs(read.pixels.astype(int) - PHOTO).mean() < 6
    assert read.done == ("cmyk",)


def test_grey_is_three_equal_channels() -> None:
    grey = PHOTO[:, :, 0]
    read = read_picture(saved(grey, "PNG"))
    assert np.array_equal(read.pixels, np.dstack([grey] * 3))
    assert read.done == ("grey",)


def test_one_bit_is_black_and_white() -> None:
    bits = PHOTO[:, :, 0] > 128
    read = read_picture(saved(bits, "PNG"))
    assert np.array_equal(read.pixels[:, :, 1], bits * 255)
    assert read.done == ("one_bit",)


@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_is_composited_over_white(channels: int) -> None:
    alpha = np.tile(np.linspace(0, 255, 56).astype(np.uint8), (40, 1))
    colours = PHOTO if channels == 4 else PHOTO[:, :, :1]
    data = saved(Image.fromarray(np.dstack([colours, alpha])), "PNG")
    share = alpha[:, :, None] / 255
    read = read_picture(data)
    assert np.abs(read.pixels - (colours * share + 255 * (1 - share))).max() <= 1
    assert read.done[-1] == "alpha_over_white"


def test_alpha_that_hides_nothing_is_not_mentioned() -> None:
    opaque = np.dstack([PHOTO, np.full((40, 56), 255, np.uint8)])
    read = read_picture(saved(opaque, "PNG"))
    assert np.array_equal(read.pixels, PHOTO)
    assert read.done == ()


def test_a_palette_is_resolved_and_its_transparent_entry_is_white() -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    read = read_picture(saved(image, "PNG", transparency=1))
    assert read.pixels.tolist() == [[[10, 20, 30], [255, 255, 255]], [[70, 80, 90], [255, 255, 255]]]
    assert read.done == ("palette", "alpha_over_white")


@pytest.mark.parametrize("format_", ["WEBP", "GIF", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(format_: str) -> None:
    frames = [Image.new("RGB", (24, 20), colour) for colour in ("#ff0000", "#0000ff")]
    options = {"lossless": True} if format_ == "WEBP" else {}
    read = read_picture(saved(frames[0], format_, save_all=True, append_images=frames[1:], **options))
    assert np.array_equal(np.unique(read.pixels.reshape(-1, 3), axis=0), [[255, 0, 0]])
    assert "first_frame" in read.done


def test_lab_is_converted() -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.fromarray(PHOTO), to_lab)
    read = read_picture(saved(lab, "TIFF"))
    assert np.abs(read.pixels.astype(int) - PHOTO).mean() < 2
    assert read.done == ("lab",)


# ---- colour profiles ------------------------------------------------------------------------------------


def test_a_display_p3_picture_becomes_srgb() -> None:
    colours = np.clip(PHOTO, 40, 215)
    data = saved(colours, "PNG", icc_profile=matrix_profile(P3, 2.2))
    truth = p3_to_srgb(colours, 2.2)
    read = read_picture(data)
    assert np.abs(truth - colours).max() > 10, "the profile must change something"
    assert np.abs(read.pixels - truth).max() <= 2
    assert read.done == ("icc_to_srgb",)


def test_an_srgb_profile_changes_nothing_and_is_not_mentioned() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    read = read_picture(saved(PHOTO, "PNG", icc_profile=profile))
    assert np.array_equal(read.pixels, PHOTO)
    assert read.done == ()


def test_a_profile_that_is_nearly_srgb_is_still_applied() -> None:
    read = read_picture(saved(PHOTO, "PNG", icc_profile=matrix_profile(SRGB, 2.0)))
    assert 2 < np.abs(read.pixels.astype(int) - PHOTO).max() < 40
    assert read.done == ("icc_to_srgb",)


@pytest.mark.parametrize("profile", [b"no profile at all", matrix_profile(P3, 2.2)[:200]])
def test_a_broken_profile_is_ignored_and_recorded(profile: bytes) -> None:
    read = read_picture(saved(PHOTO, "PNG", icc_profile=profile))
    assert np.array_equal(read.pixels, PHOTO)
    assert read.done == ("icc_ignored",)


def test_a_profile_for_another_mode_is_ignored() -> None:
    read = read_picture(saved(PHOTO[:, :, 0], "PNG", icc_profile=matrix_profile(P3, 2.2)))
    assert np.array_equal(read.pixels[:, :, 0], PHOTO[:, :, 0])
    assert read.done == ("grey", "icc_ignored")


# ---- refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_as_such(format_: str, share: float) -> None:
    data = saved(photo(120, 160), format_)
    assert reason(data[: int(len(data) * share)]) == "truncated"


def test_half_a_jpeg_header_is_truncated() -> None:
    assert reason(saved(PHOTO, "JPEG")[:100]) == "truncated"


@pytest.mark.parametrize("data", [b"just text in a file called .jpg", b"\0" * 100, b"<svg/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused_as_such(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    assert reason(path) == "not_a_picture"


@pytest.mark.parametrize("format_", ["ICO", "PPM", "TGA", "PCX", "JPEG2000"])
def test_formats_beyond_the_list_are_refused(format_: str) -> None:
    assert reason(saved(PHOTO, format_)) == "not_a_picture"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert reason(tmp_path / "a.jpg") == "file_empty"


def test_a_bomb_is_refused_from_its_header() -> None:
    assert reason(png_header(60_000, 60_000)) == "too_large"
    assert reason(png_header(10_001, 10_000)) == "too_large"


def test_the_limit_is_the_callers_and_includes_its_end() -> None:
    data = saved(PHOTO, "PNG")
    assert read_picture(data, max_pixels=40 * 56).pixels.shape == (40, 56, 3)
    assert reason(data, max_pixels=40 * 56 - 1) == "too_large"
    assert reason(PHOTO, max_pixels=100) == "too_large"


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "1"])
def test_a_limit_that_is_none_is_refused(limit: object) -> None:
    with pytest.raises(SettingError, match="max_pixels"):
        read_picture(PHOTO, max_pixels=limit)  # type: ignore[arg-type]


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "GIF"])
def test_pillows_own_limit_neither_warns_nor_refuses(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(PHOTO, format_)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read_picture(data).pixels.shape == (40, 56, 3)


def test_pillows_settings_stay_as_they_are() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, set(Image.OPEN))
    Image.init()
    before = (*before[:2], set(Image.OPEN))
    read_picture(saved(PHOTO, "AVIF"))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, set(Image.OPEN)) == before


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1"])
def test_heic_without_its_extra_says_what_to_install(brand: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match="pip install") as refusal:
        read_picture(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + b"heicmif1" + bytes(40))
    assert refusal.value.reason == "needs_heif"
    assert "maskwright[heif]" in refusal.value.hint


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.png") == "file_missing"
    assert reason("a\0b.png") == "file_missing"
    assert reason("x" * 5000) == "file_missing"
    assert reason(tmp_path) == "not_a_picture"
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "not_a_picture"


@pytest.mark.parametrize("url", ["https://example.org/a.jpg", "s3://bucket/a.png", "file:///a.png"])
def test_a_url_is_not_fetched(url: str) -> None:
    assert reason(url) == "remote_not_allowed"


def test_the_message_names_the_file_and_can_be_printed(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/line\nbreak\xff.png"
    with open(path, "wb") as file:
        file.write(b"no picture")
    with pytest.raises(InputError, match=r"line.nbreak") as refusal:
        read_picture(os.fsdecode(path))
    assert str(refusal.value).encode("utf-8").isascii()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["-dash.png", "two words.png", "Ünïcödé-日本.png", "new\nline.png", b"\xff\xfe.png", "#1:%.png"]
)
def test_awkward_names_are_read(name: str | bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = os.fsdecode(name)
    Path(text).write_bytes(saved(PHOTO, "PNG"))
    assert np.array_equal(read_picture(text).pixels, PHOTO)


# ---- arrays ---------------------------------------------------------------------------------------------


def test_arrays_of_three_one_and_four_channels_are_read() -> None:
    grey = PHOTO[:, :, 0]
    assert np.array_equal(read_picture(PHOTO).pixels, PHOTO)
    assert np.array_equal(read_picture(grey).pixels, np.dstack([grey] * 3))
    assert np.array_equal(read_picture(grey[:, :, None]).pixels, np.dstack([grey] * 3))
    clear = np.dstack([PHOTO, np.zeros((40, 56), np.uint8)])
    assert (read_picture(clear).pixels == 255).all()


def test_an_array_seen_backwards_is_read_as_it_is_seen() -> None:
    assert np.array_equal(read_picture(PHOTO[:, ::-1]).pixels, PHOTO[:, ::-1])
    assert read_picture(PHOTO[:, ::-1]).pixels.flags.c_contiguous


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), bool),
        np.zeros((4, 4, 3), np.uint16),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
    ],
)
def test_arrays_that_are_not_clear_are_refused(array: np.ndarray) -> None:
    assert reason(array) == "not_a_picture"


@pytest.mark.parametrize("thing", [None, 3, 2.5, object(), ["a.png"], {"bytes": b""}])
def test_things_that_are_no_picture_are_refused(thing: object) -> None:
    assert reason(thing) == "not_a_picture"


def test_a_closed_image_is_refused() -> None:
    image = Image.open(io.BytesIO(saved(PHOTO, "PNG")))
    image.close()
    assert reason(image) == "truncated"


# ---- our own maps ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(grey_maps())
def test_a_stored_map_comes_back(grey: np.ndarray) -> None:
    assert np.array_equal(decode_grey(encode_png(grey)), grey)


@settings(max_examples=60, deadline=None)
@given(masks())
def test_a_stored_mask_is_0_and_255_in_a_plain_grey_png(mask: np.ndarray) -> None:
    image = Image.open(io.BytesIO(encode_png(mask)))
    assert (image.format, image.mode) == ("PNG", "L")
    assert np.array_equal(np.asarray(image), mask * 255)


@pytest.mark.parametrize("bad", [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2)), np.zeros((0, 2), np.uint8)])
def test_only_grey_maps_are_stored(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="stored map"):
        encode_png(bad)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n", saved(PHOTO, "PNG"), saved(PHOTO, "JPEG"), encode_png(PHOTO[:, :, 0])[:60]],
)
def test_other_bytes_are_not_taken_for_a_stored_map(data: bytes) -> None:
    with pytest.raises(InputError, match="grey PNG"):
        decode_grey(data)


def test_decoded_is_small_and_plain() -> None:
    assert Decoded(PHOTO).done == ()
