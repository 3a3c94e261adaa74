"""Published corpora: what their presets know decides what is passed on, and which originals are authentic."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.datasets.building.build import BuildOptions, build
from maskwright.errors import SettingError
from maskwright.pairs.sources import Roles
from tests.corpus.made import png
from tests.datasets.building import corpus_of, digests, edit, rows_of, scene, settings_of, table_of

PHOTOGRAPHS = BuildOptions(authentic=1.0, originals_are_photographs=True)
EXTRA = {"PIPE": ["img_id", "ann_id"], "HQ-Edit": ["inverse_edit"]}


def corpus(place: Path, title: str, original: str, edited: str) -> Path:
    """Four rows in Parquet with the columns of a published corpus."""
    originals = [png(scene(number)) for number in range(4)]
    columns = {original: originals, edited: [png(edit(scene(number), number)) for number in range(4)]}
    columns |= {name: [f"{number}" for number in range(4)] for name in EXTRA[title]}
    place.mkdir()
    pq.write_table(pa.table(columns), place / "train-00000-of-00001.parquet", row_group_size=2)
    return corpus_of(place / "train-00000-of-00001.parquet", place / "out", roles=Roles(corpus=title.lower()))


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("pipe") / "PIPE", "PIPE", "target_img", "source_img")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("hq") / "HQ-Edit", "HQ-Edit", "input_image", "output_image")


def test_a_corpus_of_photographs_gives_authentic_pictures_without_being_told(
    pipe: Path, tmp_path: Path
) -> None:
    build(
        tmp_path / "d",
        outs=[pipe],
        selection="all",
        format="imdlbenco",
        options=BuildOptions(authentic=1.0),
        workers=1,
    )
    rows = rows_of(tmp_path / "d")
    assert sum(row["label"] == "authentic" for row in rows) == 4
    assert {row["source"] for row in rows} == {"pipe"}
    assert {row["licence"] for row in rows} == {"CC-BY-4.0"}
    assert {row["redistribute"] for row in rows} == {"pictures"}
    assert settings_of(tmp_path / "d")["taken"][0]["roles"] == ["--corpus", "pipe"]


def test_a_corpus_of_generated_originals_gives_none_whatever_is_said(generated: Path, tmp_path: Path) -> None:
    said = BuildOptions(authentic=1.0, originals_are_photographs=True, restricted="include")
    build(tmp_path / "d", outs=[generated], selection="all", format="imdlbenco", options=said, workers=1)
    assert {row["label"] for row in rows_of(tmp_path / "d")} == {"forged"}


def test_where_nobody_knows_whether_originals_are_photographs_the_way_to_say_so_is_told(
    pipe: Path, generated: Path, tmp_path: Path
) -> None:
    own = corpus_of(table_of(tmp_path / "mine", range(20, 23), edits=1), tmp_path / "out")
    options = BuildOptions(authentic=1.0, restricted="include")
    notes = {}
    for name, outs in (("known", [pipe, generated]), ("own", [pipe, own])):
        build(
            tmp_path / name,
            outs=outs,
            selection="all",
            format="imdlbenco",
            options=options,
            workers=1,
            announce=lambda said, name=name: notes.update({name: said.notes}),  # type: ignore[misc]
        )
    assert not any("--originals-are-photographs" in note for note in notes["known"])
    (note,) = (note for note in notes["own"] if "--originals-are-photographs" in note)
    assert "table.csv" in note
    assert "pipe" not in note


def test_a_corpus_whose_masks_alone_may_be_passed_on_is_refused_with_pictures(
    generated: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=r"of 4 of 4 rows: 4 of hq-edit \(CC-BY-NC-4.0: masks\)") as told:
        build(tmp_path / "d", outs=[generated], selection="all", format="imdlbenco", workers=1)
    assert "--format masks" in told.value.hint


def test_masks_are_joined_to_a_published_corpus_by_its_preset(generated: Path, tmp_path: Path) -> None:
    build(tmp_path / "masks", outs=[generated], selection="all", format="masks", workers=1)
    source = str(generated.parent / "train-00000-of-00001.parquet")
    build(
        tmp_path / "joined" / "d",
        outs=[tmp_path / "masks"],
        format="imdlbenco",
        options=BuildOptions(sources=(source,)),
        workers=1,
    )
    at_once = BuildOptions(restricted="include")
    build(tmp_path / "d", outs=[generated], selection="all", format="imdlbenco", options=at_once, workers=1)
    pictures = {name: digest for name, digest in digests(tmp_path / "d").items() if name.endswith(".png")}
    assert pictures.items() <= digests(tmp_path / "joined" / "d").items()
    assert settings_of(tmp_path / "joined" / "d")["restricted"] == "include", "the card says so"


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (BuildOptions(), {}, "1 corpora, hq-edit: 0 are given"),
        (BuildOptions(sources=("a", "b")), {}, "2 are given"),
        (BuildOptions(sources=("a",), seed=1), {}, "has settled its rows and splits: --seed"),
        (BuildOptions(sources=("a",)), {"selection": "all"}, "--selection"),
        (BuildOptions(sources=("a",)), {"format": "masks"}, "holds masks only already"),
    ],
)
def test_what_a_dataset_of_masks_has_settled_cannot_be_changed(
    options: BuildOptions, given: dict[str, str], message: str, generated: Path, tmp_path: Path
) -> None:
    build(tmp_path / "masks", outs=[generated], selection="all", format="masks", workers=1)
    with pytest.raises(SettingError, match=message):
        build(tmp_path / "d", outs=[tmp_path / "masks"], **{"format": "parquet", **given}, options=options)
    assert not (tmp_path / "d").exists()


def test_a_dataset_with_pictures_is_nothing_to_build_from(pipe: Path, tmp_path: Path) -> None:
    build(tmp_path / "a", outs=[pipe], selection="all", format="imdlbenco", workers=1)
    with pytest.raises(SettingError, match="its pictures are in it"):
        build(tmp_path / "b", outs=[tmp_path / "a"], format="parquet", workers=1)


def test_pictures_of_a_test_set_are_kept_out_with_all_edits_of_their_photograph(
    pipe: Path, tmp_path: Path
) -> None:
    test_set = tmp_path / "test"
    (test_set / "original").mkdir(parents=True)
    (test_set / "edited").mkdir()
    (test_set / "original" / "x.png").write_bytes(png(scene(2)))
    (test_set / "edited" / "x.png").write_bytes(png(edit(scene(2), 7)))
    options = BuildOptions(exclude=(str(test_set),))
    build(tmp_path / "d", outs=[pipe], selection="all", format="imdlbenco", options=options, workers=1)
    assert [
        row["id"].rpartition("#")[2] for row in sorted(rows_of(tmp_path / "d"), key=lambda r: r["id"])
    ] == [
        "0",
        "1",
        "3",
    ]
    built = settings_of(tmp_path / "d")
    assert built["excluded"] == [["test", 1]]
    assert ["not shown in test", 3] in built["taken"][0]["funnel"]


def test_a_pair_that_two_corpora_have_is_there_once(pipe: Path, generated: Path, tmp_path: Path) -> None:
    options = BuildOptions(restricted="include")
    build(tmp_path / "d", outs=[pipe, generated], selection="all", format="masks", options=options, workers=1)
    assert [row["source"] for row in rows_of(tmp_path / "d")] == ["pipe"] * 4
    funnel = settings_of(tmp_path / "d")["taken"][1]["funnel"]
    assert funnel[-1] == ["not the same pair as another row", 0]
