"""Run the examples of the README and the manual, as a reader would, in a folder of their own.

    python docs/run_examples.py            says which example does not do what the page says
    python docs/run_examples.py --write    puts what the commands really print into the pages

Blocks marked `python` and `console` are run, top to bottom, a page after a page; those of a page see
each other's names and files. In a console block, lines that begin with `$ ` are typed, and what follows
is compared; `...` stands for anything. A comment `<!-- not run: why -->` before a block leaves it out.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import maskwright
from maskwright.cli import run

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(?P<before>[^\n]*)\n+```(?P<kind>python|console)\n(?P<body>.*?)```", re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def reader_folder(folder: Path) -> None:
    """What a reader of the manual has at hand: two pictures, pairs as folder and table, a finished run."""
    for name in ("before.jpg", "after.jpg"):
        shutil.copy(ROOT / "docs" / "pictures" / name, folder / name)
    shutil.copytree(ROOT / "docs" / "pictures", folder / "docs" / "pictures")
    shutil.copytree(ROOT / "examples" / "pairs", folder / "examples" / "pairs")
    shutil.copy(ROOT / "examples" / "my_annotator.py", folder / "my_annotator.py")
    after = maskwright.read_picture(folder / "after.jpg").pixels
    lines = ["original,edited,mask,model"]
    for number, name in enumerate(("lake", "street", "table")):
        original = np.ascontiguousarray(after[60 * number : 60 * number + 160, 100:320])
        edited, mask = original.copy(), np.zeros(original.shape[:2], np.uint8)
        edited[50:90, 60:120], mask[50:90, 60:120] = (30, 200, 90), 255
        for role, picture in (("original", original), ("edited", edited), ("mask", mask)):
            path = folder / "pairs" / role / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            colours = picture[..., ::-1] if picture.ndim == 3 else picture
            path.write_bytes(cv2.imencode(".png", colours)[1].tobytes())
        files = ",".join(f"pairs/{role}/{name}.png" for role in ("original", "edited", "mask"))
        lines.append(f"{files},{'one' if number else 'two'}")
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    maskwright.annotate(folder / "pairs.csv", folder / "OUT", workers=1)


def run_page(text: str, names: dict[str, Any]) -> tuple[str, list[str]]:
    """The page with what its commands really print, and what is wrong with it."""
    wrong: list[str] = []

    def replaced(block: re.Match[str]) -> str:
        if "<!-- not run:" in block["before"]:
            return block[0]
        line = text.count("\n", 0, block.start("body")) + 1
        if block["kind"] == "python":
            wrong.extend(f"line {line}: {fault}" for fault in run_python(block["body"], names, line))
            return block[0]
        told = run_console(block["body"])
        if doctest.OutputChecker().check_output(timeless(block["body"]), timeless(told), FLAGS):
            return block[0]
        wrong.append(f"line {line}: the commands print\n{told}")
        head = block[0][: block.start("body") - block.start()]
        return f"{head}{told}```"

    return BLOCK.sub(replaced, text), wrong


def run_python(body: str, names: dict[str, Any], line: int) -> list[str]:
    if ">>>" in body:
        test = doctest.DocTestParser().get_doctest(body, names, "example", None, line)
        said = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
        runner.run(test, out=said.write, clear_globs=False)
        names.update(test.globs)
        return [said.getvalue()] if runner.failures else []
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(body, "example", "exec"), names)
    except Exception:
        return [traceback.format_exc(limit=-1)]
    return []


def timeless(text: str) -> str:
    """Without rates, which are never the same twice."""
    return re.sub(r"[\d.,]+ (rows|pairs)/s", r"# \1/s", text)


def run_console(body: str) -> str:
    """The commands of a block, each followed by what it prints."""
    told = []
    for command in re.findall(r"^\$ (.*(?:\\\n.*)*)", body, re.MULTILINE):
        told.append(f"$ {command}\n")
        words = shlex.split(command.replace("\\\n", " "))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            if words[0] == "maskwright":
                code = run(words[1:])
                if code == 2 or (code == 1 and not err.getvalue().startswith("error: ")):
                    told.append(err.getvalue())
            elif words[0] == "ls":
                print(*sorted(path.name for path in Path(words[1]).iterdir()), sep="\n")
            else:
                raise SystemExit(f"do not know how to try {command!r}; mark it <!-- not run: why -->")
        told.append(out.getvalue())
    return "".join(told).replace(f"{os.getcwd()}/", "")


def main() -> int:
    faults = 0
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as ready:
        reader_folder(Path(ready))
        for page in pages():
            text = page.read_text(encoding="utf-8")
            with tempfile.TemporaryDirectory() as folder:
                shutil.copytree(ready, folder, dirs_exist_ok=True)
                os.chdir(folder)
                sys.path.insert(0, folder)
                new, wrong = run_page(text, {"maskwright": maskwright, "np": np})
                sys.path.remove(folder)
                os.chdir(home)
            if "--write" in sys.argv[1:]:
                page.write_text(new, encoding="utf-8")
                wrong = [fault for fault in wrong if "the commands print" not in fault]
            for fault in wrong:
                print(f"error: {page.relative_to(ROOT)}, {fault}", file=sys.stderr)
            faults += len(wrong)
    if faults:
        print("hint:  python docs/run_examples.py --write", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
