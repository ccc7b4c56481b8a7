"""What an attacker would look for in the channel workbook's result: answers of few people."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from test_channel_selection import Client

from kesher.answers import channel_selection as workbook
from kesher.faults import DataRefused
from kesher.params import ChannelSelection, open_client
from kesher.params.places import rooted
from kesher.readers import DataRoot
from kesher.readers.guesses import PUBLISHED
from kesher.readers.overlap_tables import _groups
from kesher.readers.platforms import Exports, read_exports
from kesher.results import Result

NAMES = ["facebook", "instagram", "tiktok"]


def split(folder: Path, outside: int) -> Result:
    """A target of 120 young people and ``outside`` old ones, of whom each uses what no young one's pattern says."""
    ticks = [[int(at % 2), int(at % 3 == 0), int(at % 5 == 0)] for at in range(120)] + [[1, 0, 0]] * outside
    client = Client(folder, ticks, NAMES, target="[age=young]")
    client.write(
        "survey.csv", [["age", *NAMES], *([["young", "old"][at >= 120], *row] for at, row in enumerate(ticks))]
    )
    return client.answered()[1]


def test_the_few_outside_the_target_can_not_be_taken_from_the_difference(tmp_path: Path) -> None:
    shown, hidden = split(tmp_path / "many", 10), split(tmp_path / "few", 3)
    assert shown.numbers["index.facebook"].value is not None
    for name in NAMES:
        index = hidden.numbers[f"index.{name}"]
        assert index.value is None and index.reason is not None and "Fewer than 10" in index.reason["en"], name
        assert "population" not in index.base
    assert "index" not in hidden.tables and "index" in hidden.missing
    assert all(row["population"] is None for row in hidden.tables["reach"].records())
    assert "reference" not in hidden.charts["reach"].roles
    assert not {123, 3} & {row["count"] for row in hidden.tables["quality_people"].records()}
    assert not re.search(r"\b123\b", str(hidden.to_json()["charts"]))


def test_users_of_a_network_are_not_counted_where_they_are_few(tmp_path: Path) -> None:
    ticks = [[1, int(at % 2), int(at < 3)] for at in range(300)]
    _, result = Client(tmp_path, ticks, NAMES).answered()
    users = {row["network"]: row["users"] for row in result.tables["reach"].records()}
    assert users["tiktok"] is None and users["instagram"] == 150


def test_what_people_wrote_and_are_called_is_in_no_result_note_or_fault(tmp_path: Path) -> None:
    ticks = [[int(at % 2), int(at % 3 == 0), int(at % 5 == 0)] for at in range(120)]
    client = Client(tmp_path, ticks, NAMES, exports_folder="exports", networks_file="networks.csv")
    header = ["age", "person_canary_h", "mail_canary_h", *NAMES]
    people = [["young", f"id_canary_{at}", f"canary{at}@example.com", *row] for at, row in enumerate(ticks)]
    client.write("survey.csv", [header, *people])
    client.write("networks.csv", [["network", "hours_good", "notes"], *([name, 5, "note_canary"] for name in NAMES)])
    (client.data / "exports").mkdir()
    meta = "Post ID,Page ID,Page name,Title,Publish time,Permalink,Post type,Reach,Reactions,Comments,Shares".split(",")  # noqa: SIM905
    posts = [
        [f"post_canary_{at}", "page_canary", "handle_canary", "title_canary", f"08/{at:02d}/2026 10:00",
         "https://facebook.com/link_canary", "Photos", 100, 3, 2, 1]
        for at in range(1, 28)
    ]  # fmt: skip
    client.write("exports/canary_free.csv", [meta, *posts])
    study, result = client.answered()
    assert study.audience is not None
    told = json.dumps(result.to_json(), ensure_ascii=False).replace("canary_free.csv", "")
    assert "canary" not in told
    posts[3][4], posts[4][7], people[5][3] = "day_canary", "reach_canary", "tick_canary"
    client.write("exports/canary_free.csv", [meta, *posts])
    client.write("survey.csv", [header, *people])
    refused = told_of(client)
    for post in posts:
        post[4] = post[7] = "cell_canary"
    for row in people:
        row[3] = "tick_canary"
    client.write("exports/canary_free.csv", [meta, *posts])
    client.write("survey.csv", [header, *people])
    client.write("networks.csv", [["network", "hours_good"], ["name_canary", "hours_canary"]])
    with pytest.raises(DataRefused) as all_refused:
        client.answered()
    for told in (refused, str(all_refused.value), repr(all_refused.value.faults)):
        assert "canary" not in told.replace("canary_free.csv", "")


def told_of(client: Client) -> str:
    """Everything a run tells: its result and the notes of its sources, or its faults."""
    opened = open_client(client.own)
    params = opened.workbooks["channel_selection"]
    assert isinstance(params, ChannelSelection)
    with rooted(opened.root):
        try:
            data = workbook.check(params)
            study = workbook.analyse(data, params)
            result = workbook.answer(data, study, params)
            return json.dumps(result.to_json(), ensure_ascii=False) + repr(data.sources)
        except DataRefused as refused:
            return str(refused) + repr(refused.faults)


def test_weights_whose_sum_is_no_number_are_refused(tmp_path: Path) -> None:
    ticks = [[int(at % 2), int(at % 3 == 0), int(at % 5 == 0)] for at in range(60)]
    client = Client(tmp_path, ticks, NAMES)
    client.write("survey.csv", [["age", *NAMES, "w"], *(["young", *row, 1e308] for row in ticks)])
    with (client.data / "columns.csv").open("a", encoding="utf-8") as file:
        file.write(",w,weight,,\n")
    with pytest.raises(DataRefused, match="too large to add up"):
        client.answered()


def test_one_person_who_weighs_as_much_as_all_others_is_not_shown(tmp_path: Path) -> None:
    ticks = [[int(at % 2), int(at % 3 == 0), int(at % 5 == 0)] for at in range(120)]
    client = Client(tmp_path, ticks, NAMES)
    client.write(
        "survey.csv", [["age", *NAMES, "w"], *(["young", *row, 1e6 if at == 7 else 1] for at, row in enumerate(ticks))]
    )
    with (client.data / "columns.csv").open("a", encoding="utf-8") as file:
        file.write(",w,weight,,\n")
    study, result = client.answered()
    assert study.audience is None and study.missing["audience"] == "withheld"
    assert all(number.value is None for number in result.numbers.values()) and not result.recommendations


def test_networks_that_are_all_taken_out_are_not_called_unused(tmp_path: Path) -> None:
    client = Client(tmp_path, [], ["facebook"], reach_file="reach.csv", force_out="[facebook, instagram]")
    client.write("reach.csv", [["network", "share", "n"], ["facebook", "60%", 400], ["instagram", "45%", 400]])
    assert client.answered()[0].missing["choice"] == "none_left"


PERSONS = ("0501234567", "dana@example.org")


def test_labels_and_notes_that_may_be_a_persons_are_nowhere(tmp_path: Path) -> None:
    client = Client(tmp_path, [], NAMES, reach_file="reach.csv", networks_file="networks.csv")
    facts = ["base", f"adults {PERSONS[0]}", "source", f"told by {PERSONS[1]}"]
    client.write("reach.csv", [["network", "share", "n", *facts[::2]], ["facebook", 0.5, 400, *facts[1::2]],
                               ["tiktok", 0.4, 400, "", ""]])  # fmt: skip
    labels = [["facebook", f"Dana {PERSONS[0]}", PERSONS[1], 5], ["tiktok", "Clips", PERSONS[0], 5]]
    client.write("networks.csv", [["network", "label_en", "label_he", "hours_good"], *labels])
    assert not [one for one in PERSONS if one in told_of(client)]
    assert "Clips" in told_of(client)
    client.write("reach.csv", [["network", "share"], [PERSONS[0], 0.5]])
    told = told_of(client)
    assert "unknown_network" in told and PERSONS[0] not in told


@pytest.mark.parametrize("id", ["any", "y" * 41, PERSONS[0]])
def test_an_id_that_no_network_can_have_is_refused(tmp_path: Path, id: str) -> None:
    """The number reach.any is of all networks together: one of that name would stand in its place."""
    client = Client(tmp_path, [[int(at % 2), int(at % 3 == 0)] for at in range(60)], ["facebook", id])
    with pytest.raises(DataRefused) as refused:
        client.answered()
    assert {fault.kind for fault in refused.value.faults} == {"no_network_id"}
    assert PERSONS[0] not in repr(refused.value.faults)


def test_the_tables_of_labels_beside_the_published_studies_are_no_study() -> None:
    assert _groups("labels", PUBLISHED) == [] and _groups("pew_2019", PUBLISHED)


def page(folder: Path, name: str, value: object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    head = "Date,Video Views,Profile Views,Likes,Comments,Shares\n"
    (folder / name).write_text(f"{head}2026-10-01,{value},1,{value},0,0\n2026-10-02,7,1,2,0,0\n", encoding="utf-8")


def exports(folder: Path) -> Exports:
    return read_exports(DataRoot(folder), "exports", as_of=date(2026, 10, 31))


def notes(read: Exports) -> Counter[str]:
    found: Counter[str] = Counter()
    for note in (note for source in read.sources for note in source.notes):
        found[note.code] += note.count
    return found


def test_counts_below_zero_are_left_out_and_noted(tmp_path: Path) -> None:
    page(tmp_path, "exports/a.csv", -5)
    read = exports(tmp_path)
    assert read.outcomes["impressions"].tolist() == [7] and read.outcomes["interactions"].tolist() == [2]
    assert notes(read)["below_zero"] == 2


def test_a_folder_that_is_a_link_or_too_deep_is_told(tmp_path: Path) -> None:
    page(tmp_path, "exports/a.csv", 3)
    page(tmp_path, "exports/1/2/3/4/b.csv", 4)
    assert exports(tmp_path).files["file"].tolist() == ["a.csv", "b.csv"]
    page(tmp_path, "exports/1/2/3/4/5/c.csv", 5)
    (tmp_path / "exports" / "loop").symlink_to(tmp_path)
    read = exports(tmp_path)
    assert read.files["file"].tolist() == ["a.csv", "b.csv"]
    assert [one.file for one in read.sources if any(note.code == "folder_left_out" for note in one.notes)] == [
        "5", "loop",
    ]  # fmt: skip
    (tmp_path / "exports" / "a.csv").unlink()
    (tmp_path / "exports" / "1" / "2" / "3" / "4" / "b.csv").unlink()
    with pytest.raises(DataRefused, match="a link or lies too deep"):
        exports(tmp_path)


def test_a_folders_name_that_no_system_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="can not be opened"):
        read_exports(DataRoot(tmp_path), "a" * 290, as_of=date(2026, 10, 31))


def test_many_exports_of_one_advertisement_count_its_days_once(tmp_path: Path) -> None:
    """As many as each is compared with, once for all: by pairs of files, 200 of them would take minutes."""
    (tmp_path / "exports").mkdir()
    head = "Ad set name,Ad set ID,Reporting starts,Reporting ends,Results,Impressions,Link clicks,Amount spent (ILS)\n"
    for at in range(40):
        start = date(2026, 6, 1) + timedelta(days=2 * at)
        row = f"a,55,{start},{start + timedelta(days=2)},1,10,1,5\n"
        (tmp_path / "exports" / f"{at:02d}.csv").write_text(head + row, encoding="utf-8")
    read = exports(tmp_path)
    assert read.outcomes["impressions"].tolist() == [10]  # each meets the next on one day; the last of all counts
    assert notes(read)["repeated_periods"] == 39 and len(read.files) == 40
