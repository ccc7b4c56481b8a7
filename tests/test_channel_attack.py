"""What an attacker would look for in the channel workbook's result: answers of few people."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_channel_selection import Client

from kesher.answers import channel_selection as workbook
from kesher.faults import DataRefused
from kesher.params import ChannelSelection, open_client
from kesher.params.places import rooted
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
