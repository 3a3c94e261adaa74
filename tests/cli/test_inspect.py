"""`maskwright inspect` on the command line: what it prints, and how it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import write_pair
from tests.conftest import Command
from tests.corpus.inspect.made import clean_rows, with_masks, write_folder, write_table


def test_a_clean_source_leaves_with_0_and_says_how_it_is_read_and_what_to_type(
    command: Command, tmp_path: Path
) -> None:
    place = write_table(tmp_path, clean_rows(3))
    code, out, err = command("inspect", place)
    assert (code, err) == (0, "pairs looked at: 3 of 3\n")
    assert out.startswith("no mistake found; 3 pairs looked at\n")
    assert "read as a CSV table" in out
    assert "its name is known for originals" in out
    assert out.endswith(f"next: maskwright annotate {place} OUT\n")


def test_a_mistake_leaves_with_3_and_comes_first_with_what_to_type(command: Command, tmp_path: Path) -> None:
    place = write_folder(tmp_path, with_masks(clean_rows(), lambda mask: 255 - mask))
    code, out, _ = command("inspect", place)
    lines = out.splitlines()
    assert code == 3
    assert lines[0] == "1 mistake; 12 pairs looked at"
    assert lines[2].startswith("mistake masks_inverted: ")
    assert any(line.startswith("  type: ") and "maskwright inspect" in line for line in lines)
    assert out.index("type:") < out.index("read as")


def test_a_suspicion_alone_leaves_with_0(command: Command, tmp_path: Path) -> None:
    rows = clean_rows()
    place = write_table(
        tmp_path, [*rows[:6], *(row.__class__(row.original, row.edited, row.mask, "") for row in rows[6:])]
    )
    code, out, _ = command("inspect", place)
    assert code == 0
    assert out.startswith("1 suspicion; ")
    assert "suspicion instruction_empty: " in out


def test_the_options_of_the_roles_are_in_the_line_to_type_next(command: Command, tmp_path: Path) -> None:
    write_pair(tmp_path, "one")
    (tmp_path / "t.csv").write_text("first,second\noriginal/one.png,edited/one.png\n")
    words = ["--original", "second", "--edited", "first"]
    _, out, _ = command("inspect", tmp_path / "t.csv", *words)
    assert out.splitlines()[-1] == f"next: maskwright annotate {' '.join(words)} {tmp_path / 't.csv'} OUT"


def test_json_has_findings_reading_counts_and_the_sample(command: Command, tmp_path: Path) -> None:
    place = write_folder(tmp_path, with_masks(clean_rows(), lambda mask: 255 - mask))
    code, out, _ = command("inspect", place, "--json")
    content = json.loads(out)
    assert code == 3
    assert (content["mistakes"], content["suspicions"]) == (1, 0)
    assert content["findings"][0]["code"] == "masks_inverted"
    assert content["reading"]["chosen"][0]["role"] == "original"
    assert content["listing"]["pairs"] == 12
    assert len(content["looked"]) == 12
    assert content["looked"][0]["edited"]["facts"]["format"] == "PNG"


@pytest.mark.parametrize("name", ["a\x1b[31mb", "new\nline", "right\u202eleft", "-dash", "tab\tbed"])
def test_hostile_names_do_not_act_on_the_terminal(command: Command, tmp_path: Path, name: str) -> None:
    for number in range(3):
        write_pair(tmp_path, f"{name}{number}", seed=number)
    for path in list((tmp_path / "original").iterdir()):
        (tmp_path / "edited" / path.name).write_bytes(path.read_bytes()[:50])
    code, out, _ = command("inspect", tmp_path)
    assert code == 3
    assert "pictures_unreadable" in out
    assert all(line.isprintable() for line in out.split("\n"))


def test_a_source_that_is_none_leaves_with_2_and_a_hint(command: Command, tmp_path: Path) -> None:
    code, out, err = command("inspect", tmp_path / "nothing.csv")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
