"""The house: what is public is listed, what is listed is in the manual, and nothing leaks out or in."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import maskwright
from maskwright.masks.scores import SCORES
from maskwright.pairs.values import REASONS, VERDICTS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maskwright"
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_the_public_names_are_sorted_and_the_lazy_table_has_the_same() -> None:
    names = [name for name in maskwright.__all__ if name != "__version__"]
    assert names == sorted(names)
    assert list(maskwright._PLACES) == names


def test_type_checkers_see_the_same_public_names() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    seen = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.If)
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert seen == set(maskwright.__all__) - {"__version__"}


@pytest.mark.parametrize("name", maskwright.__all__)
def test_every_public_name_can_be_had_and_has_a_docstring(name: str) -> None:
    value = getattr(maskwright, name)
    assert name == "__version__" or (value.__doc__ and value.__doc__.strip())


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = maskwright.nothing_of_ours


@pytest.mark.parametrize("name", maskwright.__all__)
def test_every_public_name_is_in_the_manual(name: str) -> None:
    assert re.search(rf"`{name}\b", (REFERENCE / "api.md").read_text(encoding="utf-8"))


def test_importing_maskwright_imports_nothing_heavy() -> None:
    program = "import maskwright, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "cv2", "PIL", "pyarrow", "duckdb", "typer"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("page", "words"),
    [("reasons.md", set(REASONS) - {""}), ("verdicts.md", set(VERDICTS)), ("columns.md", set(SCORES))],
)
def test_every_reason_verdict_and_score_is_in_the_manual(page: str, words: set[str]) -> None:
    told = set(re.findall(r"^\| `?(\w+)`? \|", (REFERENCE / page).read_text(encoding="utf-8"), re.MULTILINE))
    assert words - told == set()


def test_the_manual_knows_no_reason_that_does_not_exist() -> None:
    told = re.findall(r"^\| `(\w+)` \|", (REFERENCE / "reasons.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert told == [reason for reason in REASONS if reason]


def test_the_sentence_of_every_reason_is_the_one_people_are_shown() -> None:
    page = (REFERENCE / "reasons.md").read_text(encoding="utf-8")
    assert all(sentence in page for sentence in REASONS.values())


def test_the_tree_of_errors_is_the_same_in_the_code_and_in_the_manual() -> None:
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    family = {name for name in maskwright.__all__ if name.endswith("Error")}
    doc = importlib.import_module("maskwright.errors").__doc__
    assert family == set(re.findall(r"[A-Z]\w+Error", page)) - {"ValueError", "ImportError"}
    assert family == set(re.findall(r"[A-Z]\w+Error", doc or "")) - {"ValueError", "ImportError"}


def test_the_version_is_the_same_everywhere() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (in_project,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)
    newest = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert maskwright.__version__ == in_project == newest


def test_links_in_the_manual_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in link and not (page.parent / link).exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            waiting += sorted(target.glob("*.md")) if target.is_dir() else [target]
            waiting = [each for each in waiting if each.suffix == ".md" and each.exists()]
    assert {page.relative_to(ROOT) for page in PAGES} - {page.relative_to(ROOT) for page in seen} == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is_for_and_fits_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def test_room_names_are_words_of_the_domain() -> None:
    names = {part for path in modules() for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert not names & {"utils", "util", "common", "helpers", "core", "misc"}


def test_no_file_names_a_place_on_the_machine_it_was_written_on() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    private = re.compile(r"(?<![\w.])/(work|home|root|Users|mnt|opt)/\w")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", "", ".yml"} and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if private.search(line):
                    found.append(f"{name}:{number}")
    assert found == []


def test_constraints_name_exact_versions_of_every_dependency() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = "".join(
        re.findall(r"^(?:dependencies|demo|dev) = \[(.*?)\]\n", project, re.DOTALL | re.MULTILINE)
    )
    needed = {name.lower() for name in re.findall(r'"([\w-]+)[><=\[]', lists)} - {"maskwright"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if "==" in line}
    assert len(needed) > 12
    assert needed - pinned == set()


def test_the_makefile_lists_every_target_it_has() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert targets
    listed = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    assert sorted(listed) == sorted(targets[1].split())
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
