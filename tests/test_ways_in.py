"""The ways in agree: pyproject.toml, requirements.lock, environment.yml, Makefile, .ci/run and README.md."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PLATFORMS = [
    {"sys_platform": system, "platform_system": name, "os_name": kind, "python_version": minor,
     "python_full_version": f"{minor}.9", "platform_machine": machine, "implementation_name": "cpython",
     "platform_python_implementation": "CPython", "extra": ""}
    for system, name, kind, machine in (
        ("linux", "Linux", "posix", "x86_64"),
        ("darwin", "Darwin", "posix", "arm64"),
        ("win32", "Windows", "nt", "AMD64"),
    )
    for minor in ("3.11", "3.12", "3.13")
]  # fmt: skip


def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked() -> list[tuple[str, Version, Marker | None]]:
    """The pins of the lock: name, version, and the platforms they are for."""
    found = []
    for line in LOCK.splitlines():
        if line and line[0] not in " #":
            requirement = Requirement(line.rstrip("\\ "))
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            found.append((canonicalize_name(requirement.name), Version(pin.version), requirement.marker))
    return found


def wanted() -> list[Requirement]:
    project = PROJECT["project"]
    every = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [Requirement(text) for text in [*every, *PROJECT["build-system"]["requires"]]]


def test_the_lock_pins_every_dependency_on_every_platform_within_its_range() -> None:
    pins = locked()
    for platform in PLATFORMS:
        here = {name: version for name, version, marker in pins if marker is None or marker.evaluate(platform)}
        for requirement in wanted():
            version = here.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is not locked: python3 bootstrap.py lock"
            assert version in requirement.specifier, f"{requirement} is locked at {version}"


def test_every_pin_has_hashes_and_no_host_is_named() -> None:
    assert "://" not in LOCK and "--index-url" not in LOCK and "--find-links" not in LOCK
    blocks = re.split(r"\n(?=\S)", LOCK)
    for block in blocks:
        if block and not block.startswith("#"):
            assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.skipif(
    Path(sys.prefix) != ROOT / ".venv" or not bootstrap().STAMP.exists(), reason="not made by bootstrap.py"
)
def test_what_is_installed_is_what_is_locked() -> None:
    from importlib.metadata import PackageNotFoundError, version

    for name, pinned, marker in locked():
        if marker is not None and not marker.evaluate():
            continue
        try:
            assert Version(version(name)) == pinned, name
        except PackageNotFoundError:
            pytest.fail(f"{name} is locked but not installed")


def test_conda_installs_this_package_with_what_pyproject_says() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["project"]["name"]
    python, pip, rest = environment["dependencies"]
    assert python == f"python{PROJECT['project']['requires-python']}"
    assert pip == "pip"
    assert rest == {"pip": ["-e .[dev]"]}


def test_make_does_what_bootstrap_does_and_nothing_else() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^([a-z ]+):\n\t@\$\(PYTHON\) bootstrap\.py \$@ \$\(ARGS\)$", makefile, re.MULTILINE)
    assert targets is not None
    assert set(targets[1].split()) == set(bootstrap().COMMANDS)
    assert makefile.count("\t") == 1


def test_make_report_runs_the_sample_client_and_make_test_every_check() -> None:
    commands = bootstrap().COMMANDS
    assert commands["report"] == [["-m", "kesher", "run", "sample"]]
    tools = [step[1] for step in commands["test"]]
    assert tools == ["ruff", "ruff", "mypy", "pytest"]
    assert {"tests", "--nbval", "notebooks"} <= set(commands["test"][-1])


def test_ci_runs_make_test_last() -> None:
    script = ROOT / ".ci" / "run"
    assert script.read_text(encoding="utf-8").strip().splitlines()[-1] == "exec make test"
    assert os.name == "nt" or os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_readme_gives_the_same_commands() -> None:
    path = ROOT / "README.md"
    if not path.exists():
        pytest.skip("the README is not written yet")
    text = path.read_text(encoding="utf-8")
    for command in (
        "make report", "make test", "py bootstrap.py report", "py bootstrap.py test",
        "python3 bootstrap.py report", "python3 bootstrap.py test", "conda env create -f environment.yml",
    ):  # fmt: skip
        assert command in text, command
    for target in re.findall(r"(?:make|bootstrap\.py) ([a-z]+)", text):
        assert target in {*bootstrap().COMMANDS, "lock", "it", "sure"}, target


def test_bootstrap_needs_the_standard_library_only() -> None:
    text = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
    imported = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    assert imported and set(imported) <= sys.stdlib_module_names


def test_a_second_set_up_installs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = bootstrap()
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "run", lambda *command: ran.append(command))
    monkeypatch.setattr(module, "say", lambda sentence: None)
    module.install()
    assert [command[-1] for command in ran] == ["requirements.lock", "."]
    assert "--require-hashes" in ran[0] and "--no-build-isolation" in ran[1]
    module.install()
    assert len(ran) == 2
    (tmp_path / "stamp").write_text("of another lock", encoding="utf-8")
    module.install()
    assert len(ran) == 4


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap().main(["nonsense"]) == 2
    assert "report" in capsys.readouterr().err


def test_the_console_script_is_the_command_line() -> None:
    assert PROJECT["project"]["scripts"] == {"kesher": "kesher.cli:main"}
