"""The command line: a file a command, no logic.

Every command parses, calls one public function and prints what it gave. Nothing heavy is
imported before a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import typer

from maskwright.cli import (
    annotate,
    bench,
    build,
    check,
    compare,
    demo,
    detect,
    doctor,
    generate,
    inspect,
    report,
    select,
    status,
    train,
    unpack,
)
from maskwright.cli.terminal import cautious_streams, error_line
from maskwright.errors import MaskwrightError

app = typer.Typer(
    name="maskwright",
    help="Before/after picture pairs in, edit masks out.",
    epilog="Example:  maskwright compare before.jpg after.jpg -o out",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("compare", epilog=compare.EXAMPLE)(compare.command)
app.command("inspect", epilog=inspect.EXAMPLE)(inspect.command)
app.command("annotate", epilog=annotate.EXAMPLE)(annotate.command)
app.command("status", epilog=status.EXAMPLE)(status.command)
app.command("report", epilog=report.EXAMPLE)(report.command)
app.command("select", epilog=select.EXAMPLE)(select.command)
app.command("build", epilog=build.EXAMPLE)(build.command)
app.command("check", epilog=check.EXAMPLE)(check.command)
app.command("unpack", epilog=unpack.EXAMPLE)(unpack.command)
app.command("generate", epilog=generate.EXAMPLE)(generate.command)
app.command("train", epilog=train.EXAMPLE)(train.command)
app.command("detect", epilog=detect.EXAMPLE)(detect.command)
app.add_typer(bench.app)
app.command("demo", epilog=demo.EXAMPLE)(demo.command)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from maskwright import __version__

        print(f"maskwright {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show where in the program an error arose."),
) -> None:
    pass


def main() -> None:
    """The `maskwright` command; leaves with 0 done, 1 broke, 2 wrong use, 3 done with gaps."""
    raise SystemExit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """What `main` does with these words; returns the exit code."""
    cautious_streams()
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        try:
            return int(app(list(words), prog_name="maskwright", standalone_mode=False) or 0)
        except typer.Exit as left:
            return left.exit_code
        finally:
            sys.stdout.flush()  # here, not at the end of Python, so that a reader who has gone is noticed
    except BrokenPipeError:
        # The reader has gone (`| head`); without this, Python complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:
        return _tell(error, debug="--debug" in _before_command(words))
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(error: BaseException, *, debug: bool) -> int:
    """Print an error as people can use it; returns the exit code."""
    ours = not isinstance(error, MaskwrightError | typer.TyperException | typer.Abort | KeyboardInterrupt)
    if debug or ours:
        traceback.print_exception(error)
    if isinstance(error, MaskwrightError):
        error_line(str(error), error.hint)
        return error.exit_code
    if isinstance(error, typer.TyperException):
        path = getattr(getattr(error, "ctx", None), "command_path", "maskwright")
        error_line(_uncapitalised(error.format_message()), f"{path} --help")
        return 2
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        by = str(error) or str(error.__cause__ or "")
        error_line(f"stopped{f' by {by}' if by else ''}")
        return 1
    error_line(
        f"maskwright broke: {type(error).__name__}: {error}",
        "this is our bug; please report the lines above where you got maskwright from",
    )
    return 1


def _before_command(words: Sequence[str]) -> list[str]:
    """The options that stand before the command's name."""
    place = next((place for place, word in enumerate(words) if not word.startswith("-")), len(words))
    return list(words[:place])


def _uncapitalised(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
