"""The stored notebooks: executed, not stripped, without the machine's traces; and the hook that compares them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nbval.plugin import IPyNbCell

from kesher.page.parts import PART, RESULT
from kesher.params import WORKBOOKS

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STORED = sorted(NOTEBOOKS.glob("*.ipynb"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_every_workbook_has_its_notebook() -> None:
    assert {path.stem for path in STORED} >= set(WORKBOOKS)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_no_stored_notebook_is_stripped(path: Path) -> None:
    cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells), "execute it before it is stored"
    shown = [output["data"] for cell in cells for output in cell["outputs"] if "data" in output]
    assert sum(PART in data for data in shown) >= 10
    assert sum(RESULT in data for data in shown) == 1
    assert not any(output["output_type"] in ("error", "stream") for cell in cells for output in cell["outputs"])


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_no_stored_notebook_carries_the_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|Users|root|work|tmp)/|[A-Z]:\\\\\\\\Users", text)
    assert "papermill" not in read(path)["metadata"] and "widgets" not in read(path)["metadata"]
    assert not re.search(r'"iopub|"shell.execute_reply"', text), "store it without times"


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_notebook_holds_no_logic(path: Path) -> None:
    cells = read(path)["cells"]
    source = "\n".join(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", [])
    )
    assert not re.search(r"^\s*(def|class|for|while|if|try|with)\b", source, re.MULTILINE)
    assert not re.search(r"(?<![\w\"])\d+\.?\d*(?![\w\"])", source), "no numbers outside the parameters"


def sanitized(value: Any) -> Any:
    cell = SimpleNamespace(parent=SimpleNamespace(sanitize_patterns={}))
    return IPyNbCell.sanitize(cell, value)


def test_noise_in_the_last_digit_passes_nbval_and_a_change_fails() -> None:
    stored = {"data": [{"x": [0.1 + 0.2, 1200]}], "label": "49%"}
    noisy = {"data": [{"x": [0.3, 1200]}], "label": "49%"}
    moved = {"data": [{"x": [0.3001, 1200]}], "label": "49%"}
    assert stored != noisy and sanitized(stored) == sanitized(noisy)
    assert sanitized(stored) != sanitized(moved)
    assert sanitized(stored) != sanitized(noisy | {"label": "50%"})
