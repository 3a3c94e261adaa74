"""Stopping, resuming, many processes: what makes a long run safe."""

from __future__ import annotations

import csv
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from safetensors.torch import load_file  # noqa: E402

from maskwright.errors import RunError, SettingError  # noqa: E402
from maskwright.learning.loop import Schedule, run, share_of  # noqa: E402
from maskwright.learning.ranks import joined  # noqa: E402
from tests.learning.toy import Toy, trained  # noqa: E402


def weights(out: Path) -> dict[str, torch.Tensor]:
    (path,) = out.glob("checkpoint-*.safetensors")
    return dict(load_file(path))


def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not_to_the_bit(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "halves", stop=10, save_every_s=0)
    resumed = trained(tmp_path / "halves")
    assert resumed.steps == whole.steps == 20
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name])
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "halves")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_that_was_killed_between_its_first_checkpoint_and_its_records_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, stop=3)
    (tmp_path / "losses.csv").unlink()
    (tmp_path / "losses.svg").unlink()
    assert trained(tmp_path).steps == 20


def test_steps_after_the_last_checkpoint_are_made_again(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "lost", stop=7)  # no checkpoint but the first, at step 0
    resumed = trained(tmp_path / "lost")
    assert all(
        torch.equal(value, resumed.network.state_dict()[name])
        for name, value in whole.network.state_dict().items()
    )


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    first, again = (trained(tmp_path).network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_another_seed_gives_another_network(tmp_path: Path) -> None:
    one, other = (trained(tmp_path / str(seed), seed=seed).network.state_dict() for seed in (0, 1))
    assert not torch.equal(one["0.weight"], other["0.weight"])


@pytest.mark.parametrize(("change", "name"), [({"seed": 5}, "seed"), ({"steps": 30}, "steps")])
def test_a_folder_of_another_run_is_refused_and_the_difference_named(
    tmp_path: Path, change: dict[str, int], name: str
) -> None:
    trained(tmp_path)
    with pytest.raises(RunError, match=f"holds another run: its {name} is"):
        trained(tmp_path, **{"steps": 20, **change})


def test_another_task_in_the_folder_is_refused(tmp_path: Path) -> None:
    trained(tmp_path)
    with joined() as ranks, pytest.raises(RunError, match=r"its scale is 1\.0, yours is 2\.0"):
        run(Toy(scale=2.0), Schedule(steps=20), tmp_path, ranks)


def test_checkpoints_may_be_made_more_often_on_resuming(tmp_path: Path) -> None:
    trained(tmp_path)
    assert trained(tmp_path, save_every_s=1).steps == 20


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    trained(tmp_path)
    (path,) = tmp_path.glob("checkpoint-*.safetensors")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match=r"checkpoint-00000020\.safetensors is damaged"):
        trained(tmp_path)


def test_only_the_last_checkpoint_is_kept(tmp_path: Path) -> None:
    trained(tmp_path, save_every_s=0)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["checkpoint-00000020.safetensors"]


def test_the_loss_falls_and_the_averaged_network_is_the_one_given(tmp_path: Path) -> None:
    result = trained(tmp_path, steps=200, dropout=0.0)
    untrained = Toy().evaluate(Toy(dropout=0.0).network().eval())["error"]
    assert result.figures["error"] < 0.5 * untrained
    assert result.figures == Toy().evaluate(result.network)
    average = {name.removeprefix("average."): value for name, value in weights(tmp_path).items()}
    assert all(torch.equal(average[name], value) for name, value in result.network.state_dict().items())


def test_the_average_follows_the_weights_at_once_in_the_beginning(tmp_path: Path) -> None:
    trained(tmp_path, steps=1)
    torch.manual_seed(0)
    before, after = Toy().network().state_dict(), weights(tmp_path)
    for name, value in before.items():
        expected = 0.1 * value + 0.9 * after[f"model.{name}"]
        torch.testing.assert_close(after[f"average.{name}"], expected)
        assert not torch.equal(after[f"model.{name}"], value)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with joined() as ranks, pytest.raises(RunError, match="no number any more at step 10"):
        run(Toy(scale=math.inf), Schedule(steps=20), tmp_path, ranks)


def test_minutes_end_by_the_clock(tmp_path: Path) -> None:
    with joined() as ranks:
        result = run(Toy(), Schedule(minutes=0.01), tmp_path, ranks)
    assert result.elapsed_s >= 0.6
    assert result.steps > 3
    with joined() as ranks:
        assert run(Toy(), Schedule(minutes=0.01), tmp_path, ranks).steps == result.steps


@pytest.mark.parametrize("length", [{}, {"steps": 5, "minutes": 1.0}, {"steps": 0}, {"minutes": -1.0}])
def test_a_run_has_one_length_above_0(length: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        Schedule(**length)  # type: ignore[arg-type]


def test_the_rate_rises_falls_along_a_cosine_and_ends_at_0() -> None:
    schedule = Schedule(steps=100, rate=1.0, warm_up=0.1)
    rates = [schedule.rate_at(schedule.done(step, 0)) for step in range(101)]
    assert rates[5] == pytest.approx(0.5)
    assert rates[10] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5)  # half of the way down
    assert rates[100] == pytest.approx(0)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_losses_are_written_by_step_and_survive_resuming(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, steps=40, stop=25, save_every_s=0)
    trained(tmp_path, steps=40)
    with (tmp_path / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["10", "20", "30", "40"]
    assert all(float(row["loss"]) > 0 for row in rows)
    assert float(rows[-1]["rate"]) == 0
    assert float(rows[-1]["error"]) > 0


def test_the_plot_has_a_curve_for_the_loss_and_for_every_figure(tmp_path: Path) -> None:
    trained(tmp_path)
    tree = ElementTree.parse(tmp_path / "losses.svg")
    texts = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    lines = list(tree.iter("{http://www.w3.org/2000/svg}polyline"))
    assert {"loss", "error"} <= set(texts)
    assert len(lines) == 2
    assert len(lines[0].attrib["points"].split()) == 2  # steps 10 and 20


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    program = [sys.executable, "-m", "tests.learning.toy", str(tmp_path / "two")]
    processes = [
        subprocess.Popen(
            program,
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    alone = trained(tmp_path / "one", steps=12, dropout=0.0).network.state_dict()
    together = weights(tmp_path / "two")
    for name, value in alone.items():
        torch.testing.assert_close(together[f"average.{name}"], value, rtol=2e-3, atol=2e-4)


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    batch = torch.arange(8)
    shares = [share_of(batch, rank, 4) for rank in range(4)]
    assert torch.equal(torch.cat(shares), batch)
    with pytest.raises(SettingError, match="a batch of 8 cannot be shared by 3"):
        share_of(batch, 0, 3)
