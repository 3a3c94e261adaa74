import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from maskwright.bench.doctor import (
    Diagnosis,
    Finding,
    doctor,
    folder_findings,
    memory_finding,
    processor_findings,
    weights_findings,
)
from maskwright.bench.installed import changed_files, within
from maskwright.bench.machine import cgroup_cores, memory_left
from tests.weights.networks import difference_network, write_card

pytestmark = pytest.mark.slow  # every run imports torch and transformers in processes of its own


def distribution(place: Path, name: str, version: str, record: str | None = None) -> None:
    """What pip leaves of an installed package, without the package."""
    folder = place / f"{name.replace('-', '_')}-{version.split()[0]}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if record is not None:
        (folder / "RECORD").write_text(record)


def package(place: Path, name: str, code: str) -> None:
    (place / name).mkdir(parents=True)
    (place / name / "__init__.py").write_text(code)


def damaged(place: Path, folder: Path) -> tuple[int, dict[str, Any], str]:
    """The command in an environment where `place` comes first: exit code, what it says, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "maskwright", "doctor", str(folder), "--json"],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any], str]:
    """Two more OpenCVs beside ours, an old numpy's entry, and a file in place of the folder."""
    place = tmp_path_factory.mktemp("broken")
    distribution(place / "fake", "opencv-python", "4.11.0.86")
    distribution(place / "fake", "opencv-contrib-python", "4.10.0.84", "cv2/__init__.py,,\n")
    distribution(place / "fake", "numpy", "1.26.4")
    (place / "file").write_text("")
    return damaged(place / "fake", place / "file")


def told(said: dict[str, Any], about: str, level: str) -> dict[str, str]:
    (found,) = [each for each in said["findings"] if (each["about"], each["level"]) == (about, level)]
    return dict(found)


def one(findings: list[Finding], about: str) -> Finding:
    (found,) = [each for each in findings if each.about == about]
    return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Diagnosis:
    return doctor(tmp_path_factory.mktemp("here"))


def test_nothing_is_wrong_where_these_tests_run(here: Diagnosis) -> None:
    assert [each for each in here.findings if each.level == "problem"] == []
    assert {each.section for each in here.findings} == {
        "packages",
        "processors",
        "memory",
        "folder",
        "weights",
    }


def test_problems_leave_with_3_and_nothing_on_stderr(broken: tuple[int, dict[str, Any], str]) -> None:
    code, said, err = broken
    assert (code, said["problems"], err) == (3, 3, "")


def test_two_opencvs_in_one_environment_are_a_problem_with_the_line_that_mends_it(
    broken: tuple[int, dict[str, Any], str],
) -> None:
    found = told(broken[1], "OpenCV", "problem")
    assert "opencv-python 4.11.0.86" in found["sentence"]
    assert "opencv-contrib-python 4.10.0.84" in found["sentence"]
    assert found["hint"].startswith("pip uninstall -y opencv-contrib-python opencv-python ")


def test_an_opencv_entry_without_files_in_cv2_is_no_clash(tmp_path: Path) -> None:
    distribution(
        tmp_path / "fake", "opencv-python", "4.11.0.86", "opencv_python-4.11.0.86.dist-info/RECORD,,\n"
    )
    code, said, _ = damaged(tmp_path / "fake", tmp_path)
    assert (code, said["problems"]) == (0, 0)


def test_a_package_out_of_our_range_is_a_problem(broken: tuple[int, dict[str, Any], str]) -> None:
    assert told(broken[1], "numpy", "problem")["sentence"].startswith("1.26.4, ")


def test_another_copy_than_the_installed_one_is_a_problem(tmp_path: Path) -> None:
    distribution(tmp_path / "fake", "opencv-python-headless", "4.10.0.84", "")
    code, said, _ = damaged(tmp_path / "fake", tmp_path)
    assert code == 3
    assert "4.10.0.84 is installed, but" in told(said, "opencv-python-headless", "problem")["sentence"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('libgomp.so.1 is not there')", "libgomp.so.1 is not there"),
        ("import os; os.abort()", "crashes Python"),
    ],
)
def test_a_package_that_cannot_be_imported_is_a_finding(tmp_path: Path, code: str, words: str) -> None:
    package(tmp_path / "fake", "numpy", code)
    left, said, err = damaged(tmp_path / "fake", tmp_path)
    assert (left, err) == (3, "")
    found = told(said, "numpy", "problem")
    assert words in found["sentence"]
    assert found["hint"].startswith("pip install --force-reinstall 'numpy")
    assert told(said, "weights", "note")["sentence"].startswith("not looked at")


def test_the_extra_for_heic_pictures_is_told_to_be_there_or_how_to_get_it(here: Diagnosis) -> None:
    found = one(list(here.findings), "[heif]")
    if importlib.util.find_spec("pillow_heif"):
        assert found.level == "fine"
    else:
        assert (found.level, found.hint) == ("note", "pip install 'maskwright[heif]'")


def test_the_extra_for_training_is_told_to_be_there_or_how_to_get_it(here: Diagnosis) -> None:
    found = one(list(here.findings), "[torch]")
    assert found.sentence.endswith("adds training networks")
    if importlib.util.find_spec("torch"):
        assert found.level == "fine"
        assert f"torch {metadata.version('torch')}" in found.sentence
    else:
        assert (found.level, found.hint) == ("note", "pip install 'maskwright[torch]'")


def test_a_folder_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("stays")
    assert {each.level for each in folder_findings(tmp_path)} <= {"fine", "note"}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command prints about a file with a hostile name in place of the folder."""
    place = tmp_path_factory.mktemp("printed") / "a\x1b[31mb"
    place.write_text("")
    words = [sys.executable, "-m", "maskwright", "doctor", str(place)]
    return subprocess.run(words, capture_output=True, text=True).stdout


def test_problems_stand_before_everything_else_and_are_counted_at_the_end(printed: str) -> None:
    assert printed.startswith("problems\n  folder  ")
    assert printed.endswith("1 problem was found; what to type stands at the top\n")


def test_what_to_type_stands_below_the_problem(printed: str) -> None:
    assert "-> choose another folder\n" in printed.split("\n\n")[0] + "\n"


def test_a_folder_name_cannot_act_on_the_terminal(printed: str) -> None:
    assert "\x1b" not in printed
    assert "a[31mb" in printed.replace("\n", "")


def test_a_file_in_place_of_the_folder_is_a_problem(broken: tuple[int, dict[str, Any], str]) -> None:
    assert "cannot be written" in told(broken[1], "folder", "problem")["sentence"]


def test_a_folder_that_is_not_there_is_a_problem_with_the_line_that_makes_it(tmp_path: Path) -> None:
    (found,) = folder_findings(tmp_path / "new one")
    assert (found.level, found.hint) == ("problem", f"mkdir -p '{tmp_path}/new one'")


def test_a_network_that_is_the_one_on_its_card_is_fine(tmp_path: Path) -> None:
    write_card(difference_network(tmp_path / "tiny.onnx"))
    assert one(weights_findings(tmp_path), "tiny.onnx").level == "fine"


def test_a_network_tells_its_licence_and_the_terms_of_its_photographs(tmp_path: Path) -> None:
    card = {"version": "3", "licence": "for research only", "training_data": '20 photographs: 20 "CC BY-NC"'}
    write_card(difference_network(tmp_path / "tiny.onnx"), **card)
    found = weights_findings(tmp_path)
    assert one(found, "tiny.onnx").sentence.startswith("tiny, version 3, sha256 ")
    assert one(found, "tiny, licence").sentence == "for research only"
    assert one(found, "tiny, photographs").sentence == '20 photographs: 20 "CC BY-NC"'


def test_a_damaged_network_is_a_problem_with_what_to_type(tmp_path: Path) -> None:
    network = difference_network(tmp_path / "tiny.onnx")
    write_card(network)
    network.write_bytes(network.read_bytes()[:-20])
    found = one(weights_findings(tmp_path), "tiny.onnx")
    assert (found.level, found.hint) == ("problem", "pip install --force-reinstall maskwright")


def test_a_network_with_another_digest_than_its_card_is_a_problem(tmp_path: Path) -> None:
    write_card(difference_network(tmp_path / "tiny.onnx"), sha256="0" * 64)
    found = one(weights_findings(tmp_path), "tiny.onnx")
    assert found.level == "problem"
    assert "expected 000000000000" in found.sentence


@pytest.mark.parametrize("gone", ["tiny.onnx", "tiny.card.json"])
def test_half_of_a_network_and_its_card_is_a_problem(tmp_path: Path, gone: str) -> None:
    write_card(difference_network(tmp_path / "tiny.onnx"))
    (tmp_path / gone).unlink()
    assert [each.level for each in weights_findings(tmp_path)].count("problem") == 1


def test_the_difference_annotator_is_named_with_its_digest(tmp_path: Path) -> None:
    assert "sha256 " in one(weights_findings(tmp_path), "difference").sentence


@pytest.mark.parametrize(
    ("settings", "granted", "workers"),
    [({}, 2.5, 2), ({"SLURM_CPUS_PER_TASK": "4"}, None, 4), ({"SLURM_CPUS_PER_TASK": "4"}, 3.0, 3)],
)
def test_fewer_cores_than_default_workers_is_a_note_with_the_number_to_type(
    settings: dict[str, str], granted: float | None, workers: int
) -> None:
    found = one(processor_findings(settings, 8, granted), "workers")
    assert (found.level, found.hint) == ("note", f"maskwright annotate SOURCE OUT --workers {workers}")


def test_cores_for_every_default_worker_are_fine() -> None:
    assert one(processor_findings({"SLURM_CPUS_PER_TASK": "8"}, 8, 8.0), "workers").level == "fine"


def test_more_threads_than_processors_is_a_note() -> None:
    found = one(processor_findings({"OMP_NUM_THREADS": "64", "MKL_NUM_THREADS": "1"}, 8, None), "threads")
    assert (found.level, found.hint) == ("note", "unset OMP_NUM_THREADS")


def test_memory_for_fewer_workers_than_the_default_is_a_note() -> None:
    found = memory_finding(2 * 10**9, 8)
    assert (found.level, found.hint.split()[-2:]) == ("note", ["--workers", "3"])
    assert memory_finding(20 * 10**9, 8).level == "fine"


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MEMORY = {"proc/meminfo": "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n"}
SECOND = {
    "proc/self/cgroup": "0::/job/step\n",
    "sys/fs/cgroup/job/step/cpu.max": "max 100000\n",
    "sys/fs/cgroup/job/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/job/step/memory.max": "500000\n",
    "sys/fs/cgroup/job/step/memory.current": "300000\n",
    "sys/fs/cgroup/job/step/memory.stat": "anon 200000\ninactive_file 100000\n",
}
FIRST = {
    "proc/self/cgroup": "9:cpu,cpuacct:/elsewhere\n8:memory:/elsewhere\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "400000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "100000\n",
}
FREE = {**SECOND, "sys/fs/cgroup/job/cpu.max": "max 100000\n", "sys/fs/cgroup/job/step/memory.max": "max\n"}


@pytest.mark.parametrize(
    ("files", "cores", "memory"), [(SECOND, 1.5, 300_000), (FIRST, 1.5, 300_000), (FREE, None, 1_024_000)]
)
def test_limits_are_read_from_both_versions_of_control_groups(
    tmp_path: Path, files: dict[str, str], cores: float | None, memory: int
) -> None:
    root = machine(tmp_path, {**MEMORY, **files})
    assert (cgroup_cores(root), memory_left(root)) == (cores, memory)


def test_a_system_without_those_files_says_nothing(tmp_path: Path) -> None:
    assert (cgroup_cores(tmp_path), memory_left(tmp_path)) == (None, None)


def test_a_file_changed_after_installing_is_named(tmp_path: Path) -> None:
    # sha256 of b"as installed\n", by sha256sum and base64
    right = "sha256=XegrJcfUV7zUzCQTxlfmo8359MnOhwMNduCcN8KR-U4"
    distribution(
        tmp_path, "thing", "1.0", f"kept.txt,{right},13\ngone.txt,{right},13\nchanged.txt,{right},13\n"
    )
    (tmp_path / "kept.txt").write_text("as installed\n")
    (tmp_path / "changed.txt").write_text("otherwise\n")
    (thing,) = metadata.distributions(name="thing", path=[str(tmp_path)])
    assert changed_files(thing) == ["gone.txt", "changed.txt"]


def test_a_release_that_opens_the_next_series_is_out_of_the_range_before() -> None:
    assert [within(version, ">=2.0,<3") for version in ("1.26.4", "2.0", "2.4.6", "3.0.0rc1")] == [
        False,
        True,
        True,
        False,
    ]
