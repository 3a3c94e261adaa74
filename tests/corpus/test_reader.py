"""The reader gives back what was found, one row at a time, and says what is damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.conditions import matching
from maskwright.corpus.reader import Corpus, open_corpus
from maskwright.corpus.status import status
from maskwright.errors import InputError, RunError, SettingError
from maskwright.masks.annotators.difference import Difference
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.sources import open_source
from maskwright.pairs.values import Pair
from tests.corpus.made import edited, folder_of, photograph, table_of


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pairs, of which one is broken, by an annotator with an ignore map and two layers."""
    place = tmp_path_factory.mktemp("reader")
    source = folder_of(place / "source", 12)
    (source / "edited" / "0004.png").write_bytes(b"")
    annotate(source, place / "out", annotator="tests.corpus.made:Layered", workers=1)
    return place / "out"


@pytest.fixture
def corpus(out: Path) -> Corpus:
    return open_corpus(out)


def test_what_is_read_is_what_was_found(corpus: Corpus) -> None:
    from tests.corpus.made import Layered

    source = open_source(corpus.source)
    for part in source.plan():
        for pair in source.read(part):
            assert isinstance(pair, Pair)
            found = annotate_pair(pair, Layered())
            mask, change = corpus.mask(pair.id), corpus.change(pair.id)
            if found.mask is None or found.change is None:
                assert (mask, change) == (None, None)
                continue
            assert mask is not None
            assert change is not None
            assert np.array_equal(mask, found.mask)
            assert np.abs(change - found.change).max() <= 0.5 / 255 + 1e-6
            assert np.array_equal(mask, change >= 0.5)


def test_ignore_and_layers_are_kept(corpus: Corpus) -> None:
    ignore = corpus.ignore("edited/0001.png")
    assert ignore is not None
    assert ignore[:5].all()
    assert not ignore[5:].any()
    assert corpus.layers == ("side_effect", "donor")
    layer = corpus.layer("side_effect", "edited/0001.png")
    assert layer is not None
    assert np.allclose(layer, 0.25, atol=1 / 255)
    assert corpus.layer("donor", "edited/0001.png") is None


def test_a_rejected_row_has_no_maps(corpus: Corpus) -> None:
    assert corpus.mask("edited/0004.png") is None
    assert corpus.change("edited/0004.png") is None
    assert corpus.ignore("edited/0004.png") is None


def test_pictures_are_opened_by_their_keys(corpus: Corpus) -> None:
    before, after = corpus.pictures("edited/0002.png")
    assert np.array_equal(before, photograph(2))
    assert np.array_equal(after, edited(photograph(2)))


def test_pictures_of_a_broken_row_are_an_input_error(corpus: Corpus) -> None:
    with pytest.raises(InputError, match="no bytes"):
        corpus.pictures("edited/0004.png")


def test_the_table_has_no_pictures_unless_asked(corpus: Corpus) -> None:
    assert not {"mask", "change", "ignore", "donor"} & set(corpus.table().column_names)
    assert corpus.table(["change", "id"]).column_names == ["change", "id"]


def test_rows_come_in_the_plans_order(corpus: Corpus) -> None:
    assert corpus.ids == [f"edited/{number:04d}.png" for number in range(12)]


def test_sql_is_the_condition_over_the_whole_table(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    condition = "status = 'ok' and id > 'edited/0002.png'"
    whole = matching(corpus.table(), condition)
    assert whole.num_rows == 8
    assert corpus.sql(condition).equals(whole)
    monkeypatch.setattr("maskwright.corpus.reader._ROWS_AT_ONCE", 1)
    assert corpus.sql(condition).equals(whole)


def test_sql_names_the_nearest_column(corpus: Corpus) -> None:
    with pytest.raises(SettingError) as caught:
        corpus.sql("area_fraq > 0")
    assert "area_frac" in caught.value.hint


def test_an_unknown_id_column_or_layer_is_named(corpus: Corpus) -> None:
    with pytest.raises(InputError, match=r"edited/0099\.png"):
        corpus.mask("edited/0099.png")
    with pytest.raises(SettingError, match="statu"):
        corpus.table(["statu"])
    with pytest.raises(SettingError, match="doner"):
        corpus.layer("doner", "edited/0001.png")


def test_a_corpus_without_parts_is_empty(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "annotations")
    empty = open_corpus(tmp_path / "out")
    assert empty.ids == []
    assert empty.sql("status = 'ok'").num_rows == 0
    assert empty.table().schema.equals(open_corpus(out).table().schema)
    with pytest.raises(InputError):
        empty.mask("edited/0001.png")


@pytest.mark.parametrize("keep", [0, 3, 200, -8])
def test_a_damaged_part_is_named_with_what_to_type(out: Path, tmp_path: Path, keep: int) -> None:
    shutil.copytree(out, tmp_path / "out")
    part = tmp_path / "out" / "annotations" / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:keep])
    for read in (lambda: open_corpus(tmp_path / "out").table(), lambda: status(tmp_path / "out")):
        with pytest.raises(RunError, match=r"part-00001\.parquet is damaged") as caught:
            read()
        assert "maskwright annotate" in caught.value.hint


def test_a_flipped_bit_is_damage_not_another_mask(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    part = tmp_path / "out" / "annotations" / "part-00000.parquet"
    data = bytearray(part.read_bytes())
    data[data.index(b"edited_0003_png")] ^= 1  # the name beside the mask: no decoder would notice
    part.write_bytes(data)
    with pytest.raises(RunError, match="damaged"):
        open_corpus(tmp_path / "out").mask("edited/0003.png")


def test_temporary_names_are_never_read(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    (tmp_path / "out" / "annotations" / ".tmp-part-00009-host-12-0123abcd").write_bytes(b"PAR1")
    (tmp_path / "out" / "annotations" / "part-00009.parquet.bak").write_bytes(b"PAR1")
    assert len(open_corpus(tmp_path / "out").ids) == 12


@pytest.mark.parametrize("name", ["run.json", "plan.parquet"])
def test_a_damaged_run_is_a_run_error(out: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(out, tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(b"{")
    with pytest.raises(RunError, match=name):
        status(tmp_path / "out")


def test_a_folder_that_is_no_corpus_is_a_run_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="no output of maskwright"):
            open_corpus(place)


def test_source_columns_are_carried_and_clashes_renamed(tmp_path: Path) -> None:
    rows = [{"verdict": "mine", "source_verdict": "older", "key": f"k{n}", "stars": n} for n in range(3)]
    source = table_of(tmp_path / "source", rows)
    annotate(source, tmp_path / "out", workers=1)
    table = open_corpus(tmp_path / "out").table()
    assert table["verdict"].to_pylist() == ["local_edit"] * 3
    assert table["source_verdict"].to_pylist() == ["mine"] * 3
    assert table["source_source_verdict"].to_pylist() == ["older"] * 3
    assert table["key"].to_pylist() == ["k0", "k1", "k2"]
    assert table["stars"].to_pylist() == [0, 1, 2]


def test_pictures_are_marked_for_hugging_face(out: Path) -> None:
    schema = pq.read_schema(out / "annotations" / "part-00000.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    image: dict[str, str] = {"_type": "Image"}
    assert features == dict.fromkeys(["mask", "ignore", "change", "side_effect", "donor"], image)
    # as datasets.Image.pa_type
    storage = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    assert all(schema.field(name).type == storage for name in features)


def test_looking_up_one_mask_reads_one_row_group(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwright.corpus import reader

    read: list[Sequence[str]] = []
    real = reader.read_part

    def spy(place: Path, number: int, columns: Sequence[str], *, group: int | None = None) -> pa.Table:
        read.append(columns)
        assert group is not None
        return real(place, number, columns, group=group)

    monkeypatch.setattr(reader, "read_part", spy)
    corpus = open_corpus(out)
    corpus.mask("edited/0003.png")
    read.clear()
    corpus.mask("edited/0009.png")
    assert read == [("id", "mask")]


def test_the_annotator_of_these_tests_is_the_difference_one_with_more(out: Path) -> None:
    assert open_corpus(out).table(["annotator"])["annotator"][0].as_py() == Difference().card.name


def test_batches_hold_every_row_once_and_say_where_it_is(corpus: Corpus, out: Path) -> None:
    found = list(corpus.batches(["id", "qes"]))
    assert pa.concat_tables([batch.table for batch in found]).equals(corpus.table(["id", "qes"]))
    for batch in found:
        for part, row, pair_id in zip(batch.part, batch.row, batch.table["id"].to_pylist(), strict=True):
            path = out / "annotations" / f"part-{part:05d}.parquet"
            assert pq.read_table(path, partitioning=None)["id"][int(row)].as_py() == pair_id


def test_batches_with_pictures_are_row_groups(corpus: Corpus, out: Path) -> None:
    found = list(corpus.batches(["id", "mask"]))
    groups = [
        (number, group)
        for number, path in enumerate(sorted((out / "annotations").iterdir()))
        for group in range(pq.ParquetFile(path).num_row_groups)
    ]
    assert len(found) == len(groups)
    assert [place for batch in found for place in batch.table["id"].to_pylist()] == corpus.ids


def test_a_large_corpus_comes_in_several_batches(tmp_path: Path) -> None:
    from maskwright.corpus import reader

    place = table_of(tmp_path, [{"n": str(number)} for number in range(24)])
    annotate(place, tmp_path / "out", workers=1)
    corpus = open_corpus(tmp_path / "out")
    assert len(corpus.parts) == 3
    assert len(list(corpus.batches(["id"]))) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "_ROWS_AT_ONCE", 10)
        assert [batch.table.num_rows for batch in corpus.batches(["id"])] == [16, 8]
        assert corpus.sql("n::int >= 15").num_rows == 9
