"""Ids become file names that are safe and differ."""

from __future__ import annotations

import re
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.corpus.names import file_name

HOSTILE = [
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system.ini",
    "con",
    "NUL.txt",
    "a/b",
    "a\\b",
    "a:b",
    "a_b",
    "'quoted'",
    '"quoted"',
    "line\nbreak",
    "nul\0byte",
    "<script>alert(1)</script>",
    "-rf",
    ".hidden",
    "$(reboot)",
    "x" * 300,
    "x" * 301,
    "X" * 300,
    "é",
    "e\u0301",
    "照片",
    "\ud800",
    " ",
    "photo.JPG",
    "photo.jpg",
    "Photo.jpg",
    "\u202egnp.exe",
]
ids = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=400))


@settings(deadline=None)
@given(ids)
def test_a_name_stays_in_its_folder_on_every_system(pair_id: str) -> None:
    name = file_name(pair_id)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*-[0-9a-f]{16}|-?[0-9a-f]{16}", name)
    assert len(name.encode()) <= 116
    assert not name.startswith((".", "-"))


@settings(deadline=None)
@given(st.sets(ids, min_size=2, max_size=20))
def test_names_of_different_ids_differ_also_without_case(many: set[str]) -> None:
    assert len({file_name(each).casefold() for each in many}) == len(many)


def test_the_hostile_ids_differ_from_each_other() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE)
    names = [file_name(each).casefold() for each in HOSTILE]
    assert all(a != b for a, b in combinations(names, 2))


def test_a_name_shows_the_start_of_its_id() -> None:
    assert file_name("set1/cat.png").startswith("set1_cat_png-")
