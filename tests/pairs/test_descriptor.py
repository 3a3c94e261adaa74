"""Copies of a picture are near by their descriptors, others are far, and every row of a corpus has one."""

from __future__ import annotations

import csv
import io
import itertools
import os
from pathlib import Path

import cv2
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from maskwright.corpus.annotate import annotate
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.errors import InputError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.descriptor import DESCRIPTOR_BYTES, NEAR, describe, distance, distances, phash, reduced
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Pair, Picture
from maskwright.synthesis import corruptions
from maskwright.synthesis.objects import paste
from maskwright.synthesis.steps import begin
from tests.corpus.made import edited, folder_of, photograph, save
from tests.strategies import pictures

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[3] / "shared" / "data"))
PLAIN = b"\x88" * 64


def scene(seed: int, height: int = 240, width: int = 320) -> Picture:
    """Coloured clouds of every size, the larger the stronger, as in photographs."""
    rng = np.random.default_rng(seed)
    levels = np.zeros((height, width, 3), np.float32)
    for cells in (2, 4, 8, 16, 32):
        rough = rng.normal(0, 60 / cells**0.5, (cells, cells, 1)) + rng.normal(
            0, 25 / cells**0.5, (cells, cells, 3)
        )
        levels += cv2.resize(rough.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(levels + 128, 0, 255).astype(np.uint8)


def mirrored(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def cut(picture: Picture, left: float, top: float, width: float, height: float) -> Picture:
    rows, columns = picture.shape[:2]
    first, start = round(top * rows), round(left * columns)
    return picture[first : first + round(height * rows), start : start + round(width * columns)].copy()


def written_out(descriptor: bytes) -> NDArray[np.int64]:
    """The 128 levels as the docstring says they are stored."""
    digits = [int(digit, 16) - 8 for digit in descriptor.hex()]
    return np.array(digits)


def unlike(first: str, second: str) -> int:
    """How many bits of two hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def away(first: Picture, second: Picture) -> float:
    return distance(describe(first), describe(second))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(lambda p: corruptions.saved(p, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 30]), id="JPEG 30"),
        pytest.param(
            lambda p: cv2.resize(p, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), id="small"
        ),
        pytest.param(lambda p: cv2.resize(p, (500, 300), interpolation=cv2.INTER_CUBIC), id="stretched"),
        pytest.param(mirrored, id="mirrored"),
        pytest.param(lambda p: cut(p, 0.1, 0.02, 0.9, 0.98), id="a tenth cropped"),
        pytest.param(lambda p: cut(p, 0.2, 0.05, 0.78, 0.78), id="60 % left"),
        pytest.param(lambda p: cut(p, 0.03, 0.0, 0.62, 0.97), id="60 % left, a third narrower"),
        pytest.param(lambda p: mirrored(cut(p, 0.2, 0.2, 0.78, 0.78)), id="mirrored, 60 % left"),
        pytest.param(lambda p: np.clip(p * 0.7 + 50, 0, 255).astype(np.uint8), id="paler"),
        pytest.param(lambda p: np.repeat(p[..., 1:2], 3, axis=2), id="grey"),
        pytest.param(lambda p: paste(scene(99))(begin(p), np.random.default_rng(1)).edited, id="edited"),
    ],
)
def test_a_copy_is_near(seed: int, copy: object) -> None:
    picture = scene(seed)
    assert callable(copy)
    assert away(picture, copy(picture)) < NEAR


def test_different_pictures_are_far() -> None:
    found = [describe(scene(seed)) for seed in range(40)]
    between = distances(found, found)[np.triu_indices(40, 1)]
    assert len(between) == 780
    assert np.mean(between < NEAR) <= 0.005
    assert np.median(between) > NEAR + 0.1


def test_a_hash_is_near_for_a_copy_and_far_for_another_picture() -> None:
    picture = scene(0)
    copy = corruptions.saved(picture, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 50])
    assert unlike(phash(picture), phash(copy)) <= 4
    assert unlike(phash(picture), phash(scene(1))) > 16


@given(pictures())
def test_any_picture_has_a_hash_and_a_descriptor_of_one_size(picture: Picture) -> None:
    assert len(describe(picture)) == DESCRIPTOR_BYTES == 64
    assert len(phash(picture)) == 16
    assert int(phash(picture), 16) < 1 << 64


@settings(max_examples=30)
@given(pictures(), pictures())
def test_distance_is_within_0_and_1_and_the_same_both_ways(first: Picture, second: Picture) -> None:
    there, back = away(first, second), away(second, first)
    assert 0 <= there <= 1
    assert there == pytest.approx(back, abs=1e-5)


@settings(max_examples=30)
@given(pictures())
def test_a_picture_is_at_0_from_itself_unless_it_shows_nothing(picture: Picture) -> None:
    descriptor = describe(picture)
    assert distance(descriptor, descriptor) == pytest.approx(float(descriptor == PLAIN), abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (40_000, 1), (64, 64)])
@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_plain_picture_shows_nothing(shape: tuple[int, int], level: int) -> None:
    picture = np.full((*shape, 3), level, np.uint8)
    assert describe(picture) == PLAIN
    assert phash(picture) == ("8" if level else "0") + "0" * 15


def test_the_noise_of_a_plain_picture_shows_nothing() -> None:
    noise = np.random.default_rng(0).normal(200, 2, (512, 512, 3))
    picture = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    assert np.ptp(picture) > 10
    assert distance(describe(picture), describe(scene(0))) > 0.8
    assert (np.abs(written_out(describe(picture))) <= 1).all()


def test_mirroring_turns_the_signs_of_odd_horizontal_frequencies() -> None:
    picture = scene(2, 256, 256)  # eight pixels an average: the grid is mirrored, too
    odd = np.concatenate([np.tile(np.arange(n) % 2 == 1, n)[1:] for n in (9, 5, 5)])
    levels, turned = (written_out(describe(each)) for each in (picture, mirrored(picture)))
    assert odd.sum() == 36 + 10 + 10
    assert np.array_equal(turned, np.where(odd, -levels, levels))


def test_levels_are_what_a_cosine_transform_of_the_averages_gives() -> None:
    picture = scene(3, 64, 96)
    small = picture.reshape(32, 2, 32, 3, 3).mean(axis=(1, 3))
    luma = small @ [0.299, 0.587, 0.114]
    found = []
    for plane, count, weight in ((luma, 9, 1), (small[..., 2] - luma, 5, 2), (small[..., 0] - luma, 5, 2)):
        lowest = scipy.fft.dctn(plane, norm="ortho")[:count, :count] / 32
        across, down = np.meshgrid(np.arange(count), np.arange(count))
        found.append((lowest * weight * np.hypot(across, down) ** 0.75).ravel()[1:])
    expected = np.concatenate(found)
    expected = np.clip(7 * expected / np.sqrt((expected**2).mean()), -7, 7)
    # averages are rounded to whole levels before, which is worth a fraction of a step
    assert np.abs(written_out(describe(picture)) - expected).max() < 0.5 + 0.3


@pytest.mark.parametrize("left", [0.0, 0.13, 0.26])
@pytest.mark.parametrize("top", [0.0, 0.13, 0.26])
def test_a_window_is_found_from_the_frequencies_of_the_whole(left: float, top: float) -> None:
    y, x = (np.mgrid[:400, :400] + 0.5) / 400
    rng = np.random.default_rng(0)
    waves = [
        rng.choice([-9, 9]) / np.hypot(across, down) * np.cos(np.pi * across * x) * np.cos(np.pi * down * y)
        for across, down in itertools.product(range(9), range(9))
        if across or down
    ]
    levels = np.rint(128 + np.sum(waves, axis=0))
    assert 0 < levels.min() < levels.max() < 255
    picture = np.repeat(levels.astype(np.uint8)[..., None], 3, axis=2)
    window = cut(picture, left, top, 0.74, 0.74)
    whole, part = (written_out(describe(each)) for each in (picture, window))
    assert away(picture, window) < 0.2
    assert 1 - whole @ part / np.linalg.norm(whole) / np.linalg.norm(part) > 0.4


def test_many_at_once_are_what_each_is_alone() -> None:
    first, second = ([describe(scene(seed)) for seed in seeds] for seeds in (range(5), range(3, 7)))
    alone = [[distance(one, other) for other in second] for one in first]
    np.testing.assert_allclose(distances(first, second), alone, atol=1e-5)
    assert distances([], second).shape == (0, 4)


def test_what_is_no_descriptor_is_refused() -> None:
    with pytest.raises(InputError, match="64 bytes long, number 1 has 63"):
        distances([PLAIN, PLAIN[:-1]], [PLAIN])


@pytest.mark.parametrize(("height", "width"), [(512, 512), (499, 509)])
def test_the_number_of_threads_does_not_matter(height: int, width: int) -> None:
    picture, threads, found = scene(4, height, width), cv2.getNumThreads(), set()
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            found.add((phash(picture), describe(picture)))
    finally:
        cv2.setNumThreads(threads)
    assert len(found) == 1


def test_equal_pixels_are_equal_whatever_the_file() -> None:
    picture, found = scene(5), set()
    for kind in ("PNG", "BMP", "TIFF", "WEBP"):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, kind, lossless=True)
        pixels = read_picture(file.getvalue()).pixels
        found.add((phash(pixels), describe(pixels)))
    assert found == {(phash(picture), describe(picture))}


@given(pictures())
def test_a_reduced_picture_has_the_hash_and_the_descriptor_of_the_whole(picture: Picture) -> None:
    small = reduced(picture)
    assert small.shape == (32, 32, 3)
    assert (phash(small), describe(small)) == (phash(picture), describe(picture))


def test_the_hash_is_the_median_cut_of_the_lowest_frequencies() -> None:
    picture = scene(6, 32, 32)
    grey = picture @ [0.299, 0.587, 0.114]
    lowest = scipy.fft.dct(scipy.fft.dct(grey, axis=0), axis=1)[:8, :8]
    bits = "".join("1" if value > np.median(lowest) else "0" for value in lowest.ravel())
    assert phash(picture) == f"{int(bits, 2):016x}"


# str(imagehash.phash(Image.fromarray(scene(seed)))), imagehash 4.3.2, Pillow 13.0.0
IMAGEHASH = {0: "e6b628b3b40e7591", 1: "d8a1d72973bb1944", 2: "dbe02f4af3012e36", 3: "c7f86d9906e38866"}


@pytest.mark.parametrize("seed", IMAGEHASH)
def test_the_hash_is_within_4_bits_of_that_of_imagehash(seed: int) -> None:
    assert unlike(phash(scene(seed)), IMAGEHASH[seed]) <= 4


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Four edited pairs; of two more the edited or the original file is broken, and one is unrelated."""
    place = tmp_path_factory.mktemp("corpus")
    source = folder_of(place / "source", 7)
    (source / "edited" / "0004.png").write_bytes(b"no picture")
    (source / "original" / "0005.png").write_bytes(b"no picture")
    save(source / "original" / "0006.png", scene(0))
    save(source / "edited" / "0006.png", scene(1))
    annotate(source, place / "out", workers=1)
    return open_corpus(place / "out")


def test_every_row_whose_original_can_be_read_is_described(corpus: Corpus) -> None:
    rows = corpus.table(["original", "status", "original_phash", "descriptor"]).to_pylist()
    assert [row["status"] for row in rows] == ["ok"] * 4 + ["rejected"] * 3
    for number, row in enumerate(rows):
        before = scene(0) if number == 6 else photograph(number)
        expected = (None, None) if number == 5 else (phash(before), describe(before))
        assert (row["original_phash"], row["descriptor"]) == expected, row


def test_every_row_of_which_both_pictures_can_be_read_has_its_edited_picture_described(
    corpus: Corpus,
) -> None:
    found = corpus.table(["edited_descriptor"])["edited_descriptor"].to_pylist()
    assert [each is not None for each in found] == [True] * 4 + [False, False, True]
    assert found[6] == describe(scene(1))
    assert found[0] == describe(corpus.pictures(corpus.ids[0])[1])


def test_a_pair_whose_annotator_breaks_is_described() -> None:
    annotator = load_annotator("tests.corpus.made:Raises")
    before, after = photograph(0, 64), edited(photograph(0, 64))
    after[:4, :4] = (250, 3, 251)
    found = annotate_pair(Pair("x", before, after), annotator)
    assert found.status == "failed"
    assert (found.original_phash, found.descriptor) == (phash(before), describe(before))


def test_the_columns_are_text_and_bytes_in_parquet(corpus: Corpus) -> None:
    (path, *_) = sorted((corpus._out / "annotations").iterdir())
    schema = pq.read_schema(path)
    assert schema.field("original_phash").type == pa.string()
    assert schema.field("descriptor").type == pa.binary()
    lengths = f"select distinct octet_length(descriptor) from '{path}' where status = 'ok'"
    with duckdb.connect(":memory:") as connection:
        assert connection.execute(lengths).fetchall() == [(64,)]


def test_a_condition_can_count_the_bits_in_which_hashes_differ(corpus: Corpus) -> None:
    number = int(phash(photograph(2)), 16) ^ 0b101
    condition = f"bit_count(xor(('0x' || original_phash)::ubigint, {number}::ubigint)) = 2"
    assert corpus.sql(condition)["id"].to_pylist() == [corpus.ids[2]]


@pytest.mark.skipif(
    not (DATA / "photos" / "photos.csv").is_file(), reason="needs the photographs of MASKWRIGHT_DATA"
)
def test_cropped_and_mirrored_photographs_are_near_and_others_are_not() -> None:
    with (DATA / "photos" / "photos.csv").open(newline="", encoding="utf-8") as table:
        paths = [row["path"] for row in csv.DictReader(table) if row["split"] == "val"]
    photos = [read_picture(DATA / "photos" / path).pixels for path in paths[::4] if "camvid" not in path]
    found = [describe(photo) for photo in photos]
    copies = [describe(mirrored(cut(photo, 0.05, 0.2, 0.78, 0.78))) for photo in photos]
    between = distances(found, copies)
    assert len(photos) > 40
    assert np.mean(between.diagonal() < NEAR) > 0.9
    assert np.mean(between[~np.eye(len(photos), dtype=bool)] < NEAR) < 0.002


@given(st.binary(min_size=64, max_size=64))
def test_any_64_bytes_can_be_compared(data: bytes) -> None:
    assert 0 <= distance(data, describe(scene(0, 32, 32))) <= 1
