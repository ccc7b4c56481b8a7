"""The command line: every exit status, what goes to stdout and stderr, the table of ``check``, JupyterLab."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import stub_project as stub
import typer

from kesher import cli
from kesher.check import check_client
from kesher.faults import DataRefused, Exit, Fault
from kesher.lab import filled, lab_folder, make_copies
from kesher.params import ClientParameters, client_root, open_client
from kesher.run import Outcome

SCRIPT = str(Path(__file__).with_name("stub_project.py"))
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project of its own with the client acme."""
    folder = Path(tempfile.mkdtemp(prefix="kt-")).resolve()
    monkeypatch.setenv("KESHER_HOME", str(folder))
    monkeypatch.delenv("KESHER_DATA_ROOT", raising=False)
    stub.write_client(folder)
    stub.write_notebook(folder, stub.SHOW)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def kesher(home: Path, *arguments: str) -> Done:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=120, check=False)


# Exit statuses --------------------------------------------------------------------------------------------


def test_done_is_0_and_says_where_the_report_is(home: Path) -> None:
    done = kesher(home, "run", "acme")
    assert done.returncode == Exit.DONE, done.stderr
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert re.fullmatch(r"acme: reports/acme/2026-10-31-[0-9a-f]{10}/index\.html", last)
    assert (home / last.removeprefix("acme: ")).is_file()
    assert "acme like_motivation: cell 0 of 3" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"], ["run", "--nope", "acme"], ["run", "nobody"], ["run", "acme", "-w", "like_motivaton"],
        ["run", "acme", "--jobs", "0"], ["run", "acme", "--set", "seed"], ["nonsense"], ["check"],
        ["check", "../acme"], ["lab", "nobody"], ["lab", "acme", "--language", "fr"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2_in_a_sentence(home: Path, arguments: list[str]) -> None:
    done = kesher(home, *arguments)
    assert done.returncode == Exit.USAGE
    assert done.stderr.strip() and "Traceback" not in done.stderr
    assert not (home / "reports").exists()


def test_refused_parameters_are_3(home: Path) -> None:
    for arguments in (["--set", "like_motivation.sed=1"], ["--set", "like_motivation.seed=-1"]):
        done = kesher(home, "run", "acme", *arguments)
        assert done.returncode == Exit.PARAMETERS
        assert "seed" in done.stderr and "Traceback" not in done.stderr


def test_refused_data_are_4(home: Path) -> None:
    (home / "clients" / "acme" / "customers.csv").unlink()
    done = kesher(home, "run", "acme")
    assert done.returncode == Exit.DATA
    assert done.stderr.startswith("acme: customers.csv: The file is missing. Put it below data_root")


def test_a_failed_workbook_is_5_and_its_trace_is_kept_without_values(home: Path) -> None:
    stub.write_notebook(home, "raise ValueError(rows[1])")
    done = kesher(home, "run", "acme")
    assert done.returncode == Exit.WORKBOOK
    assert "Cell 3 stopped with ValueError" in done.stderr
    assert "050-1234567" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    kept = re.search(r"kept in (\S+), without any value", done.stderr)
    assert kept is not None
    assert (home / kept[1]).read_text(encoding="utf-8") == "cell 3, line 1\n"


def test_a_fault_of_our_own_is_1_in_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret 050-1234567")

    monkeypatch.setattr("kesher.run.run_clients", fail)
    told: list[str] = []
    monkeypatch.setattr(cli, "_say", told.append)
    assert cli.main(["run", "acme"]) == Exit.INTERNAL
    assert told[0].startswith("Kesher itself failed (RuntimeError). Where is kept in ")
    (kept,) = (home / "reports" / ".traces").iterdir()
    text = kept.read_text(encoding="utf-8")
    assert "RuntimeError" in text and re.search(r"kesher/cli\.py:[0-9]+ run", text)
    assert "secret" not in text + told[0]


def test_of_several_the_lowest_of_3_4_5_is_returned_and_json_has_a_line_each(home: Path) -> None:
    for name in ("bravo", "charlie"):
        stub.write_client(home, name)
    (home / "clients" / "bravo" / "customers.csv").unlink()
    (home / "params" / "charlie" / "client.yml").write_text("client: charlie\n", encoding="utf-8")
    done = kesher(home, "run", "acme", "bravo", "charlie", "--json")
    assert done.returncode == Exit.PARAMETERS
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["client"], line["status"]) for line in lines] == [("acme", 0), ("bravo", 4), ("charlie", 3)]
    assert Path(lines[0]["run"]).joinpath("manifest.json").is_file()
    assert lines[1]["run"] is None and lines[1]["faults"]


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kesher.run.run_clients", interrupted)
    assert cli.main(["run", "acme"]) == Exit.INTERRUPTED


def test_control_characters_of_a_name_do_not_reach_the_terminal(home: Path) -> None:
    done = kesher(home, "run", "acme\x1b[31m")
    assert done.returncode == Exit.USAGE
    assert "\x1b[31m" not in done.stderr


def test_control_characters_of_a_header_do_not_reach_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    cli._table("[red]a\x1b[31m", [Fault("a.csv", "unknown", "No\x07.", "Mend it.", column="q\x1b[2J")])
    told = capsys.readouterr().err
    assert "[red]a?[31m" in told and "q?[2J" in told and "No?." in told
    assert not {"\x1b", "\x07"} & set(told)


def test_json_can_be_written_to_any_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding="ascii", write_through=True))
    fault = Fault("customers.csv", "x", "אקמה \udce9.", "")
    with pytest.raises(typer.Exit):
        cli._finish([Outcome("acme", Exit.DATA, faults=(fault,))], True, told=True)
    assert json.loads(stream.getvalue())["faults"] == [str(fault)]


def test_an_out_that_can_not_be_written_is_2_and_named(home: Path) -> None:
    (home / "file").touch()
    done = kesher(home, "run", "acme", "--out", "file")
    assert done.returncode == Exit.USAGE
    assert done.stderr.strip().splitlines()[-1].startswith("--out: Runs can not be written to ")


# Fast, and quiet about what it does not need --------------------------------------------------------------


def test_help_is_fast_and_imports_nothing_dear() -> None:
    code = "import sys; from kesher.cli import main; main(['--help'])\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Run clients' workbooks" in done.stdout
    dear = {"pandas", "numpy", "papermill", "nbformat", "jupyter_client", "plotly", "pydantic", "yaml", "kesher.run"}
    assert not dear & set(done.stdout.splitlines()[-1].split())


def test_a_run_imports_no_statistics_and_no_charts_into_its_own_process(home: Path) -> None:
    code = f"import sys; sys.argv[0] = {SCRIPT!r}; sys.path.insert(0, {str(Path(SCRIPT).parent)!r})\n"
    code += "import stub_project; stub_project.install_report()\n"
    code += "from kesher.cli import main; assert main(['run', 'acme']) == 0\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=home)
    found = set(done.stdout.splitlines()[-1].split())
    assert not {"pandas", "scipy", "plotly", "statsmodels", "rfc3987_syntax", "IPython"} & found


# check ----------------------------------------------------------------------------------------------------


def test_check_shows_every_fault_in_one_table_and_runs_nothing(home: Path) -> None:
    folder = home / "params" / "acme"
    text = (folder / "like_motivation.yml").read_text(encoding="utf-8")
    (folder / "like_motivation.yml").write_text(text + "bse: asked\nseed: 010\n", encoding="utf-8")
    done = kesher(home, "check", "acme")
    assert done.returncode == Exit.PARAMETERS
    for words in ("file", "row", "column", "kind", "what to do", "bse", "Did you mean base?", "seed", "'010'"):
        assert words in done.stderr
    assert not (home / "reports").exists()


def test_check_looks_at_the_data_through_the_workbooks_own_eyes(home: Path) -> None:
    def look(parameters: ClientParameters) -> None:
        assert client_root(parameters) == home / "clients" / "acme"
        raise DataRefused(Fault("customers.csv", "empty", "It has no rows.", "Send it again.", row=2))

    outcome = check_client("acme", checks={"like_motivation": look})
    assert (outcome.status, len(outcome.faults)) == (Exit.DATA, 1)
    assert check_client("acme", checks={}).status == Exit.DONE
    (home / "clients" / "acme" / "options.csv").unlink()
    outcome = check_client("acme", checks={"like_motivation": look})
    assert [fault.where for fault in outcome.faults] == ["customers.csv", "options.csv"]


# lab ------------------------------------------------------------------------------------------------------


def test_the_parameters_cell_keeps_its_comments_and_order() -> None:
    source = 'name_he = "א"; x = 1  # שם\nlist_ = [\n    1,\n]  # two lines\nseed: int = 3\nrows = f(x)\n'
    assert filled(source, {"name_he": "קפה", "list_": ["a"], "seed": 4}) == (
        "name_he = 'קפה'; x = 1  # שם\nlist_ = ['a']  # two lines\nseed: int = 4\nrows = f(x)\n"
    )


def test_copies_carry_the_clients_parameters_and_no_outputs_and_are_never_overwritten(home: Path) -> None:
    path = home / "notebooks" / "like_motivation.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "of the sample client"}]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    client = home / "params" / "acme" / "client.yml"
    client.write_text(client.read_text(encoding="utf-8").replace("Acme", "Other name"), encoding="utf-8")
    folder = home / "copies"
    (copy,) = make_copies(open_client("acme"), folder)
    text = copy.read_text(encoding="utf-8")
    assert "Other name" in text and "of the sample client" not in text and str(home) not in text
    copy.write_text(text.replace("# text", "# my own note"), encoding="utf-8")
    assert make_copies(open_client("acme"), folder) == []
    client.write_text(client.read_text(encoding="utf-8") + "seed: 7\n", encoding="utf-8")
    (second,) = make_copies(open_client("acme"), folder)
    assert re.fullmatch(r"like_motivation-20\d\d-\d\d-\d\d\.ipynb", second.name)
    assert "# my own note" in copy.read_text(encoding="utf-8")
    assert "seed = 7" in second.read_text(encoding="utf-8")
    client.write_text(client.read_text(encoding="utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    assert make_copies(open_client("acme"), folder)[0].name.endswith("-2.ipynb")


def test_copies_lie_below_the_data_root_and_the_sample_clients_outside_the_repository(
    home: Path, tmp_path: Path
) -> None:
    assert lab_folder(open_client("acme")) == home / "reports" / "lab" / "acme"
    path = home / "params" / "acme" / "client.yml"
    text = path.read_text(encoding="utf-8").replace("../../clients/acme", str(tmp_path))
    path.write_text(text, encoding="utf-8")
    assert lab_folder(open_client("acme")) == tmp_path.resolve() / "workbooks"


def test_copies_never_follow_a_link_out_of_the_data_root(home: Path, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    path = home / "params" / "acme" / "client.yml"
    text = path.read_text(encoding="utf-8").replace("../../clients/acme", str(root))
    path.write_text(text, encoding="utf-8")
    (root / "workbooks").symlink_to(outside)
    with pytest.raises(DataRefused, match="leads out of it"):
        lab_folder(open_client("acme"))


@pytest.mark.slow
def test_jupyterlab_starts_on_the_clients_folder_only(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "JUPYTER_TOKEN": "secret", "JUPYTER_CONFIG_DIR": str(home / "config")}
    command = [sys.executable, SCRIPT, "lab", "acme", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listing = None
        for _ in range(120):
            try:
                address = f"http://127.0.0.1:{port}/api/contents?token=secret"
                with urllib.request.urlopen(address, timeout=2) as answer:
                    listing = json.load(answer)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.25)
        assert listing is not None, "JupyterLab did not answer"
        assert [entry["name"] for entry in listing["content"]] == ["like_motivation.ipynb"]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents", timeout=2)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    assert server.returncode == Exit.INTERRUPTED
