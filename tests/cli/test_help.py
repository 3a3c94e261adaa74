import json
import subprocess
import sys

HEAVY = {"numpy", "cv2", "PIL", "pyarrow", "duckdb", "onnxruntime", "scipy", "skimage", "jinja2", "torch"}
COMMANDS = (
    "",
    "compare",
    "inspect",
    "annotate",
    "status",
    "report",
    "select",
    "build",
    "unpack",
    "check",
    "generate",
    "train",
    "detect",
    "bench",
    "bench annotators",
    "bench sigma",
    "bench caaa",
    "bench detectors",
    "demo",
    "doctor",
)

PROGRAM = """
import contextlib, io, json, sys
from maskwright.cli import run
told = {}
for name in json.loads(sys.argv[1]):
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        code = run([*name.split(), "--help"])
    told[name] = [code, kept.getvalue()]
print(json.dumps([told, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def helped() -> tuple[dict[str, tuple[int, str]], set[str]]:
    """Exit code and text of every help, and all packages that were imported for them."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(COMMANDS)], capture_output=True, text=True, check=True
    )
    told, modules = json.loads(done.stdout)
    return {name: (code, text) for name, (code, text) in told.items()}, set(modules)


def test_help_of_every_command_imports_no_heavy_package() -> None:
    told, modules = helped()
    assert all(code == 0 and "Usage: maskwright" in text for code, text in told.values())
    assert modules & HEAVY == set()
    assert "typer" in modules


def test_every_command_that_does_something_ends_its_help_with_an_example() -> None:
    told, _ = helped()
    for name, (_, text) in told.items():
        if name != "bench":
            assert f"Example:  maskwright {name}".rstrip() in text.split("\n\n")[-1]


def test_every_command_and_option_says_what_it_does() -> None:
    import typer

    from maskwright.cli import app

    root = typer.main.get_command(app)
    bench = root.commands["bench"].commands  # type: ignore[attr-defined]
    assert {"", *root.commands, *(f"bench {name}" for name in bench)} == set(COMMANDS)  # type: ignore[attr-defined]
    for command in [*root.commands.values(), *bench.values()]:  # type: ignore[attr-defined]
        assert command.help, command.name
        for parameter in command.params:
            assert getattr(parameter, "help", "help"), f"{command.name} {parameter.name}"


def test_the_limit_of_pixels_that_help_names_is_the_one_that_holds() -> None:
    from maskwright.cli import source
    from maskwright.pairs.opening import MAX_PIXELS

    assert source.MAX_PIXELS == MAX_PIXELS
