"""The shortcut check: what files give away is found, and what is not there is not."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from maskwright.datasets.shortcuts.containers import Encoding, encode
from maskwright.datasets.shortcuts.measure import (
    Shortcuts,
    as_dict,
    from_dict,
    measure_shortcuts,
    naive_records,
)
from maskwright.datasets.shortcuts.separation import (
    FOLDS,
    LEAST_PHOTOGRAPHS,
    Classes,
    Separation,
    boosted,
    by_one_figure,
    classes_of,
    logistic,
    separation,
)
from maskwright.datasets.shortcuts.traces import bits_per_pixel, blockiness, container_facts
from maskwright.datasets.values import Record
from maskwright.errors import InputError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Encoded, Pair, Picture, Rejection
from tests.pairs.awkward import P3, matrix_profile, photo, saved
from tests.strategies import broken_files

# -- facts of a container ------------------------------------------------------------------------


def facts_of(format_: str = "JPEG", size: tuple[int, int] = (40, 56), **options: object) -> dict[str, float]:
    return dict(container_facts(saved(photo(*size), format_, **options)))


def exif_of_a_camera() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    return exif.tobytes()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"quality": 60}, {"quality": 60.0, "standard tables": 1.0}),
        ({"subsampling": 2}, {"sampling 4:2:0": 1.0}),
        ({"progressive": True}, {"marker SOF2": 1.0}),
        ({"exif": exif_of_a_camera()}, {"exif": 1.0, "marker APP1": 1.0}),
        ({"icc_profile": matrix_profile(P3, 2.2)}, {"profile": 1.0, "marker APP2": 1.0}),
        ({"comment": b"made somewhere"}, {"marker COM": 1.0}),
        ({"xmp": b"<x/>"}, {"xmp": 1.0}),
        ({"dpi": (300, 300)}, {"density": 300.0}),
        ({"restart_marker_blocks": 1}, {"marker DRI": 1.0}),
    ],
)
def test_how_a_jpeg_was_saved_is_told(options: dict[str, object], told: dict[str, float]) -> None:
    plain = facts_of(quality=75, subsampling=0)
    facts = facts_of(**{"quality": 75, "subsampling": 0, **options})
    assert {name: facts.get(name) for name in told} == told
    assert {name: plain.get(name) for name in told} != told


def test_the_sums_of_the_tables_are_those_that_pillow_reads() -> None:
    data = saved(photo(), "JPEG", quality=83)
    facts = container_facts(data)
    with Image.open(io.BytesIO(data)) as image:
        tables = image.quantization  # type: ignore[attr-defined]
    assert [facts["sum of table 0"], facts["sum of table 1"]] == [sum(tables[0]), sum(tables[1])]


def test_codes_made_for_one_picture_are_told_by_their_length() -> None:
    standard = facts_of(quality=75)["bytes of Huffman codes"]
    assert standard == 2 * (17 + 12) + 2 * (17 + 162)  # ITU-T T.81, tables K.3 to K.6
    assert facts_of(quality=75, optimize=True)["bytes of Huffman codes"] < standard


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (saved(Image.fromarray(photo()).quantize(16), "PNG"), {"mode P", "chunk PLTE"}),
        (saved(Image.fromarray(photo()).convert("RGBA"), "PNG"), {"mode RGBA"}),
        (cv2.imencode(".png", photo().astype(np.uint16) * 257)[1].tobytes(), {"deep"}),
        (saved(photo(), "PNG", dpi=(96, 96)), {"density", "chunk pHYs"}),
        (saved(Image.fromarray(photo()).convert("CMYK"), "JPEG"), {"mode CMYK", "marker APP14"}),
        (saved(photo(), "WEBP", lossless=True), {"format WEBP", "chunk VP8L"}),
        (saved(photo(), "TIFF"), {"format TIFF"}),
    ],
    ids=["palette", "alpha", "16 bit", "density", "CMYK", "WebP", "TIFF"],
)
def test_kinds_of_files_are_told_from_a_plain_png(file: bytes, told: set[str]) -> None:
    assert told <= set(container_facts(file))
    assert not told & set(container_facts(saved(photo(), "PNG")))


def test_sides_that_generators_like_are_told() -> None:
    names = [set(facts_of(size=size)) for size in ((64, 128), (72, 64), (41, 56))]
    assert [("sides multiples of 64" in each, "sides multiples of 8" in each) for each in names] == [
        (True, True),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("encoding", [Encoding("png"), Encoding("jpeg", 90)], ids=str)
def test_two_pictures_of_one_size_stored_by_us_have_the_same_facts(encoding: Encoding) -> None:
    flat = np.full((400, 600, 3), 90, np.uint8)
    busy = np.random.default_rng(0).integers(0, 256, flat.shape, np.uint8)
    assert container_facts(encode(flat, encoding).data) == container_facts(encode(busy, encoding).data)


def test_the_tags_that_every_tiff_has_are_no_metadata() -> None:
    assert "exif" not in facts_of("TIFF")


def test_a_chunk_with_a_made_up_name_becomes_no_fact_of_its_own() -> None:
    data = saved(photo(), "PNG")
    made_up = data[:33] + b"\0\0\0\0abCd" + zlib.crc32(b"abCd").to_bytes(4, "big") + data[33:]
    assert set(container_facts(made_up)) - set(container_facts(data)) == {"chunk of another kind"}


@given(broken_files())
def test_a_broken_file_has_facts_or_is_refused(data: bytes) -> None:
    try:
        facts = container_facts(data)
    except InputError:
        return
    assert np.isfinite(list(facts.values())).all()


def test_bits_per_pixel_are_those_of_the_file() -> None:
    data = saved(photo(40, 56), "PNG")
    assert bits_per_pixel(data) == pytest.approx(8 * len(data) / (40 * 56))


def test_blocks_show_more_the_lower_the_quality_and_least_where_never_saved() -> None:
    plain = textured(0, 320, 400)
    values = [
        blockiness(read_picture(encode(plain, Encoding("jpeg", quality)).data).pixels)
        for quality in (95, 80, 60, 30)
    ]
    assert [blockiness(plain), *values] == sorted([blockiness(plain), *values])


def test_blocks_that_were_moved_off_the_grid_hardly_show() -> None:
    blocky = read_picture(encode(textured(0, 320, 400), Encoding("jpeg", 60)).data).pixels
    assert blockiness(blocky[2:, 2:]) < blockiness(blocky) / 2


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (8, 40), (1, 300)])
def test_a_picture_without_a_corner_of_blocks_shows_none(size: tuple[int, int]) -> None:
    assert blockiness(np.full((*size, 3), 7, np.uint8)) == 0


# -- AUC on photographs that were not learned from ------------------------------------------------


def first_figure(learned: object, forged: object, judged: NDArray[np.float64]) -> NDArray[np.float64]:
    return judged[:, 0]


def some_classes(photographs: int = 40, *, seed: int = 0) -> Classes:
    """One forged and one authentic picture each."""
    numbers = np.repeat(np.arange(photographs), 2)
    found = classes_of(np.tile([True, False], photographs), numbers, seed=seed)
    assert found is not None
    return found


def test_in_a_single_fold_the_auc_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    classes = dataclasses.replace(some_classes(), folds=np.zeros(80, np.int64))
    figures = np.round(rng.normal(classes.forged * 0.7, 1), 1)[:, None]  # rounded: with ties
    assert len(np.unique(figures)) < 60
    expected = roc_auc_score(classes.forged, figures[:, 0])
    assert separation(figures, classes, first_figure, seed=0).auc == pytest.approx(expected)


def test_over_folds_the_auc_is_the_mean_of_scikit_learns_weighted_by_comparisons() -> None:
    rng = np.random.default_rng(4)
    forged = rng.random(300) < 0.3
    classes = classes_of(forged, rng.integers(0, 120, 300), seed=1)
    assert classes is not None
    figures = np.round(rng.normal(forged * 0.5, 1), 1)[:, None]
    of_folds, weights = [], []
    for fold in range(FOLDS):
        here = classes.folds == fold
        of_folds.append(roc_auc_score(forged[here], figures[here, 0]))
        weights.append(forged[here].sum() * (~forged[here]).sum())
    expected = np.average(of_folds, weights=weights)
    assert separation(figures, classes, first_figure, seed=0).auc == pytest.approx(expected)


def test_the_interval_is_that_of_a_bootstrap_written_out_widened_by_the_root_of_two() -> None:
    rng = np.random.default_rng(5)
    # a few photographs have most of the pictures, and are unlike the others: whom a draw holds, counts
    photographs = np.repeat(np.arange(60), np.where(np.arange(60) < 6, 20, 2))
    forged = np.arange(len(photographs)) % 2 == 0
    classes = classes_of(forged, photographs, seed=0)
    assert classes is not None
    classes = dataclasses.replace(classes, folds=np.zeros(len(forged), np.int64))
    figures = rng.normal(forged * np.where(photographs < 6, -1.5, 1.0), 1)
    draws = []
    for _ in range(400):
        rows = np.concatenate([np.flatnonzero(photographs == each) for each in rng.integers(0, 60, 60)])
        draws.append(roc_auc_score(forged[rows], figures[rows]))
    found = separation(figures[:, None], classes, first_figure, seed=0)
    low, high = np.clip(found.auc + np.sqrt(2) * (np.percentile(draws, [2.5, 97.5]) - found.auc), 0, 1)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.04)


def test_scores_that_differ_by_the_order_of_arithmetic_are_ties() -> None:
    def nearly_equal(learned: object, forged: object, judged: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.1 + 1e-15 * np.arange(len(judged))

    figures = np.random.default_rng(2).normal(size=(80, 1))
    assert separation(figures, some_classes(), nearly_equal, seed=0) == Separation(0.5, 0.5, 0.5)


def test_no_photograph_is_in_two_folds_and_each_fold_has_its_share_of_every_kind() -> None:
    rng = np.random.default_rng(6)
    both, forged_only, authentic_only = np.arange(50), np.arange(50, 75), np.arange(75, 110)
    photographs = np.concatenate([both, both, forged_only, authentic_only])
    forged = np.concatenate([np.ones(50), np.zeros(50), np.ones(25), np.zeros(35)]).astype(bool)
    order = rng.permutation(len(forged))
    classes = classes_of(forged[order], photographs[order], seed=0)
    assert classes is not None
    for photograph in range(110):
        assert len(np.unique(classes.folds[classes.photographs == photograph])) == 1
    for kind in (both, forged_only, authentic_only):
        folds = [classes.folds[np.flatnonzero(photographs[order] == each)[0]] for each in kind]
        assert np.ptp(np.bincount(folds, minlength=FOLDS)) <= 1


@pytest.mark.parametrize("score", [logistic, boosted, by_one_figure])
def test_figures_that_are_all_the_same_give_exactly_one_half(
    score: Callable[..., NDArray[np.float64]],
) -> None:
    found = separation(np.full((80, 3), 5.0), some_classes(), score, seed=0)
    assert found == Separation(0.5, 0.5, 0.5)


@pytest.mark.parametrize("score", [logistic, boosted, by_one_figure])
def test_figures_that_belong_to_the_photograph_give_exactly_one_half(
    score: Callable[..., NDArray[np.float64]],
) -> None:
    figures = np.repeat(np.random.default_rng(7).integers(0, 9, (40, 3)), 2, axis=0).astype(np.float64)
    assert separation(figures, some_classes(), score, seed=0) == Separation(0.5, 0.5, 0.5)


def test_a_constant_figure_is_one_half_also_where_folds_hold_the_classes_unevenly() -> None:
    """Where scores of all folds stand in one list, this is far below 0.5."""
    rng = np.random.default_rng(8)
    photographs = np.concatenate([np.arange(60), rng.integers(0, 30, 60)])
    classes = classes_of(np.arange(120) < 60, photographs, seed=0)
    assert classes is not None
    figures = rng.normal(size=(120, 1))

    def share_learned_from(
        learned: object, forged: NDArray[np.bool_], judged: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return np.full(len(judged), forged.mean())

    assert separation(figures, classes, share_learned_from, seed=0) == Separation(0.5, 0.5, 0.5)
    pooled = np.concatenate(
        [
            np.full((classes.folds == fold).sum(), classes.forged[classes.folds != fold].mean())
            for fold in range(FOLDS)
        ]
    )
    truth = np.concatenate([classes.forged[classes.folds == fold] for fold in range(FOLDS)])
    assert roc_auc_score(truth, pooled) < 0.45


def intervals_of_chance(
    score: Callable[..., NDArray[np.float64]], figures: int, times: int
) -> Iterator[Separation]:
    for seed in range(times):
        drawn = np.random.default_rng(seed).normal(size=(100, figures))
        yield separation(drawn, some_classes(50, seed=seed), score, seed=seed)


@pytest.mark.slow
def test_the_interval_of_random_figures_holds_one_half_in_about_95_of_100_datasets() -> None:
    found = list(intervals_of_chance(logistic, 5, 60))
    assert np.mean([each.low <= 0.5 <= each.high for each in found]) >= 0.90
    assert np.mean([each.auc for each in found]) == pytest.approx(0.5, abs=0.03)  # 3 standard errors


@pytest.mark.slow
@pytest.mark.parametrize(("score", "figures"), [(logistic, 20), (boosted, 5), (by_one_figure, 1)])
def test_the_interval_holds_one_half_for_every_score(
    score: Callable[..., NDArray[np.float64]], figures: int
) -> None:
    found = list(intervals_of_chance(score, figures, 200))
    assert np.mean([each.low <= 0.5 <= each.high for each in found]) >= 0.92


@pytest.mark.slow
def test_without_the_widening_it_would_miss_one_half_too_often() -> None:
    found = list(intervals_of_chance(logistic, 20, 200))
    low, high = (
        np.array([each.auc + (end - each.auc) / np.sqrt(2) for each, end in zip(found, ends, strict=True)])
        for ends in ([each.low for each in found], [each.high for each in found])
    )
    assert np.mean((low <= 0.5) & (high >= 0.5)) < 0.92


@pytest.mark.parametrize("score", [logistic, boosted])
def test_a_planted_difference_is_found_on_photographs_not_learned_from(
    score: Callable[..., NDArray[np.float64]],
) -> None:
    classes = some_classes(60)
    rng = np.random.default_rng(9)
    figures = rng.normal(size=(120, 6))
    figures[:, 4] += 2 * classes.forged
    expected = roc_auc_score(classes.forged, figures[:, 4])
    found = separation(figures, classes, score, seed=0)
    assert found.auc == pytest.approx(expected, abs=0.06)
    assert found.low > 0.5


def test_trees_find_what_only_two_figures_together_tell() -> None:
    classes = some_classes(100)
    one = np.random.default_rng(10).integers(0, 2, 200)
    figures = np.stack([one, one ^ classes.forged], axis=1).astype(np.float64)
    assert separation(figures, classes, boosted, seed=0).auc > 0.95
    assert separation(figures, classes, logistic, seed=0).auc < 0.7


def test_a_figure_that_is_lower_in_forged_pictures_tells_as_much() -> None:
    classes = some_classes()
    figures = np.random.default_rng(11).normal(-1.5 * classes.forged, 1)[:, None]
    assert separation(figures, classes, by_one_figure, seed=0).auc == pytest.approx(
        1 - roc_auc_score(classes.forged, figures[:, 0]), abs=0.03
    )


# -- datasets -------------------------------------------------------------------------------------


def textured(seed: int, height: int = 96, width: int = 128) -> Picture:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 6, width // 6, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)


def edit_of(original: Picture) -> Picture:
    edited = original.copy()
    edited[20:60, 30:80] = 255 - edited[20:60, 30:80]
    return edited


def naive(number: int, *, edited_as: str = "JPEG", **options: object) -> Pair:
    """A JPEG 92 and its edit, saved in another way; sizes differ from pair to pair."""
    original = textured(number, 96 + 8 * (number % 5), 128 - 8 * (number % 3))
    before = Encoded(saved(original, "JPEG", quality=92), f"{number}.jpg")
    return Pair(
        str(number), before, Encoded(saved(edit_of(original), edited_as, **options), f"{number}-edited")
    )


def ours(pair: Pair, encoding: Encoding) -> Iterator[Record]:
    number = int(pair.id)
    for label, picture in (("forged", pair.edited), ("authentic", pair.original)):
        stored = encode(read_picture(picture).pixels, encoding)
        yield Record(f"{label}/{pair.id}", "train", label, stored.data, row={"photograph": number})


@pytest.mark.parametrize(
    ("edited_as", "options"), [("PNG", {}), ("JPEG", {"quality": 75})], ids=["PNG", "JPEG 75"]
)
def test_a_naive_export_of_pairs_saved_unlike_is_found_out(
    edited_as: str, options: dict[str, object]
) -> None:
    found = measure_shortcuts(naive_records(naive(n, edited_as=edited_as, **options) for n in range(30)))
    assert found.measured
    assert found.against == "original"
    assert found.logistic
    assert found.boosted
    assert min(found.logistic.auc, found.boosted.auc) > 0.9
    assert found.telling[0][1] == 1
    assert ("quality" in dict(found.telling)) == (edited_as == "JPEG")  # lower in what was edited


@pytest.mark.parametrize("encoding", [Encoding("png"), Encoding("jpeg", 90)], ids=str)
def test_the_same_pictures_in_our_containers_are_not(encoding: Encoding) -> None:
    found = measure_shortcuts(each for n in range(30) for each in ours(naive(n, quality=75), encoding))
    assert (found.against, found.forged, found.authentic, found.photographs) == ("authentic", 30, 30, 30)
    assert found.logistic == found.boosted == Separation(0.5, 0.5, 0.5)
    assert found.telling == ()


def test_what_was_compressed_before_still_shows_in_the_pixels() -> None:
    pairs = [naive(n, edited_as="JPEG", quality=40) for n in range(30)]
    found = measure_shortcuts(each for pair in pairs for each in ours(pair, Encoding("png")))
    assert found.bits_per_pixel
    assert found.blockiness
    assert found.blockiness.low > 0.9
    assert found.bits_per_pixel.low > 0.9


def test_too_few_photographs_are_not_measured_and_it_says_so() -> None:
    found = measure_shortcuts(naive_records(naive(n) for n in range(LEAST_PHOTOGRAPHS - 1)))
    assert not found.measured
    assert found.missing == "fewer than 20 photographs with forged, or with original, pictures"


def test_many_edits_of_few_photographs_are_few_photographs() -> None:
    pairs = [dataclasses.replace(naive(n % 10), id=str(n)) for n in range(60)]
    found = measure_shortcuts(naive_records(pairs))
    assert (found.measured, found.photographs, found.forged) == (False, 10, 60)


def test_forged_pictures_alone_are_told_from_nothing() -> None:
    found = measure_shortcuts(Record(f"{n}", "", "forged", saved(photo(seed=n), "PNG")) for n in range(30))
    assert (found.measured, found.forged, found.authentic) == (False, 30, 0)
    assert found.missing == "there are no authentic pictures, and no originals, to tell forged ones from"


def test_nothing_at_all_is_not_measured() -> None:
    found = measure_shortcuts([])
    assert (found.measured, found.forged, found.photographs) == (False, 0, 0)


def test_without_scikit_learn_the_line_that_installs_it_is_given_and_the_traces_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = measure_shortcuts(naive_records(naive(n) for n in range(25)))
    assert not found.measured
    assert "pip install 'maskwright[shortcuts]'" in found.missing
    assert found.logistic is None
    assert found.blockiness is not None


def test_pictures_that_cannot_be_read_are_counted_and_end_nothing() -> None:
    records = [*naive_records(naive(n) for n in range(25)), Record("x", "", "forged", b"no picture")]
    records += [Record("y", "", "forged", None), Record("z", "", None, saved(photo(), "PNG"))]
    found = measure_shortcuts(records)
    assert (found.measured, found.unreadable, found.forged) == (True, 1, 25)


def test_rejections_of_a_source_are_passed_over() -> None:
    assert [each.id for each in naive_records([Rejection("a", "unmatched"), naive(1)])] == ["1"]


def test_the_order_of_the_records_changes_nothing() -> None:
    records = [each for n in range(30) for each in ours(naive(n, quality=50), Encoding("png"))]
    assert measure_shortcuts(records, most=50) == measure_shortcuts(records[::-1], most=50)


def test_no_more_records_are_looked_at_than_asked_for_and_photographs_stay_whole() -> None:
    records = [each for n in range(40) for each in ours(naive(n), Encoding("png"))]
    found = measure_shortcuts(records, most=55)
    assert (found.forged, found.authentic, found.photographs) == (27, 27, 27)
    assert measure_shortcuts(records, most=55, seed=1) != found
    authentic_first = sorted(records, key=lambda record: record.label or "")
    few = measure_shortcuts(authentic_first, most=21)  # with room left for half a photograph
    assert few.forged == few.authentic == few.photographs == 10


def test_a_result_comes_back_from_json_as_it_was() -> None:
    for found in (
        measure_shortcuts(naive_records(naive(n, quality=75) for n in range(25))),
        measure_shortcuts([]),
    ):
        assert from_dict(json.loads(json.dumps(as_dict(found)))) == found


@pytest.mark.parametrize("said", [{}, {"logistic": 3}, {**as_dict(measure_shortcuts([])), "more": 1}])
def test_what_is_no_result_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no result"):
        from_dict(said)


def test_a_result_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        measure_shortcuts([]).measured = True  # type: ignore[misc]
    assert isinstance(measure_shortcuts([]), Shortcuts)
