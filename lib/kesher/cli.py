"""The command line: ``kesher request``, ``check``, ``run``, ``lab``. Dear imports wait until a command needs them."""

from __future__ import annotations

import json
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kesher.faults import Exit, Fault, Refused

if TYPE_CHECKING:
    from kesher.run import Outcome

app = typer.Typer(
    name="kesher",
    help="Strategy workbooks: one question of a client's data each, answered with its uncertainty.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print values
    context_settings={"help_option_names": ["-h", "--help"]},
)

Clients = Annotated[list[str], typer.Argument(metavar="CLIENT", help="Names under params/, or paths.")]
Workbooks = Annotated[list[str] | None, typer.Option("-w", "--workbook", help="Only this workbook; repeatable.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="WORKBOOK.key=value", help="One parameter; repeatable.")
]
SetFile = Annotated[Path | None, typer.Option("--set-file", metavar="FILE", help="YAML lines 'WORKBOOK.key: value'.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON per client on stdout.")]


@app.command()
def run(
    clients: Clients,
    workbook: Workbooks = None,
    set_: Settings = None,
    set_file: SetFile = None,
    out: Annotated[Path | None, typer.Option(help="Where runs are written, instead of reports/.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Workbooks at a time; as many as cores.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what is known already.")] = False,
    as_json: Json = False,
) -> None:
    """Run clients' workbooks without a screen and write their reports."""
    from kesher.params import read_overrides
    from kesher.run import run_clients
    from kesher.run.progress import shown

    overrides = read_overrides(set_ or (), set_file)
    with shown() as watcher:
        outcomes = run_clients(
            clients, workbooks=workbook or (), overrides=overrides, out=out, jobs=jobs, force=force, watcher=watcher
        )
    _finish(outcomes, as_json)


@app.command()
def check(
    clients: Clients, workbook: Workbooks = None, set_: Settings = None, set_file: SetFile = None, as_json: Json = False
) -> None:
    """Check parameters and data; nothing is run. Everything wrong comes in one table."""
    from kesher.check import check_client
    from kesher.params import read_overrides

    overrides = read_overrides(set_ or (), set_file)
    outcomes = [check_client(client, workbook or (), overrides) for client in dict.fromkeys(clients)]
    for outcome in outcomes:
        if outcome.faults:
            _table(outcome.client, outcome.faults)
        else:
            _say(f"{outcome.client}: parameters and data can be run.")
    _finish(outcomes, as_json, told=True)


@app.command()
def request(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="A name, with or without a folder under params/.")],
    workbook: Workbooks = None,
    out: Annotated[Path | None, typer.Option(help="Where the page is written, instead of reports/.")] = None,
    as_json: Json = False,
) -> None:
    """Write the page to send the client before any file, in both languages, and the questionnaire beside it."""
    from kesher.intake.request import write_request

    pages = write_request(client, workbook or (), out=out)
    if as_json:
        name = pages[0].parent.parent.name
        line = {"client": name, "status": int(Exit.DONE), "run": str(pages[0].parent), "faults": []}
        sys.stdout.write(json.dumps(line) + "\n")
    for page in pages:
        _say(f"{client}: {_shown(page)}")


@app.command()
def lab(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="A name under params/, or a path.")] = "sample",
    language: Annotated[Literal["en", "he"], typer.Option(help="The language the parts are shown in.")] = "en",
    port: Annotated[int, typer.Option(help="Port of the local server; the next free one if taken.")] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
) -> None:
    """Open JupyterLab on copies of the workbooks, with the client's parameters, that client only."""
    from kesher.lab import open_lab

    raise typer.Exit(open_lab(client, language=language, port=port, browser=browser, tell=_say))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit status (DESIGN.md section 4)."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        typer.main.get_command(app).main(arguments, "kesher")
        return int(Exit.DONE)  # never reached: typer leaves with SystemExit
    except (SystemExit, KeyboardInterrupt) as left:
        status = int(getattr(left, "code", Exit.INTERRUPTED) or Exit.DONE)  # typer leaves with 130 at Ctrl-C
        if status == Exit.INTERRUPTED:
            _say("Interrupted; nothing half-written was left.")
        return status
    except Refused as refused:
        for fault in refused.faults:
            _say(str(fault))
        return int(refused.status)
    except Exception as error:
        from kesher.params import home
        from kesher.run.traces import keep_trace, trace_of

        kept = keep_trace(home() / "reports", "kesher", [trace_of(error)])
        where = f" Where is kept in {_shown(kept)}." if kept else ""
        _say(f"Kesher itself failed ({type(error).__name__}).{where}")
        return int(Exit.INTERNAL)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _finish(outcomes: Sequence[Outcome], as_json: bool, *, told: bool = False) -> None:
    """Tell how each client came out, and leave with the lowest status that is not done."""
    for outcome in outcomes:
        if as_json:
            line = {
                "client": outcome.client,
                "status": int(outcome.status),
                "run": str(outcome.run) if outcome.run else None,
                "faults": [str(fault) for fault in outcome.faults],
            }
            sys.stdout.write(json.dumps(line) + "\n")
        if told:
            continue
        for fault in outcome.faults:
            _say(f"{outcome.client}: {fault}")
        if outcome.trace:
            _say(f"{outcome.client}: where it stopped is kept in {_shown(outcome.trace)}, without any value.")
        if outcome.run:
            known = "known already, " if outcome.known else ""
            _say(f"{outcome.client}: {known}{_shown(outcome.run / 'index.html')}")
    raise typer.Exit(min((int(outcome.status) for outcome in outcomes if outcome.status), default=0))


def _table(client: str, faults: Sequence[Fault]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "file", "row", "column", "kind", "what", "what to do", title=Text(_printable(client)), box=box.SIMPLE_HEAD
    )
    for fault in faults:
        row = "" if fault.row is None else str(fault.row)
        cells = (fault.where, row, fault.column or "", fault.kind, fault.what, fault.remedy)
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    Console(stderr=True, width=None if sys.stderr.isatty() else 160).print(table)


def _shown(path: Path) -> str:
    """A path as short as it can be written from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _say(sentence: str) -> None:
    sys.stderr.write(_printable(sentence) + "\n")
    sys.stderr.flush()


def _printable(text: str) -> str:
    """A text without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
