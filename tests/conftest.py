"""What tests of several rooms need."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from maskwright.cli import run

# No test is timed: a machine may be busy with something else.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `maskwright` with these words; gives exit code, stdout, stderr."""

    def go(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([str(word) for word in words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return go
