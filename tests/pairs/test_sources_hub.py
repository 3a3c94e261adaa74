"""Data sets of the Hugging Face hub by id; the tests that need a hub are in at_the_hub.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.sources.hub import HubId, hub_id
from tests.pairs.tables import write_csv


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("osunlp/MagicBrush", HubId("osunlp/MagicBrush", None, None, None, False)),
        ("hf:osunlp/MagicBrush:dev", HubId("osunlp/MagicBrush", None, None, "dev", True)),
        ("hf:a/b@v1.0:c/d", HubId("a/b", "v1.0", "c", "d", True)),
        ("hf:a/b@refs/pr/3", HubId("a/b", "refs/pr/3", None, None, True)),
        ("name", None),
        ("a/b/c", None),
        ("../b", None),
        ("a/..", None),
        ("/etc/x", None),
        ("hf://datasets/a/b", None),
        ("a/b c", None),
        ("a\n/b", None),
    ],
)
def test_an_id_is_told_from_a_path(place: str, expected: HubId | None) -> None:
    assert hub_id(place) == expected


@pytest.mark.parametrize("place", ["hf:owner/name", "owner/name"])
def test_the_hub_is_not_asked_unless_allowed(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refusal:
        open_source(place)
    assert "--allow-remote" in refusal.value.hint


def test_a_path_that_is_there_is_no_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner").mkdir()
    write_csv(tmp_path / "owner" / "name.csv", [{"original": "a.png", "edited": "b.png"}])
    assert open_source("owner/name.csv", roles=Roles(allow_remote=True)).rows() == 1


def test_a_table_that_is_not_there_is_not_looked_for_at_the_hub() -> None:
    with pytest.raises(InputError, match="no such file"):
        open_source("owner/none.csv", roles=Roles(allow_remote=True))


@pytest.mark.slow
def test_a_hub_is_read_as_its_files_are() -> None:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-W", "default", str(Path(__file__).parent / "at_the_hub.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout
