"""Set everything up and run: ``python3 bootstrap.py report``, ``test``, ``lab`` or ``bench``.

Standard library only. Makes ``.venv`` from requirements.lock (every file checked against its hash) with this
package in it, once; later calls find it in place. ``make report`` and ``make test`` call this, and so can
Windows (``py bootstrap.py report``) and macOS, which may have no make.

After a change of pyproject.toml the lock is made anew, for all platforms at once, with

    python3 bootstrap.py lock

which needs uv on the PATH; nothing else does.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

OLDEST = (3, 11)
HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "kesher-installed"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
NOTEBOOKS = "notebooks"

# What each command runs, one after the other, with the environment's own Python; the first failure ends it.
COMMANDS = {
    "setup": [],
    "report": [["-m", "kesher", "run", "sample"]],
    "test": [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy", "-p", "kesher"],
        ["-m", "pytest", "tests", "--nbval", NOTEBOOKS],
    ],
    "lab": [["-m", "kesher", "lab"]],
    "notebooks": [  # executes every workbook where it is stored, without the machine's times in it
        [
            *("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "--log-level=ERROR"),
            *("--ExecutePreprocessor.record_timing=False", *sorted(map(str, HERE.glob("notebooks/*.ipynb")))),
        ]
    ],
    "bench": [],  # every script in tests/bench
}
LOCK = (
    "uv pip compile pyproject.toml - --extra dev --universal --python-version 3.11 --generate-hashes "
    "--no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock"
)


def main(arguments):
    """Run a command; further arguments go to its last step (``bootstrap.py test -k params``)."""
    if arguments == ["lock"]:
        return subprocess.run(LOCK.split(), input=b"setuptools>=77\n", cwd=str(HERE), check=False).returncode
    if not arguments or arguments[0] not in COMMANDS:
        say("Usage: python3 bootstrap.py " + "|".join(COMMANDS))
        return 2
    if sys.version_info[:2] < OLDEST:
        return with_newer_python(arguments)
    try:
        install()
    except subprocess.CalledProcessError as error:
        say("Setting up failed: " + " ".join(str(part) for part in error.cmd[1:5]) + " ...")
        return 1
    steps = steps_of(arguments[0])
    for number, step in enumerate(steps, 1):
        rest = arguments[1:] if number == len(steps) else []
        status = subprocess.call([str(PYTHON), *step, *rest], cwd=str(HERE), env=environment())
        if status:
            return status
    return 0


def steps_of(command):
    if command == "bench":
        return [[str(path)] for path in sorted((HERE / "tests" / "bench").glob("*.py")) if path.name[0] != "_"]
    return COMMANDS[command]


def with_newer_python(arguments):
    """Go on with a newer Python of this machine, if there is one."""
    for minor in range(19, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            return subprocess.call([found, str(HERE / "bootstrap.py"), *arguments])
    say(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
    return 1


def install():
    """Make the environment unless the one in place was made from this very lock by this very Python."""
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    say("Setting up .venv (a minute or two, this once) ...")
    if not sound():
        shutil.rmtree(str(VENV), ignore_errors=True)
        try:
            run(sys.executable, "-m", "venv", str(VENV))
        except subprocess.CalledProcessError:
            say("If Python says that ensurepip is missing: apt-get install python3-venv")
            raise
    if STAMP.exists():
        STAMP.unlink()
    pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
    run(*pip, "--require-hashes", "--no-deps", "-r", "requirements.lock")
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(wanted)


def sound():
    """Whether the environment in place has a Python that runs, of this version."""
    if not PYTHON.exists():
        return False
    ask = [str(PYTHON), "-c", "import sys, pip; print(sys.version_info[:2])"]
    try:
        answer = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return answer.stdout.decode().strip() == str(sys.version_info[:2])


def fingerprint():
    digest = hashlib.sha256(repr((sys.version_info[:3], str(HERE))).encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((HERE / name).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def environment():
    """The caller's, with the environment's programs first; settings that would lead pip elsewhere stay."""
    changed = dict(os.environ, VIRTUAL_ENV=str(VENV), PATH=str(BIN) + os.pathsep + os.environ.get("PATH", ""))
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        changed.pop(name, None)
    return changed


def run(*command):
    subprocess.run(command, cwd=str(HERE), env=environment(), check=True)


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
