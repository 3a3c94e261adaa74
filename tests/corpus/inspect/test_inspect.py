"""Every silent mistake is found in a source that has it, and none in a source that has none."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.PngImagePlugin import PngInfo

import maskwright
from maskwright.corpus.inspect.checks import CHECKS
from maskwright.corpus.inspect.values import Finding, Inspection
from maskwright.errors import InputError, SettingError
from maskwright.pairs.sources import Roles
from tests.corpus.inspect.made import (
    HEIGHT,
    WIDTH,
    Row,
    clean_rows,
    edit,
    photograph,
    pixels,
    region,
    with_masks,
    write_folder,
    write_table,
)
from tests.pairs.awkward import saved
from tests.strategies import broken_files


def codes(inspection: Inspection) -> list[str]:
    return [finding.code for finding in inspection.findings]


def only(inspection: Inspection, code: str) -> Finding:
    """The finding of a source that has this mistake and no other."""
    assert codes(inspection) == [code]
    finding = inspection.findings[0]
    assert finding.sentence
    assert finding.evidence
    assert finding.type_this
    assert 0 < finding.share <= 1
    assert len(finding.ids) <= 10
    return finding


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    return maskwright.inspect(write_folder(tmp_path_factory.mktemp("clean"), clean_rows()))


def test_a_clean_folder_gives_no_finding(clean: Inspection) -> None:
    assert clean.findings == ()
    assert not clean.mistakes


def test_a_clean_table_gives_no_finding(tmp_path: Path) -> None:
    assert maskwright.inspect(write_table(tmp_path, clean_rows())).findings == ()


def test_a_clean_parquet_with_pictures_inside_gives_no_finding(tmp_path: Path) -> None:
    rows = clean_rows()
    columns = {
        "source_img": "original",
        "target_img": "edited",
        "mask_img": "mask",
        "edit_prompt": "instruction",
    }
    table = {name: [getattr(row, field) for row in rows] for name, field in columns.items()}
    pq.write_table(pa.table(table), tmp_path / "pairs.parquet")
    inspection = maskwright.inspect(tmp_path / "pairs.parquet")
    assert inspection.findings == ()
    assert inspection.listing.compared == len(rows)


def test_it_says_what_was_seen(clean: Inspection) -> None:
    assert clean.reading.layout
    assert clean.listing.rows == clean.listing.listed == clean.listing.pairs == len(clean.looked) == 12
    assert clean.sizes == clean.original_sizes == {f"{WIDTH}x{HEIGHT}": 12}
    assert (clean.relations, clean.geometries) == ({"equal": 12}, {"identity": 12})
    assert (clean.backgrounds, clean.verdicts) == ({"identical": 12}, {"local_edit": 12})
    assert clean.masks is not None
    assert clean.masks.kinds == {"L, 2 levels, highest 255": 12}
    assert clean.masks.area_frac[0] == pytest.approx(24 * 36 / (WIDTH * HEIGHT))
    assert clean.expected == ()
    assert clean.next_command.startswith("maskwright annotate ")


def test_the_sheet_can_be_drawn_without_reading_again(clean: Inspection) -> None:
    assert len(clean.sheet) == 12
    for pair in clean.sheet:
        assert pair.original is not None
        assert pair.edited is not None
        assert pair.mask is not None
        assert pair.mask.dtype == bool
        assert pair.mask.shape == pair.edited.shape[:2]
        assert pair.mask.any()
        assert pair.edited_size == (WIDTH, HEIGHT)


def test_of_a_larger_source_a_sample_is_drawn_that_reaches_both_ends(tmp_path: Path) -> None:
    inspection = maskwright.inspect(write_table(tmp_path, clean_rows(4) * 25))
    rows = [int(looked.id.partition("#")[2]) for looked in inspection.looked]
    assert len(rows) == 60
    assert rows == sorted(set(rows))
    assert rows[0] < 2
    assert rows[-1] >= 98
    assert len(inspection.sheet) == 12


def test_the_same_seed_draws_the_same_and_another_draws_others(tmp_path: Path) -> None:
    place = write_table(tmp_path, clean_rows(4) * 25)
    first, again, other = (maskwright.inspect(place, seed=seed).looked for seed in (0, 0, 1))
    assert [each.id for each in first] == [each.id for each in again]
    assert [each.id for each in first] != [each.id for each in other]


def test_inverted_masks_are_found(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: 255 - mask)
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_inverted")
    assert finding.certain
    assert finding.share == 1


def test_empty_masks_of_edited_pictures_are_found(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: mask * 0)
    assert only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_empty").certain


def test_empty_masks_of_untouched_pictures_are_right(tmp_path: Path) -> None:
    rows = [replace(row, edited=saved(photograph(i), "BMP")) for i, row in enumerate(clean_rows())]
    rows = with_masks(rows, lambda mask: mask * 0)
    inspection = maskwright.inspect(write_folder(tmp_path, rows))
    assert codes(inspection) == ["same_picture_twice"]


def test_full_masks_of_pictures_edited_in_part_are_found(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: mask * 0 + 255)
    assert only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_full").certain


def test_masks_of_levels_0_and_1_are_found_and_said_to_be_read_right(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: mask // 255)
    inspection = maskwright.inspect(write_folder(tmp_path, rows))
    finding = only(inspection, "masks_levels_0_1")
    assert "read right here" in finding.sentence
    assert "1 (12)" in finding.evidence
    assert inspection.masks is not None
    assert inspection.masks.area_frac[0] > 0


def test_masks_in_transparency_are_found_and_said_to_be_read_right(tmp_path: Path) -> None:
    rows = [
        replace(row, mask=saved(np.dstack([pixels(row.edited), 255 - pixels(row.mask or b"")]), "PNG"))
        for row in clean_rows()
    ]
    assert (
        "read right here" in only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_in_alpha").sentence
    )


def test_masks_of_another_size_are_found(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: mask[::2, ::2])
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_other_size")
    assert f"mask {WIDTH // 2}x{HEIGHT // 2}, picture {WIDTH}x{HEIGHT}" in finding.evidence


def test_masks_that_lie_on_their_side_are_found(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: np.ascontiguousarray(np.rot90(mask)))
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_turned")
    assert "height and width exchanged" in finding.evidence


@pytest.mark.parametrize(
    ("turn", "word"),
    [
        (lambda mask: np.rot90(mask, 1), "turned right"),
        (lambda mask: np.rot90(mask, 3), "turned left"),
        (lambda mask: np.rot90(mask, 2), "upside down"),
        (lambda mask: mask[:, ::-1], "mirrored"),
    ],
)
def test_turned_masks_of_square_pictures_are_found_by_the_change(tmp_path: Path, turn, word: str) -> None:  # type: ignore[no-untyped-def]
    rows = with_masks(clean_rows(width=96), lambda mask: np.ascontiguousarray(turn(mask)))
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_turned")
    # what is said is what brings them back
    assert f"when they are {word}" in finding.evidence or f"when {word}" in finding.evidence


def test_masks_where_nothing_changed_are_suspected(tmp_path: Path) -> None:
    rows = with_masks(clean_rows(), lambda mask: np.roll(mask, (32, 42), (0, 1)))
    assert not only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_elsewhere").certain


def test_masks_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    rows = clean_rows()
    rows[3:6] = [replace(row, mask=(row.mask or b"")[:40]) for row in rows[3:6]]
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "masks_unreadable")
    assert finding.ids == ("edited/003.png", "edited/004.png", "edited/005.png")


def without_masks(rows: list[Row]) -> list[Row]:
    return [replace(row, mask=None) for row in rows]


@pytest.mark.parametrize("by", [1, -3])
def test_rows_that_came_apart_are_found_with_their_offset(tmp_path: Path, by: int) -> None:
    rows = without_masks(clean_rows(24))
    originals = [row.original for row in rows[-by:] + rows[:-by]]
    shifted = [replace(row, original=original) for row, original in zip(rows, originals, strict=True)]
    finding = only(maskwright.inspect(write_table(tmp_path, shifted)), "rows_shifted")
    assert f"offset of {by:+d} " in finding.evidence
    assert finding.certain


def test_rows_that_match_nowhere_are_found(tmp_path: Path) -> None:
    rows = [
        replace(row, original=saved(photograph(100 + i), "PNG"))
        for i, row in enumerate(without_masks(clean_rows()))
    ]
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "rows_do_not_match")
    assert "paired by their names" in finding.sentence
    assert finding.evidence.startswith("12 of 12")


def test_an_edited_picture_that_is_its_original_is_found(tmp_path: Path) -> None:
    rows = without_masks(clean_rows())
    rows[:6] = [replace(row, edited=row.original) for row in rows[:6]]
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "same_picture_twice")
    assert "6 of 12 sampled pairs" in finding.evidence


def test_a_single_untouched_pair_is_no_mistake(tmp_path: Path) -> None:
    rows = without_masks(clean_rows())
    rows[0] = replace(rows[0], edited=rows[0].original)
    assert maskwright.inspect(write_folder(tmp_path, rows)).findings == ()


def test_repeated_pairs_are_found(tmp_path: Path) -> None:
    rows = clean_rows()
    finding = only(maskwright.inspect(write_folder(tmp_path, rows + rows[:4])), "duplicate_pairs")
    assert finding.certain
    assert finding.ids == tuple(f"edited/{number:03}.png" for number in range(12, 16))


def test_one_edited_picture_under_two_names_is_noted(tmp_path: Path) -> None:
    rows = without_masks(clean_rows())
    for i in (1, 3, 5):
        again = saved(pixels(rows[i - 1].original), "PNG", compress_level=1)
        assert again != rows[i - 1].original
        rows[i] = replace(rows[i - 1], original=again)
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "duplicate_files")
    assert not finding.certain
    assert "in 6 of 12" in finding.evidence


def test_one_original_under_two_names_is_counted_and_no_mistake(tmp_path: Path) -> None:
    rows = without_masks(clean_rows())
    for i in (1, 3, 5):
        original = rows[i - 1].original
        rows[i] = Row(original, saved(edit(pixels(original), region(50 + i)[::-1]), "PNG"), None)
    inspection = maskwright.inspect(write_folder(tmp_path, rows))
    assert inspection.findings == ()
    assert inspection.listing.shared_originals.rows == 6


def test_one_original_with_many_edits_is_no_duplicate(tmp_path: Path) -> None:
    photo = photograph(1)
    (tmp_path / "x.jpg").write_bytes(saved(photo, "JPEG", quality=95))
    for i in range(12):
        mask = np.roll(region(1), 5 * i, axis=1)
        (tmp_path / f"x_edit{i}.jpg").write_bytes(saved(edit(photo, mask), "JPEG", quality=95))
    inspection = maskwright.inspect(tmp_path)
    assert inspection.findings == ()
    assert inspection.listing.shared_originals.rows == 0


def test_an_original_that_is_edited_elsewhere_is_noted(tmp_path: Path) -> None:
    rows = without_masks(clean_rows())
    for i in (1, 3, 5):
        before = rows[i - 1].edited
        rows[i] = Row(before, saved(edit(pixels(before), region(50 + i)[::-1]), "PNG"), None)
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "original_is_edited_elsewhere")
    assert finding.ids == ("edited/001.png", "edited/003.png", "edited/005.png")


def test_files_that_are_not_there_are_found(tmp_path: Path) -> None:
    rows = clean_rows()
    rows[2], rows[4] = replace(rows[2], edited=b""), replace(rows[4], original=b"")
    inspection = maskwright.inspect(write_table(tmp_path, rows))
    finding = only(inspection, "files_missing")
    assert "1 original" in finding.evidence
    assert "1 edited" in finding.evidence
    assert [(each.reason, each.rows, each.counted) for each in inspection.expected] == [
        ("file_missing", 2, True)
    ]


def test_files_without_a_partner_are_found(tmp_path: Path) -> None:
    rows = clean_rows()
    rows[2:6] = [replace(row, edited=b"", mask=None) for row in rows[2:6]]
    inspection = maskwright.inspect(write_folder(tmp_path, rows))
    assert "4 unmatched" in only(inspection, "files_unmatched").evidence
    assert [(each.reason, each.rows, each.counted) for each in inspection.expected] == [
        ("unmatched", 4, True)
    ]


def test_files_that_cannot_be_read_are_found_and_extrapolated(tmp_path: Path) -> None:
    rows = without_masks(clean_rows(30)) * 4
    rows = [replace(row, edited=row.edited[:60]) if i % 2 else row for i, row in enumerate(rows)]
    rows = [
        replace(row, original=saved(photograph(i), "PNG")) if i >= 30 else row for i, row in enumerate(rows)
    ]
    inspection = maskwright.inspect(write_folder(tmp_path, rows[:120]))
    assert "pictures_unreadable" in codes(inspection)
    (expected,) = [each for each in inspection.expected if each.reason == "truncated"]
    assert expected.of == 60
    assert not expected.counted
    assert 40 <= expected.rows <= 80


def test_empty_instructions_are_noted(tmp_path: Path) -> None:
    rows = [replace(row, instruction="" if i < 5 else row.instruction) for i, row in enumerate(clean_rows())]
    finding = only(maskwright.inspect(write_table(tmp_path, rows)), "instruction_empty")
    assert "5 of 12" in finding.evidence


def test_edited_pictures_of_other_proportions_are_noted(tmp_path: Path) -> None:
    rows = [
        Row(row.original, saved(np.ascontiguousarray(pixels(row.edited)[:, :100]), "PNG"), None)
        for row in clean_rows()
    ]
    assert not only(maskwright.inspect(write_folder(tmp_path, rows)), "shapes_differ").certain


def test_a_low_jpeg_quality_is_noted(tmp_path: Path) -> None:
    rows = [
        Row(row.original, saved(pixels(row.edited), "JPEG", quality=35), row.mask) for row in clean_rows()
    ]
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "jpeg_quality_low")
    assert "median 35" in finding.evidence


def history_rows(count: int = 20) -> list[Row]:
    """Originals that were JPEG once; edits in them that were not; all saved as PNG."""
    rows = []
    for seed in range(count):
        once = saved(photograph(seed), "JPEG", quality=80)
        photo = pixels(once)
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[16:72, 24:96] = True
        pasted = np.where(mask[:, :, None], photograph(900 + seed), photo)
        rows.append(Row(saved(photo, "PNG"), saved(pasted, "PNG"), None))
    return rows


def test_exchanged_sides_are_suspected_by_what_the_pixels_went_through(tmp_path: Path) -> None:
    rows = [Row(row.edited, row.original, None) for row in history_rows()]
    inspection = maskwright.inspect(write_folder(tmp_path, rows))
    finding = only(inspection, "roles_swapped")
    assert not finding.certain
    assert "JPEG history" in finding.evidence
    assert "--swap" in finding.type_this


def test_sides_the_right_way_round_are_not_suspected(tmp_path: Path) -> None:
    assert maskwright.inspect(write_folder(tmp_path, history_rows())).findings == ()


def test_read_swapped_again_the_suspicion_is_gone(tmp_path: Path) -> None:
    place = write_folder(tmp_path, [Row(row.edited, row.original, None) for row in history_rows()])
    assert maskwright.inspect(place, roles=Roles(swap=True)).findings == ()


def test_cameras_on_the_edited_side_are_a_reason_to_suspect(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "EOS 5D"
    rows = [
        Row(row.original, saved(pixels(row.edited), "JPEG", quality=97, exif=exif.tobytes()), None)
        for row in clean_rows()
    ]
    assert (
        "camera data 12" in only(maskwright.inspect(write_folder(tmp_path, rows)), "roles_swapped").evidence
    )


def test_pipe_read_by_its_names_is_suspected(tmp_path: Path) -> None:
    rows = clean_rows()
    table = {
        "source_img": [row.original for row in rows],
        "target_img": [row.edited for row in rows],
        "object_location": ["left"] * len(rows),
    }
    pq.write_table(pa.table(table), tmp_path / "pipe.parquet")
    wrong = Roles(original="source_img", edited="target_img")
    finding = only(maskwright.inspect(tmp_path / "pipe.parquet", roles=wrong), "roles_swapped")
    assert "PIPE" in finding.evidence


def test_generators_marks_in_the_originals_are_suspected(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat, Steps: 20, Sampler: Euler a")
    rows = [
        Row(*(saved(pixels(side), "PNG", pnginfo=info) for side in (row.original, row.edited)), None)
        for row in clean_rows()
    ]
    finding = only(maskwright.inspect(write_folder(tmp_path, rows)), "both_generated")
    assert "'parameters'" in finding.evidence


def test_edits_marked_by_a_generator_are_as_they_should_be(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat, Steps: 20, Sampler: Euler a")
    rows = [replace(row, edited=saved(pixels(row.edited), "PNG", pnginfo=info)) for row in clean_rows()]
    assert maskwright.inspect(write_folder(tmp_path, rows)).findings == ()


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    rows = clean_rows(20)
    rows[3] = replace(rows[3], edited=rows[3].edited[:80])
    place = write_table(tmp_path, rows)
    text = place.read_text(encoding="utf-8").splitlines()
    text[6] = "one cell"
    text[8] = ",,,"
    place.write_text("\n".join(text) + "\n", encoding="utf-8")
    inspection = maskwright.inspect(place)
    rejected = sum(group.rows for group in inspection.listing.rejected.values())
    assert inspection.listing.rows == inspection.listing.listed == 20
    assert inspection.listing.pairs + rejected == 20
    assert rejected == 2
    assert len(inspection.looked) == inspection.listing.pairs
    assert {each.reason: each.rows for each in inspection.expected} == {
        "bad_row": 1,
        "no_picture": 1,
        "truncated": 1,
    }


def test_a_source_of_nothing_but_rejections_is_inspected(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("original,edited\n" + "http://a/b.png,http://a/c.png\n" * 5)
    inspection = maskwright.inspect(tmp_path / "pairs.csv")
    assert (inspection.looked, inspection.listing.pairs) == ((), 0)
    assert [(each.reason, each.rows) for each in inspection.expected] == [("remote_not_allowed", 5)]


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        maskwright.inspect(tmp_path / "nowhere")


@pytest.mark.parametrize("setting", [{"seed": -1}, {"seed": True}, {"max_pixels": 0}])
def test_a_setting_out_of_range_is_refused(tmp_path: Path, setting: dict[str, int]) -> None:
    with pytest.raises(SettingError):
        maskwright.inspect(write_folder(tmp_path, clean_rows(2)), **setting)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(broken_files(), broken_files(), broken_files()), min_size=1, max_size=3))
def test_no_file_ends_an_inspection(files: list[tuple[bytes, bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, sides in enumerate(files):
            for side, data in zip(("original", "edited", "mask"), sides, strict=True):
                path = Path(folder, side, f"{number}.png")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
        inspection = maskwright.inspect(folder)
    assert len(inspection.looked) == len(inspection.sheet) == len(files)
    assert all(each.status in ("ok", "rejected") for each in inspection.looked)


def test_every_code_is_in_the_manual_and_the_manual_has_no_other() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "findings.md"
    told = re.findall(r"^\| `(\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(CHECKS)


def test_codes_are_listed_once_and_are_those_of_the_findings() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]+", code) for code in CHECKS)
