"""Headless runs: published whole, nothing twice, nothing left of a failure, clients kept apart."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stub_project as stub

from kesher import review
from kesher.faults import Exit, UsageRefused
from kesher.params import WORKBOOKS, LikeMotivation, load_client, open_client, read_overrides
from kesher.run import Outcome, run_clients
from kesher.run.folders import ClientReports, Lock, _swap
from kesher.run.outputs import numbers_csv, tidy_notebook
from kesher.run.progress import Event
from kesher.run.traces import trace_of_text

CANARY = "050-1234567"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project of its own in a short place, temporary files included, with the client acme."""
    folder = Path(tempfile.mkdtemp(prefix="kt-")).resolve()
    (folder / "tmp").mkdir()
    monkeypatch.setenv("KESHER_HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    monkeypatch.delenv("KESHER_DATA_ROOT", raising=False)
    monkeypatch.delitem(sys.modules, "kesher.report", raising=False)
    stub.install_report()
    stub.write_client(folder)
    stub.write_notebook(folder, stub.SHOW)
    yield folder
    sys.modules.pop("kesher.report", None)
    shutil.rmtree(folder, ignore_errors=True)


def run(*clients: str, **given: Any) -> list[Outcome]:
    return run_clients(clients or ("acme",), **given)


def one(*clients: str, **given: Any) -> Outcome:
    (outcome,) = run(*clients, **given)
    return outcome


def finished(**given: Any) -> Path:
    outcome = one(**given)
    assert outcome.status == Exit.DONE, [str(fault) for fault in outcome.faults]
    assert outcome.run is not None
    return outcome.run


def left_behind(home: Path) -> list[Path]:
    """What a run may not leave: scratch folders, locks, sockets, temporary files."""
    found = [path for path in (home / "reports").rglob("*") if path.name.startswith((".scratch", ".old", ".lock"))]
    return found + list((home / "tmp").iterdir())


def holding(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


# A run's folder -------------------------------------------------------------------------------------------


def test_a_run_is_one_folder_with_everything_in_it(home: Path) -> None:
    run = finished()
    assert run.parent == home / "reports" / "acme"
    assert re.fullmatch(r"2026-10-31-[0-9a-f]{10}", run.name)
    assert {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()} == {
        "index.html", "manifest.json", "like_motivation/workbook.ipynb", "like_motivation/results.json",
        "like_motivation/numbers.csv", "like_motivation/acme_like_motivation_2026-10-31_en.html",
        "like_motivation/acme_like_motivation_2026-10-31_he.html",
    }  # fmt: skip
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    entry = manifest["workbooks"]["like_motivation"]
    assert manifest["run"] == run.name == review.run_name("2026-10-31", {"like_motivation": entry["key"]})
    assert entry["parameters"]["seed"] == entry["seed"] == 20261031
    assert [item["rows"] for item in entry["inputs"]] == [1, 0, 0]
    assert entry["inputs"][0]["sha256"] == review.hash_file(home / "clients" / "acme" / "customers.csv")
    assert len(entry["times"]["cells"]) == 3
    assert review.intact(run, entry)
    assert manifest["versions"]["papermill"] and manifest["python"] and manifest["platform"]
    assert not left_behind(home)


def test_no_file_of_a_run_holds_a_path_of_the_machine_or_a_time_in_the_notebook(home: Path) -> None:
    client = home / "params" / "acme" / "client.yml"
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("../../clients/acme", str(home / "clients" / "acme")), encoding="utf-8")
    stub.write_notebook(home, "import sys, os; print(client_root(p), sys.prefix, os.getcwd())", stub.SHOW)
    run = finished()
    for path in (home, Path(tempfile.gettempdir()), Path(sys.prefix), Path(sys.base_prefix), Path.home()):
        assert not holding(run, str(path)), path
    notebook = json.loads((run / "like_motivation" / "workbook.ipynb").read_text(encoding="utf-8"))
    assert not {"papermill", "widgets"} & set(notebook["metadata"])
    for cell in notebook["cells"]:
        assert not {"papermill", "execution"} & set(cell["metadata"])
        assert cell["execution_count"]


def test_two_runs_agree_to_the_byte_in_notebook_and_numbers(home: Path) -> None:
    first, second = finished(out=home / "one"), finished(out=home / "two")
    assert first.name == second.name
    for name in ("workbook.ipynb", "results.json", "numbers.csv"):
        assert (first / "like_motivation" / name).read_bytes() == (second / "like_motivation" / name).read_bytes()
    manifests = [review.read_manifest(folder) or {} for folder in (first, second)]
    assert manifests[0]["semantic_hash"] == manifests[1]["semantic_hash"]


def test_text_in_the_flat_numbers_is_never_a_formula() -> None:
    number: dict[str, Any] = {
        "id": "n", "label": {"en": "=1+1", "he": " @sum"}, "value": -5.0, "low": None, "high": None,
        "unit": "count", "status": "ok", "reason": None, "interval": "none", "confidence": None,
        "base": {"customers": 3}, "effective_base": {}, "method": "-",
    }  # fmt: skip
    rows = list(csv.DictReader(numbers_csv({"numbers": [number]}).splitlines()))
    assert (rows[0]["label_en"], rows[0]["label_he"], rows[0]["method"]) == ("'=1+1", "' @sum", "'-")
    assert (rows[0]["value"], rows[0]["base.customers"]) == ("-5.0", "3")


def test_pictures_are_not_searched_for_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dana")
    data = {"image/png": f"abc{Path.home()}def", "text/plain": f"{Path.home()}/x"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell = stub.cell("1") | {"outputs": [output]}
    tidy = tidy_notebook({"cells": [cell], "metadata": {}}, workbook="w", key="k")
    assert tidy["cells"][0]["outputs"][0]["data"] == {"image/png": data["image/png"], "text/plain": "~/x"}


def test_only_what_is_printed_is_searched_for_paths_and_only_where_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dana")
    words = "Price/home/dana plans, at /home/dana"
    data = {
        stub.RESULT: {"label": words},
        "text/html": words,
        "text/plain": f"{words} '/home/dana/x' file:///home/dana",
    }
    outputs: list[dict[str, Any]] = [
        {"output_type": "display_data", "data": data, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": ["Savings/data/x now\n", "root=/data/x/y\n", "/data/xy\n"]},
        {"output_type": "error", "ename": "E", "evalue": "no (/data/x/f)", "traceback": ["File /data/x/f"]},
    ]
    cell = stub.cell("1") | {"outputs": outputs}
    for root, short in ((Path("/data/x"), False), (Path("/data"), True)):
        tidy = tidy_notebook({"cells": [cell], "metadata": {}}, workbook="w", key="k", paths=[root])
        shown, stream, error = tidy["cells"][0]["outputs"]
        assert shown["data"] == data | {"text/plain": "Price/home/dana plans, at ~ '~/x' file://~"}
        assert (stream["text"], error["evalue"], error["traceback"]) == (
            (outputs[1]["text"], outputs[2]["evalue"], outputs[2]["traceback"])
            if short
            else (["Savings/data/x now\n", "root=<data>/y\n", "/data/xy\n"], "no (<data>/f)", ["File <data>/f"])
        )


# Nothing twice --------------------------------------------------------------------------------------------


def test_a_run_that_is_known_is_not_run_again(home: Path) -> None:
    first = finished()
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*")}
    (home / "notebooks" / "unused.txt").write_text("x", encoding="utf-8")
    started = time.monotonic()
    outcome = one()
    assert (outcome.known, outcome.run) == (True, first)
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*")} == before
    assert time.monotonic() - started < 2
    assert not left_behind(home)


def test_force_runs_again_and_the_old_run_stands_until_the_new_one_does(home: Path) -> None:
    first = finished()
    marker = first / "marker"
    marker.touch()
    seen, missing, stop = [], [], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(marker.exists())
            if not (first / "manifest.json").exists():
                missing.append(time.monotonic())

    thread = threading.Thread(target=watch)
    thread.start()
    again = one(force=True)
    stop.set()
    thread.join()
    assert (again.run, again.known) == (first, False)
    assert not marker.exists() and any(seen)
    if sys.platform in ("linux", "darwin"):
        assert not missing
    assert not left_behind(home)


def test_a_harmed_run_is_made_again(home: Path) -> None:
    first = finished()
    (first / "like_motivation" / "results.json").write_text("{}", encoding="utf-8")
    assert not one().known
    assert json.loads((first / "like_motivation" / "results.json").read_text(encoding="utf-8"))["client"] == "acme"


def test_a_known_run_without_its_index_is_made_whole_again(home: Path) -> None:
    first = finished()
    (first / "index.html").unlink()
    again = one()
    assert (again.status, again.known, again.run) == (Exit.DONE, False, first)
    assert (first / "index.html").is_file() and one().known


def test_a_workbook_known_from_another_run_is_taken_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WORKBOOKS, "other", LikeMotivation)
    shutil.copy(home / "params" / "acme" / "like_motivation.yml", home / "params" / "acme" / "other.yml")
    stub.write_notebook(home, "other = 1", stub.SHOW, name="other")
    finished(workbooks=["like_motivation"])
    events: list[Event] = []
    both = finished(watcher=events.append, jobs=2)
    assert {event.workbook for event in events if event.stage == "running"} == {"other"}
    assert {event.workbook for event in events if event.stage == "known"} == {"like_motivation"}
    manifest = review.read_manifest(both) or {}
    assert list(manifest["workbooks"]) == ["like_motivation", "other"]
    assert all(review.intact(both, entry) for entry in manifest["workbooks"].values())
    assert one().known and one(workbooks=["like_motivation"]).known


def key(home: Path, *sets: str) -> str:
    client = open_client("acme", overrides=read_overrides(sets))
    parameters = client.workbooks["like_motivation"]
    notebook = json.loads((home / "notebooks" / "like_motivation.ipynb").read_text(encoding="utf-8"))
    return review.workbook_key(review.hash_notebook(notebook), parameters, review.inputs_of(parameters, client.root))


def test_the_key_changes_with_every_part_it_names(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "data" / "published").mkdir(parents=True)
    keys = {"first": key(home), "parameter": key(home, "client.seed=7")}
    data = home / "clients" / "acme" / "customers.csv"
    data.write_text(data.read_text(encoding="utf-8") + "2,x\n", encoding="utf-8")
    keys["input"] = key(home)
    (home / "data" / "published" / "a.csv").write_text("study\n", encoding="utf-8")
    keys["published"] = key(home)
    stub.write_notebook(home, stub.SHOW + "# more")
    keys["notebook"] = key(home)
    (home / "requirements.lock").write_text("numpy==1\n", encoding="utf-8")
    keys["lock"] = key(home)
    monkeypatch.setattr(review, "PYTHON", "3.99")
    keys["python"] = key(home)
    monkeypatch.setattr(review, "hash_package", lambda: "other")
    keys["package"] = key(home)
    assert len(set(keys.values())) == len(keys)


def test_the_package_hash_changes_with_its_sources_only(tmp_path: Path) -> None:
    package = tmp_path / "kesher"
    package.mkdir()
    (package / "a.py").write_text("1", encoding="utf-8")
    first = review.hash_package.__wrapped__(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_text("x", encoding="utf-8")
    assert review.hash_package.__wrapped__(package) == first
    (package / "a.py").write_text("2", encoding="utf-8")
    assert review.hash_package.__wrapped__(package) != first


def test_the_key_does_not_change_with_language_outputs_or_where_the_files_lie(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = key(home)
    monkeypatch.setenv("KESHER_LANGUAGE", "he")
    path = home / "notebooks" / "like_motivation.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}], "id": "other"}
    notebook["cells"][0]["source"] = notebook["cells"][0]["source"].splitlines(keepends=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (home / "clients").rename(home / "elsewhere")
    client = home / "params" / "acme" / "client.yml"
    text = client.read_text(encoding="utf-8").replace("../../clients", "../../elsewhere")
    client.write_text(f"# a comment\n{text}", encoding="utf-8")
    assert key(home) == first


# Refusals and failures ------------------------------------------------------------------------------------


def test_refused_parameters_stop_before_a_kernel_and_nothing_is_written(home: Path) -> None:
    (home / "params" / "acme" / "like_motivation.yml").write_text("customer_file: a.csv\n", encoding="utf-8")
    events: list[Event] = []
    outcome = one(watcher=events.append)
    assert outcome.status == Exit.PARAMETERS
    assert "Did you mean customers_file?" in str(outcome.faults[0])
    assert not events and not (home / "reports").exists()


@pytest.mark.parametrize("spec", ["missing.csv", "../other/customers.csv", "/etc/hostname", "link.csv"])
def test_refused_files_stop_before_a_kernel_and_nothing_is_written(home: Path, spec: str) -> None:
    stub.write_client(home, "other")
    (home / "clients" / "acme" / "link.csv").symlink_to(home / "clients" / "other" / "customers.csv")
    outcome = one(overrides=read_overrides([f"like_motivation.customers_file={spec}"]))
    assert outcome.status == Exit.DATA
    assert not (home / "reports").exists() and not left_behind(home)


def test_a_file_too_large_to_be_hashed_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "SIZE_LIMIT", 20)
    outcome = one()
    assert (outcome.status, outcome.faults[0].kind) == (Exit.DATA, "too_large")


def test_an_out_that_can_not_be_written_is_wrong_usage(home: Path) -> None:
    (home / "file").touch()
    places = [home / "file", home / "file" / "below", home / ("x" * 300)]
    places += [Path("/proc/x")] if Path("/proc/self").exists() else []
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        (home / "closed").mkdir(mode=0o500)
        places.append(home / "closed")
    for out in places:
        with pytest.raises(UsageRefused, match=r"--out: Runs can not be written to .+\(.+\)\. Name a folder"):
            run(out=out)


REFUSE = """\
from kesher.faults import DataRefused, Fault, ParametersRefused
raise {}(
    Fault("customers.csv", "empty", "The file has no rows.", "Send it again.", row=3, column="q9"),
    Fault("options.csv", "missing", "No option.", "Add one."),
)
"""


@pytest.mark.parametrize(("kind", "status"), [("DataRefused", Exit.DATA), ("ParametersRefused", Exit.PARAMETERS)])
def test_what_a_workbook_refuses_comes_out_as_its_own_sentences(home: Path, kind: str, status: Exit) -> None:
    stub.write_notebook(home, REFUSE.format(kind))
    outcome = one()
    assert outcome.status == status
    assert [str(fault) for fault in outcome.faults] == [
        "customers.csv, row 3, column 'q9': The file has no rows. Send it again.",
        "options.csv: No option. Add one.",
    ]
    assert outcome.trace is None
    assert not (home / "reports").exists() and not left_behind(home)


FAIL = f"""\
import sys
print(rows); display(rows); print(rows, file=sys.stderr)
open("dump.txt", "w").write(str(rows)); open("/proc/self/fd/2", "w").write(str(rows))
{stub.SHOW}
raise ValueError("the row " + rows[1])
"""


def test_a_failed_workbook_leaves_nothing_of_a_row_anywhere(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stub.write_notebook(home, FAIL, stub.SHOW)
    outcome = one()
    assert outcome.status == Exit.WORKBOOK
    assert [str(fault) for fault in outcome.faults] == [
        "like_motivation: Cell 3 stopped with ValueError. This is a fault of the workbook, not of your data."
    ]
    assert outcome.trace is not None
    assert re.fullmatch(r"(cell [0-9]+, line [0-9]+\s*)+", outcome.trace.read_text(encoding="utf-8"))
    assert {path.parent for path in holding(home, CANARY)} == {home / "clients" / "acme"}
    assert not any(CANARY in text for text in capfd.readouterr())
    assert CANARY not in repr(outcome)
    assert not (home / "reports" / "acme").exists() and not left_behind(home)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_crash_in_any_cell_leaves_nothing_of_a_row(home: Path, position: int) -> None:
    sources = ["a = str(rows)", "b = str(rows)", stub.SHOW]
    sources[position] += "\nraise KeyError(rows[1])"
    stub.write_notebook(home, *sources)
    outcome = one()
    assert (outcome.status, outcome.faults[0].kind) == (Exit.WORKBOOK, "failed")
    assert {path.parent for path in holding(home, CANARY)} == {home / "clients" / "acme"}


def test_a_failure_in_our_own_code_is_traced_by_function_and_line(home: Path) -> None:
    stub.write_notebook(home, "from kesher.results import dumps\ndumps({'x': float('nan')})")
    outcome = one()
    assert outcome.trace is not None
    assert re.search(r"^kesher/results\.py:[0-9]+ dumps$", outcome.trace.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_message_that_looks_like_a_frame_of_ours_tells_nothing() -> None:
    lines = ["File /x/kesher/results.py:9 in dumps", "File /x/kesher/results.py:9 in Dana_Levi"]
    lines += ["File /x/kesher/results.py:501234 in dumps", "File /x/kesher/dana.py:9 in dumps"]
    lines += ["File /x/kesher/results.py:1 in <module>"]
    told = ["kesher/results.py:9 dumps", "kesher/results.py:9", "kesher/results.py:1 <module>"]
    assert trace_of_text("\n".join(lines)) == told


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import os; os._exit(1)", "Its kernel ended in cell 3."),
        ("import time; time.sleep(60)", "Cell 3 took longer than 2 seconds and was stopped."),
        ("1 +", "Cell 3 stopped with SyntaxError."),
        ("x = 1", "No result."),
    ],
)
def test_a_workbook_that_does_not_end_well_is_a_failed_workbook(home: Path, source: str, sentence: str) -> None:
    stub.write_notebook(home, source)
    outcome = one(timeout=2)
    assert outcome.status == Exit.WORKBOOK
    assert sentence in str(outcome.faults[0])
    assert not left_behind(home)


def test_a_missing_notebook_is_a_failed_workbook(home: Path) -> None:
    (home / "notebooks" / "like_motivation.ipynb").unlink()
    assert one().status == Exit.WORKBOOK


def test_a_file_that_changes_under_a_run_is_refused(home: Path) -> None:
    stub.write_notebook(home, "(client_root(p) / 'customers.csv').write_text('id\\n')", stub.SHOW)
    outcome = one()
    assert outcome.status == Exit.DATA
    assert str(outcome.faults[0]) == "customers.csv: The file changed while the workbook ran. Run again."


def test_one_clients_refusal_does_not_touch_another(home: Path) -> None:
    for name in ("bravo", "charlie", "delta"):
        stub.write_client(home, name)
    (home / "params" / "bravo" / "client.yml").write_text("client: bravo\n", encoding="utf-8")
    (home / "clients" / "charlie" / "customers.csv").unlink()
    outcomes = run("charlie", "bravo", "acme", "delta", str(home / "params" / "acme"))
    assert [(outcome.client, outcome.status) for outcome in outcomes] == [
        ("charlie", Exit.DATA), ("bravo", Exit.PARAMETERS), ("acme", Exit.DONE), ("delta", Exit.DONE),
    ]  # fmt: skip


def test_two_folders_of_one_name_and_unknown_clients_are_wrong_usage(home: Path) -> None:
    other = home / "x" / "acme"
    shutil.copytree(home / "params" / "acme", other)
    (home / "x" / "clients").mkdir()
    (other / "client.yml").write_text(stub.CLIENT.format(name="acme").replace("../../", "../../"), encoding="utf-8")
    with pytest.raises(UsageRefused, match="Two folders"):
        run("acme", str(other))
    with pytest.raises(UsageRefused, match="no client"):
        run("acme", "nobody")
    assert not (home / "reports").exists()


# Apart from each other and from the user's own settings ---------------------------------------------------


def test_each_client_reads_below_its_own_root_and_nothing_of_another_is_in_its_run(home: Path) -> None:
    names = [f"client{number}" for number in range(4)]
    for name in names:
        stub.write_client(home, name, rows=(f"1,canary-{name}",))
    stub.write_notebook(home, "print(rows)", stub.SHOW)
    random.Random(7).shuffle(names)
    outcomes = run(*names, jobs=2)
    assert all(outcome.status == Exit.DONE for outcome in outcomes)
    for name in names:
        found = {path.relative_to(home).parts[1] for path in holding(home, f"canary-{name}")}
        assert found == {name}


@pytest.mark.parametrize(("jobs", "together"), [(1, False), (2, True)])
def test_jobs_run_side_by_side(home: Path, jobs: int, together: bool) -> None:
    stub.write_client(home, "bravo")
    stub.write_notebook(home, "import time; time.sleep(1.5)", stub.SHOW)
    stages: list[tuple[str, str]] = []
    run("acme", "bravo", jobs=jobs, watcher=lambda event: stages.append((event.client, event.stage)))
    first_end = min(stages.index((name, "done")) for name in ("acme", "bravo"))
    both = {name for name, stage in stages[:first_end] if stage == "running"}
    assert (both == {"acme", "bravo"}) is together


def test_the_users_own_startup_files_and_settings_stay_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("leak = 1\nrows = None\n", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(startup / "00.py"))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    check = "import os\nassert 'leak' not in globals() and os.environ['OMP_NUM_THREADS'] == '1'"
    ask = [sys.executable, "-c", "print(hash('a'))"]
    seeded = subprocess.check_output(ask, env={**os.environ, "PYTHONHASHSEED": "0"}, text=True).strip()
    check += f"\nassert hash('a') == {seeded}"
    stub.write_notebook(home, check, stub.SHOW)
    finished()


# Killed, interrupted, twice at a time ---------------------------------------------------------------------


def command(home: Path, *arguments: str) -> subprocess.Popen[str]:
    script = str(Path(__file__).with_name("stub_project.py"))

    def heard() -> None:  # a shell ignores it for what runs in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)

    return subprocess.Popen(
        [sys.executable, script, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home,
        preexec_fn=heard,
    )  # fmt: skip


def kernels(home: Path) -> list[int]:
    """Processes whose environment names this project."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if f"KESHER_DATA_ROOT={home}".encode() in content:
            found.append(int(path.parent.name))
    return found


def gone(home: Path, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while kernels(home) and time.monotonic() < end:
        time.sleep(0.2)
    return not kernels(home)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_kernels_and_leaves_nothing(home: Path, sent: signal.Signals) -> None:
    stub.write_notebook(home, "import time; time.sleep(60)", stub.SHOW)
    process = command(home, "run", "acme")
    assert process.stderr is not None
    while "cell" not in (line := process.stderr.readline()):
        assert line, "the run ended early"
    process.send_signal(sent)
    _, told = process.communicate(timeout=20)
    assert process.returncode == Exit.INTERRUPTED
    assert told.strip().splitlines()[-1] == "Interrupted; nothing half-written was left."
    assert gone(home, 3) and not left_behind(home) and not (home / "reports").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_killed_run_leaves_the_old_state_or_the_new(home: Path) -> None:
    stub.write_notebook(home, "import time; time.sleep(0.3)", stub.SHOW)
    moments = random.Random(20261121)
    for round_ in range(6):
        process = command(home, "run", "acme", *(["--force"] if round_ % 2 else []))
        time.sleep(moments.uniform(0.1, 1.6))
        process.kill()
        process.communicate()
        for found in (home / "reports").glob("acme/[0-9]*"):
            manifest = review.read_manifest(found)
            assert manifest is not None
            assert all(review.intact(found, entry) for entry in manifest["workbooks"].values())
        assert gone(home)
    again = command(home, "run", "acme", "--force")
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert len(list((home / "reports" / "acme").iterdir())) == 1
    assert not left_behind(home)


@pytest.mark.slow
def test_two_runs_of_one_client_at_a_time_do_the_work_once(home: Path) -> None:
    stub.write_notebook(home, "import time; time.sleep(1)", stub.SHOW)
    processes = [command(home, "run", "acme", "--json") for _ in range(2)]
    told = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len({json.loads(out)["run"] for out, _ in told}) == 1
    assert sum("known already, not run again" in err for _, err in told) == 1
    assert len(list((home / "reports" / "acme").iterdir())) == 1


def test_a_run_killed_between_two_renames_is_put_right(home: Path) -> None:
    run = finished()
    run.rename(run.with_name(f".old-{run.name}"))
    (run.parent / ".scratch-1-x").mkdir()
    assert one().known
    assert run.is_dir() and not left_behind(home)


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "a" / ".lock"), Lock(tmp_path / "a" / ".lock")
    assert first.acquire(wait=False)
    assert not second.acquire(wait=False)
    waiter = threading.Thread(target=second.acquire, kwargs={"wait": True})
    waiter.start()
    first.release()
    waiter.join(5)
    assert (tmp_path / "a" / ".lock").exists()
    second.release()
    assert not (tmp_path / "a" / ".lock").exists()


def test_publishing_without_an_exchange_of_folders_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kesher.run.folders._swap", lambda one, other: False)
    reports = ClientReports(tmp_path, "acme")
    assert reports.open(wait=False)
    for text in ("old", "new"):
        scratch = reports.scratch()
        (scratch / "x").write_text(text, encoding="utf-8")
        run = reports.publish(scratch, "2026-01-01-a")
    reports.close()
    assert (run / "x").read_text(encoding="utf-8") == "new"
    assert [path.name for path in reports.folder.iterdir()] == ["2026-01-01-a"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="needs an exchange of folders")
def test_folders_are_exchanged_in_one_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert _swap(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists()
    assert not _swap(tmp_path / "a", tmp_path / "c")


def test_rows_are_counted_below_the_header(tmp_path: Path) -> None:
    texts = {
        'a,b\n1,"x\ny"\n\n2,3': 2, "a\n": 0, "": 0, "a;b\n1;2\n": 1, "אב,ג\n5\",6\n7,8\n": 2,
    }  # fmt: skip
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        for text, rows in texts.items():
            path = tmp_path / "x.csv"
            path.write_text(text, encoding=encoding)
            assert review.count_rows(path, "x.csv") == rows, (text, encoding)
    assert review.count_rows(tmp_path / "x.sav", "x.sav") is None


def test_the_manifest_names_the_commit_and_whether_files_differ_from_it(home: Path) -> None:
    review._git.cache_clear()
    assert review.commit() is None
    git = ["git", "-C", str(home), "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    for arguments in (["init"], ["add", "notebooks"], ["commit", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    review._git.cache_clear()
    found = review.commit() or {}
    assert re.fullmatch(r"[0-9a-f]{40}", found["id"]) and found["dirty"] is False
    stub.write_notebook(home, "1")
    review._git.cache_clear()
    assert (review.commit() or {})["dirty"] is True
    review._git.cache_clear()


def test_papermill_alone_stops_at_a_misspelt_name_too(home: Path) -> None:
    command = [sys.executable, "-m", "papermill", "notebooks/like_motivation.ipynb", "out.ipynb"]
    command += ["-f", "params/acme/client.yml", "-f", "params/acme/like_motivation.yml"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command += ["-p", "confidense", "0.9"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "confidense: There is no such parameter. Did you mean confidence?" in done.stderr


def test_an_empty_folder_given_as_out_is_left_in_place(home: Path) -> None:
    (home / "out").mkdir()
    stub.write_notebook(home, REFUSE.format("DataRefused"))
    assert one(out=home / "out").status == Exit.DATA
    assert list((home / "out").iterdir()) == []


def test_the_parameters_a_notebook_gets_are_those_loaded(home: Path) -> None:
    expected = load_client("acme")["like_motivation"].model_dump()
    stub.write_notebook(home, f"assert p.model_dump() == {expected!r}", stub.SHOW)
    finished()
