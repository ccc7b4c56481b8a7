"""Parameters: strict YAML, every kind of mistake refused with its remedy, templates and cells in step."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import stub_project as stub

from kesher.faults import DataRefused, ParametersRefused, UsageRefused
from kesher.params import (
    WORKBOOKS,
    ClientParameters,
    LikeMotivation,
    below,
    client_root,
    load_client,
    open_client,
    parameters,
    read_overrides,
    tables,
)
from kesher.params.explain import allowed
from kesher.params.strict_yaml import SIZE_LIMIT, read_mapping, read_value, written_yaml
from kesher.params.template import templates

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with the client acme."""
    monkeypatch.setenv("KESHER_HOME", str(tmp_path))
    stub.write_client(tmp_path)
    return tmp_path


def refusal(home: Path, extra: str = "", *, client: str = "", sets: tuple[str, ...] = ()) -> list[str]:
    """The sentences by which acme is refused when ``extra`` joins its workbook's file, ``client`` its own."""
    for name, text in (("like_motivation.yml", extra), ("client.yml", client)):
        path = home / "params" / "acme" / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    with pytest.raises(ParametersRefused) as caught:
        load_client("acme", overrides=read_overrides(sets))
    return [str(fault) for fault in caught.value.faults]


# Strict YAML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("7", 7),
        ("-7", -7), ("0", 0),
        ("0.5", 0.5), ("1e3", 1000.0), ("1.5E-3", 0.0015), ("[a, 1, true]", ["a", 1, True]),
        ("[]", []),
        # what YAML 1.1 bends stays the text it is
        ("no", "no"), ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("True", "True"),
        ("010", "010"),
        ("0x1F", "0x1F"), ("0o17", "0o17"), ("12:30:00", "12:30:00"), ("1_000", "1_000"),
        ("2026-10-31", "2026-10-31"),
        (".5", ".5"), (".nan", ".nan"), (".inf", ".inf"), ("nan", "nan"), ("12%", "12%"), ("=", "="),
        ("<<", "<<"),
        ("'7'", "7"), ('"no"', "no"), ("אקמה", "אקמה"),
    ],
)  # fmt: skip
def test_scalars_are_read_without_surprises(text: str, value: Any) -> None:
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1", "Anchors"), ("a: *x", "aliases"), ("a: !!str 1", "Tags"),
        ("a: !!python/name:os.system", "Tags"),
        ("a: 1\na: 2", "twice"), ("a:\n  b: 1", "scalar"), ("a: {b: 1}", "scalar"),
        ("a: [1, [2]]", "scalars"),
        ("- a", "flat"), ("just text", "flat"), ("a: 1\n---\nb: 2", "second document"),
        ("a: |\n x\n y", "one line"),
        ('a: "\\0"', "control"), ("1: 2", "plain word"), ("? [a]\n: 2", "plain word"),
        ("a: b: c", "not YAML"),
        ("a: 'x", "not YAML"), ("a: %", "not YAML"), ("[" * 30000, "flat"),
        ("a: " + "[" * 30000, "scalars"),
        ("a: [" + "1, " * 200 + "1]", "more than 100"),
    ],
)  # fmt: skip
def test_yaml_that_is_more_than_names_and_values_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "client.yml"
    path.write_text(text, encoding="utf-8")
    _, faults = read_mapping(path)
    assert len(faults) == 1
    assert words in str(faults[0])
    assert faults[0].row is not None
    assert faults[0].remedy


def test_a_large_file_a_wrong_encoding_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "client.yml"
    assert "does not exist" in str(read_mapping(path)[1][0])
    path.write_bytes(b"a: 1\nb: \xf9\n")
    assert str(read_mapping(path)[1][0]).startswith("client.yml, line 2: The file is not UTF-8.")
    path.write_text("a: " + "x" * SIZE_LIMIT, encoding="utf-8")
    assert "larger than 64 KB" in str(read_mapping(path)[1][0])
    path.write_text("\ufeffa: 1\n", encoding="utf-8")
    assert read_mapping(path)[0]["a"].value == 1


@pytest.mark.parametrize(
    "value", ["no", "7", "a: b", "x # y", "it's", "", "[a]", "true", None, True, 3, 0.5, ["a", "7"]]
)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert read_value(written_yaml(value)) == value


# Refusals --------------------------------------------------------------------------------------------


def test_a_client_that_holds_is_loaded(home: Path) -> None:
    client = open_client("acme")
    assert client.root == home / "clients" / "acme"
    assert isinstance(client.workbooks["like_motivation"], LikeMotivation)
    assert load_client(home / "params" / "acme") == client.workbooks


def test_every_name_misspelt_by_one_letter_is_refused_with_the_right_one(home: Path) -> None:
    folder = home / "params" / "acme"
    for workbook, workbook_model in WORKBOOKS.items():
        for other in WORKBOOKS:
            (folder / f"{other}.yml").unlink(missing_ok=True)
        texts = {workbook: templates()[f"{workbook}.yml"]}
        texts["client"] = (folder / "client.yml").read_text(encoding="utf-8")
        (folder / f"{workbook}.yml").write_text(texts[workbook], encoding="utf-8")
        for file, model in (("client", ClientParameters), (workbook, workbook_model)):
            for name in model.model_fields:
                if file != "client" and name in ClientParameters.model_fields:
                    continue
                misspelt = name[0] + name
                path = folder / f"{file}.yml"
                path.write_text(f"{texts[file]}{misspelt}: 1\n", encoding="utf-8")
                with pytest.raises(ParametersRefused) as caught:
                    load_client("acme")
                path.write_text(texts[file], encoding="utf-8")
                told = [str(fault) for fault in caught.value.faults if fault.kind == "unknown name"]
                assert told and f"{misspelt}: There is no such parameter. Did you mean {name}?" in told[0], name


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("resamples: '1000'", "'1000' is not allowed. Allowed: a whole number from 200 to 20000. Write it"),
        ("resamples: 010", "Write it without the leading zero."),
        ("resamples: 1,000", "Write 1000."),
        ("resamples: 12:30:00", "Times are not read as numbers."),
        ("resamples: 1000.5", "Allowed: a whole number"),
        ("resamples: 100", "resamples: 100 is not allowed. Allowed: a whole number from 200 to 20000."),
        ("resamples:", "resamples: null is not allowed."),
        ("other_limit: 10%", "Write a share as a decimal: 0.1."),
        ("other_limit: 1.5", "Allowed: a number from 0 to 1."),
        ("other_limit: true", "true is not allowed. Allowed: a number"),
        ("forms_differ: no", "Only true and false are booleans here: write false."),
        ("forms_differ: 1", "Allowed: true or false."),
        ("base: aksed", "'aksed' is not allowed. Allowed: one of asked, answered, ticked."),
        ("quality_exclude: duplicate", "Write [duplicate]."),
        ("quality_exclude: [duplicates]", "Allowed: a list in brackets: one of duplicate"),
        ("pressed_like_en: 7", "Put it in quotes: '7'."),
        ("margins: 5", "Allowed: the path of a table (file.csv or file.xlsx#sheet) below data_root or null."),
        ("guesses_seal: abc", "64 digits and letters a to f"),
        ("revealed_on: 20.10.2026", "must be a date written as 2026-10-31"),
        ("revealed_on: 2026-02-30", "revealed_on"),
        ("as_of: 1989-12-31", "'1989-12-31': must lie between the years 1990 and 2100."),
        ("as_of: 2101-01-01", "must lie between the years 1990 and 2100."),
        ("weight_low: 1.0", "weight_low: 1.0 is not allowed. Allowed: a number above 0 and below 1."),
        ("weight_high: 1.0", "weight_high: 1.0 is not allowed. Allowed: a number above 1 and up to 100."),
        ("marketers_mode: sample", "marketers_mode sample needs marketers_file."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_what_is_allowed(home: Path, line: str, sentence: str) -> None:
    told = refusal(home, line + "\n")
    assert len(told) == 1
    assert sentence in told[0]
    if "marketers_mode" not in line:
        assert told[0].startswith("like_motivation.yml, line 4, ")


def test_every_fault_of_every_file_is_told_at_once(home: Path) -> None:
    (home / "params" / "acme" / "like_motivaton.yml").write_text("", encoding="utf-8")
    told = refusal(
        home, "bse: asked\noffers_max: 9\n", client="confidence: 2\nseed: x\n", sets=("client.grey_below=0",)
    )
    assert sorted(sentence.split(":")[0] for sentence in told) == [
        "--set, grey_below", "client.yml, line 6, confidence", "client.yml, line 7, seed",
        "like_motivation.yml, line 4, bse", "like_motivation.yml, line 5, offers_max", "like_motivaton.yml",
    ]  # fmt: skip


def test_a_required_parameter_that_is_missing_is_named_with_its_file(home: Path) -> None:
    (home / "params" / "acme" / "like_motivation.yml").write_text("customers_file: customers.csv\n", encoding="utf-8")
    (home / "params" / "acme" / "client.yml").write_text(
        "client: acme\ndata_root: ../../clients/acme\n", encoding="utf-8"
    )
    told = refusal(home)
    assert {sentence.split(": ")[0] for sentence in told} == {
        "client.yml, name_en", "client.yml, name_he", "client.yml, as_of",
        "like_motivation.yml, columns", "like_motivation.yml, options",
    }  # fmt: skip
    assert all("It is not given and has no default." in sentence for sentence in told)


@pytest.mark.parametrize("name", ["Acme", "../acme", "a" * 64, "-a", "a b", "אקמה", "a/b", "acme\u200f", ""])
def test_a_client_is_a_plain_short_name(home: Path, name: str) -> None:
    path = home / "params" / "acme" / "client.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("client: acme", f"client: '{name}'"), encoding="utf-8")
    assert any("line 1, client" in sentence for sentence in refusal(home))


def test_the_folder_is_called_as_the_client(home: Path) -> None:
    path = home / "params" / "acme" / "client.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("client: acme", "client: other"), encoding="utf-8")
    assert refusal(home) == [
        "client.yml, line 1, client: The client is called 'other' but its folder 'acme'. Rename one of them."
    ]


def test_a_data_root_that_does_not_exist_is_refused(home: Path) -> None:
    path = home / "params" / "acme" / "client.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("../../clients/acme", "../../nowhere"), encoding="utf-8")
    assert refusal(home)[0].startswith("client.yml, line 5, data_root: There is no folder '../../nowhere'.")


def test_a_data_root_that_is_no_clients_folder_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "dana").mkdir()
    monkeypatch.setenv("HOME", str(home / "dana"))
    monkeypatch.setenv("USERPROFILE", str(home / "dana"))
    wrong = {"x" * 280: "There is no folder", "/": "the root of the file system"}
    wrong |= {"../..": "the project's own folder", "../../dana": "your home folder"}
    for root, words in wrong.items():
        told = refusal(home, sets=(f"client.data_root={root}",))
        assert len(told) == 1 and told[0].startswith("--set, data_root: ") and words in told[0]


def test_a_folder_without_workbooks_is_refused(home: Path) -> None:
    (home / "params" / "acme" / "like_motivation.yml").unlink()
    with pytest.raises(
        ParametersRefused, match=r"Copy like_motivation\.yml.* or channel_selection\.yml from params/_template"
    ):
        load_client("acme")


@pytest.mark.parametrize("client", ["acmee", "..", "../acme", "/nowhere", "", "a\0b", "x" * 5000, "_template", "אקמה"])
def test_a_client_that_does_not_exist_is_wrong_usage(home: Path, client: str) -> None:
    with pytest.raises((UsageRefused, ParametersRefused)):
        load_client(client)


def test_an_unknown_workbook_is_wrong_usage(home: Path) -> None:
    with pytest.raises(UsageRefused, match="Did you mean like_motivation"):
        load_client("acme", ["like_motivaton"])


# Overrides -------------------------------------------------------------------------------------------


def test_the_command_line_wins_over_the_file_given_and_that_over_the_clients(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.yml"
    file.write_text("like_motivation.seed: 1\nclient.confidence: 0.8\nlike_motivation.base: asked\n", encoding="utf-8")
    overrides = read_overrides(["like_motivation.seed=2", "like_motivation.quality_exclude=[duplicate]"], file)
    found = load_client("acme", overrides=overrides)["like_motivation"]
    assert isinstance(found, LikeMotivation)
    assert (found.seed, found.confidence, found.base, found.quality_exclude) == (2, 0.8, "asked", ["duplicate"])


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("seed", UsageRefused, "lacks '='"),
        ("seed=3", ParametersRefused, "names no workbook"),
        ("like.seed=3", ParametersRefused, "Did you mean like_motivation"),
        ("like_motivation.sed=3", ParametersRefused, "Did you mean seed?"),
        ("client.base=asked", ParametersRefused, "There is no such parameter"),
        ("like_motivation.seed=!!int 3", ParametersRefused, "Tags"),
        ("like_motivation.seed=a: b", ParametersRefused, "scalar"),
        ("like_motivation.__class__=3", ParametersRefused, "no such parameter"),
        ("like_motivation.seed\nimport os=3", ParametersRefused, "no such parameter"),
    ],
)
def test_a_wrong_override_is_refused(text: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        read_overrides([text])


def test_an_overrides_value_keeps_the_rules_of_the_files(home: Path) -> None:
    assert "write false" in refusal(home, sets=("like_motivation.forms_differ=no",))[0]


# Notebooks -------------------------------------------------------------------------------------------


def namespace(**more: Any) -> dict[str, Any]:
    given = {"client": "acme", "name_en": "A", "name_he": "א", "as_of": "2026-10-31", "data_root": "x"}
    given |= {"customers_file": "c.csv", "columns": "k.csv", "options": "o.csv"}
    hidden = {"In": [], "Out": {}, "_": 1, "get_ipython": len, "ast": ast, "parameters": parameters}
    return given | hidden | more


def test_a_notebooks_names_become_the_model() -> None:
    found = parameters("like_motivation", namespace(seed=5))
    assert isinstance(found, LikeMotivation)
    assert found.seed == 5


def test_a_misspelt_name_stops_a_kernels_first_call_and_only_that() -> None:
    with pytest.raises(ParametersRefused, match="Did you mean confidence"):
        parameters("like_motivation", namespace(confidense=0.9))
    names = namespace()
    parameters("like_motivation", names)
    names["rows"] = 7
    assert parameters("like_motivation", names)


def test_a_notebooks_wrong_value_is_refused() -> None:
    with pytest.raises(ParametersRefused, match="seed: 'x' is not allowed"):
        parameters("like_motivation", namespace(seed="x"))


def check_parameters_cell(notebook: dict[str, Any], model: type[ClientParameters], sample: ClientParameters) -> None:
    """A workbook's parameters cell lists the model's names in order, the sample's values and a comment."""
    cells = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert len(cells) == 1
    source = "".join(cells[0]["source"])
    found = [node for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    names = [ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target) for node in found]
    assert names == list(model.model_fields)
    values = {name: ast.literal_eval(node.value) for name, node in zip(names, found, strict=True) if node.value}
    assert values == sample.model_dump(mode="json")
    lines = source.splitlines()
    for name, node in zip(names, found, strict=True):
        assert re.search(r"#\s*\S", lines[(node.end_lineno or 0) - 1]), f"{name} has no comment"


@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_the_parameters_cell_of_a_workbook_equals_its_model(workbook: str) -> None:
    import json

    path = ROOT / "notebooks" / f"{workbook}.ipynb"
    if not path.exists():
        pytest.skip("the notebook is not written yet")
    sample = load_client(ROOT / "params" / "sample")[workbook]
    check_parameters_cell(json.loads(path.read_text(encoding="utf-8")), WORKBOOKS[workbook], sample)


def test_the_templates_explain_every_key_of_the_models() -> None:
    for name, text in templates().items():
        found = (ROOT / "params" / "_template" / name).read_text(encoding="utf-8")
        assert found == text, f"params/_template/{name} differs: write kesher.params.template.templates()[{name!r}]"
    assert {path.name for path in (ROOT / "params" / "_template").iterdir()} == set(templates())


def test_a_filled_in_template_is_a_client(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    (tmp_path / "data").mkdir()
    for name, text in templates().items():
        text = text.replace("../../../clients/acme", "../data")
        (folder / name).write_text(text, encoding="utf-8")
    found = load_client(folder)["like_motivation"]
    assert found.model_dump(exclude_defaults=True).keys() <= {
        name for name, field in LikeMotivation.model_fields.items() if field.is_required()
    }


def test_the_sample_client_holds() -> None:
    assert load_client(ROOT / "params" / "sample")


# Where files are -------------------------------------------------------------------------------------


def test_the_tables_among_the_parameters() -> None:
    assert tables(LikeMotivation) == [
        "customers_file", "columns", "options", "margins", "marketers_file", "guesses_file",
    ]  # fmt: skip
    assert allowed(LikeMotivation, "margins").startswith("the path of a table")


@pytest.mark.parametrize(
    "spec", ["../secret.csv", "link.csv", "sub/../../secret.csv", "/etc/hostname", "linked/secret.csv"]
)
def test_a_file_outside_the_data_root_is_refused(tmp_path: Path, spec: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.csv").write_text("a\n", encoding="utf-8")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "linked").symlink_to(tmp_path)
    with pytest.raises(DataRefused, match="outside the client's data root"):
        below(root, spec)


@pytest.mark.parametrize("spec", ["no.csv", "folder", "a\0b", "x" * 300, "#sheet"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, spec: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataRefused):
        below(tmp_path, spec)


def test_a_sheet_is_a_part_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "intake.xlsx").write_bytes(b"")
    assert below(tmp_path, "intake.xlsx#columns") == tmp_path / "intake.xlsx"


def test_papermill_alone_finds_the_data_root_of_a_client_of_the_project(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KESHER_DATA_ROOT", raising=False)
    found = load_client("acme")["like_motivation"]
    for place in (home, home / "params", Path("/")):
        monkeypatch.chdir(place)
        assert client_root(found) == home / "clients" / "acme"
    monkeypatch.setenv("KESHER_DATA_ROOT", str(home))
    assert client_root(found) == home
    monkeypatch.delenv("KESHER_DATA_ROOT")
    with pytest.raises(ParametersRefused, match="There is no folder"):
        client_root(found.model_copy(update={"data_root": "nowhere"}))
