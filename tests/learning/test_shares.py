from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.errors import InputError
from maskwright.learning.shares import shared, terms, terms_for, told_apart
from maskwright.synthesis.photos import Photo


def table(folder: Path, rows: int, *, splits: str = "train val") -> Path:
    """A table of photographs; every fifth is of the second split."""
    first, _, second = splits.partition(" ")
    lines = ["path,split,licence"]
    for number in range(rows):
        (folder / f"{number}.png").write_bytes(b"x" * number)
        lines.append(f"{number}.png,{(second or first) if number % 5 == 0 else first},terms {number % 2}")
    path = folder / "photos.csv"
    path.write_text("\n".join(lines))
    return path


def test_rows_of_split_val_are_only_measured_on(tmp_path: Path) -> None:
    shares = shared(table(tmp_path, 100))
    assert {photo.split for photo in shares.held} == {"val"}
    assert len(shares.held) == 20
    assert {photo.split for photo in (*shares.learnt, *shares.kept)} == {"train"}


def test_a_file_that_is_also_listed_as_train_is_only_measured_on(tmp_path: Path) -> None:
    path = table(tmp_path, 100)
    (tmp_path / "again.png").symlink_to(tmp_path / "5.png")
    path.write_text(f"{path.read_text()}\n./0.png,train,\nagain.png,,\n")
    shares = shared(path)
    used = {Path(photo.path).resolve().name for photo in (*shares.learnt, *shares.kept)}
    assert {"0.png", "5.png"} <= {Path(photo.path).name for photo in shares.held}
    assert not {"0.png", "5.png"} & used


def test_every_photograph_has_one_use(tmp_path: Path) -> None:
    for source in (table(tmp_path, 100), tmp_path):
        shares = shared(source)
        paths = [photo.path for photo in (*shares.learnt, *shares.kept, *shares.held)]
        assert sorted(paths) == sorted(str(tmp_path / f"{number}.png") for number in range(100))


def test_about_a_tenth_is_kept_for_calibration(tmp_path: Path) -> None:
    shares = shared(table(tmp_path, 1000))
    assert 50 <= len(shares.kept) <= 110  # 80 of 800; six standard deviations are 51


def test_of_a_folder_about_a_tenth_is_held(tmp_path: Path) -> None:
    table(tmp_path, 1000)
    shares = shared(tmp_path)
    assert 43 <= len(shares.held) <= 157  # 100 of 1000; six standard deviations are 57


def test_a_photograph_keeps_its_use_when_others_come(tmp_path: Path) -> None:
    table(tmp_path, 100)
    before = shared(tmp_path)
    table(tmp_path, 200)
    after = shared(tmp_path)
    for name in ("learnt", "kept", "held"):
        assert set(getattr(before, name)) <= set(getattr(after, name))


def test_a_photograph_keeps_its_use_when_the_folder_moves(tmp_path: Path) -> None:
    used = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        table(tmp_path / place, 100)
        used.append([Path(photo.path).name for photo in shared(tmp_path / place).kept])
    assert used[0] == used[1]


def test_rows_of_another_split_are_not_used(tmp_path: Path) -> None:
    shares = shared(table(tmp_path, 100, splits="train test"))
    assert all(photo.split == "train" for photo in (*shares.learnt, *shares.kept, *shares.held))


def test_too_few_photographs_are_refused_with_their_numbers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"leaves no photograph to calibrate on: \d to train on, 0 to"):
        shared(table(tmp_path, 3))


def licensed(*licences: str) -> list[Photo]:
    return [Photo(str(number), licence=licence) for number, licence in enumerate(licences)]


def test_terms_count_the_photographs_under_each() -> None:
    photos = licensed("none stated; research", "CC0", "none stated; research", "")
    assert terms(photos) == '4 photographs: 2 "none stated; research"; 1 "CC0"; 1 "terms not stated"'


@pytest.mark.parametrize(
    "licence", ["CC BY-NC 4.0", "Noncommercial use", "non-commercial research", "none stated; academic use"]
)
def test_one_photograph_for_research_makes_weights_for_research(licence: str) -> None:
    assert terms_for(licensed("CC0", licence, "MIT")).startswith(
        "for non-commercial research only: 1 of 3 photographs"
    )


def test_weights_say_how_many_photographs_state_no_terms() -> None:
    assert terms_for(licensed("CC0", "", "none stated in the repository")).startswith(
        "not known: 2 of 3 photographs trained on state no terms"
    )


def test_weights_of_free_photographs_name_their_licences() -> None:
    assert terms_for(licensed("CC0", "MIT", "MIT")).endswith('trained on: "MIT"; "CC0"')


def test_photographs_are_the_same_wherever_their_folder_lies(tmp_path: Path) -> None:
    told = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        told.append(told_apart(shared(table(tmp_path / place, 50)).learnt))
    assert told[0] == told[1]


def test_photographs_of_another_size_are_others(tmp_path: Path) -> None:
    photos = shared(table(tmp_path, 50)).learnt
    before = told_apart(photos)
    Path(photos[3].path).write_bytes(b"another")
    assert told_apart(photos) != before


def test_photographs_with_another_label_map_are_others(tmp_path: Path) -> None:
    photos = list(shared(table(tmp_path, 50)).learnt)
    told = [told_apart(photos)]
    for data in (b"labels", b"other labels"):
        (tmp_path / "labels.png").write_bytes(data)
        photos[3] = replace(photos[3], labels=str(tmp_path / "labels.png"))
        told.append(told_apart(photos))
    assert told[0] != told[1] != told[2]


def test_terms_too_many_to_list_are_counted() -> None:
    photos = [Photo(str(number), licence=f"terms {number % 14}") for number in range(29)]
    told = terms(photos)
    assert told.startswith('29 photographs: 3 "terms 0"; 2 "terms 1"')
    assert told.endswith('2 "terms 9"; 8 under 4 others')
