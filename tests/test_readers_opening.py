"""Opening files: where from, how large, of what kind, in which encoding; nothing harmful reaches a parser."""

from __future__ import annotations

import io
import os
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from platforms_kit import old_workbook
from readers_kit import CANARY, Desk, noted, refused, text_of, ticked

from kesher.readers import DataRoot, read_table, workbooks
from kesher.readers import opening as opening_module
from kesher.readers.grid import open_grid
from kesher.readers.structure import MAX_CELL_BYTES

HEBREW = "id,why\n1,חדשות\n2,סתם בשביל הכיף\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.columns("id: respondent", "why: choices reasons")
    return made


# --- where from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../outside.csv",
        "a/../../outside.csv",
        "/etc/passwd",
        "C:\\x.csv",
        "C:x.csv",
        "\\\\host\\x.csv",
        "~/x.csv",
        "..\\x.csv",
    ],
)
def test_a_path_outside_the_root_is_refused(desk: Desk, name: str) -> None:
    (desk.folder.parent / "outside.csv").write_text(f"id,why\n1,{CANARY}\n")
    with refused("outside_root"):
        desk.read(name)


@pytest.mark.parametrize("name", ["x\x00.csv", "", "a\nb.csv", "sub\\x.csv", "NUL", "con.csv", "lpt1.txt"])
def test_a_strange_name_is_refused(desk: Desk, name: str) -> None:
    with refused("strange_name"):
        desk.read(name)


@pytest.mark.parametrize("name", ["‥/outside.csv", "．．/outside.csv", "..∕outside.csv"])
def test_lookalikes_of_dots_and_slashes_are_only_missing_files(desk: Desk, name: str) -> None:
    (desk.folder.parent / "outside.csv").write_text(HEBREW)
    with refused("missing_file"):
        desk.read(name)


def test_a_link_out_of_the_root_is_refused_and_one_inside_is_followed(desk: Desk) -> None:
    outside = desk.folder.parent / "other_client"
    outside.mkdir()
    (outside / "survey.csv").write_text(f"id,why\n1,{CANARY}\n")
    (desk.folder / "link.csv").symlink_to(outside / "survey.csv")
    (desk.folder / "folder").symlink_to(outside)
    for name in ("link.csv", "folder/survey.csv"):
        with refused("outside_root"):
            desk.read(name)
    desk.write("survey.csv", HEBREW)
    (desk.folder / "inside.csv").symlink_to(desk.folder / "survey.csv")
    assert ticked(desk.read("inside.csv")) == [{"news"}, {"fun"}]


def test_a_link_swapped_in_between_check_and_open_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = desk.folder.parent / "secret.csv"
    secret.write_text(f"id,why\n1,{CANARY}\n")
    path = desk.write("survey.csv", HEBREW)
    opened = os.open

    def swap(*given: object, **named: object) -> int:
        path.unlink()
        path.symlink_to(secret)
        return opened(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(opening_module.os, "open", swap)
    with refused("unreadable"):
        desk.root.read("survey.csv")


def test_folders_and_pipes_are_refused(desk: Desk) -> None:
    (desk.folder / "sub.csv").mkdir()
    os.mkfifo(desk.folder / "pipe.csv")
    for name in ("sub.csv", "pipe.csv"):
        with refused("not_a_file"):
            desk.read(name)


def test_a_link_that_leads_to_itself_is_refused(desk: Desk) -> None:
    (desk.folder / "loop.csv").symlink_to(desk.folder / "loop.csv")
    with refused("unreadable"):
        desk.read("loop.csv")


def test_a_missing_file_suggests_the_nearest_name(desk: Desk) -> None:
    desk.write("customers_2026.csv", HEBREW)
    with refused("missing_file") as found:
        desk.read("custmers_2026.csv")
    assert "customers_2026.csv" in found.fault.remedy
    assert str(desk.folder) not in str(found.fault)


def test_a_file_with_a_sign_of_sheets_in_its_name_is_told_so(desk: Desk) -> None:
    desk.write("x#y.csv", HEBREW)
    with refused("missing_file") as found:
        desk.read("x#y.csv")
    assert "# names a sheet" in found.fault.remedy


def test_a_missing_root_is_refused(tmp_path: Path) -> None:
    with refused("missing_folder"):
        DataRoot(tmp_path / "nowhere")


# --- of what kind -----------------------------------------------------------------------------------------


def test_empty_and_header_only_files_are_refused(desk: Desk) -> None:
    for content in (b"", b"\xef\xbb\xbf", b"\n\n\n"):
        desk.write("survey.csv", content)
        with refused("empty"):
            desk.read()
    for content in ("id,why\n", "id,why", "id,why\n,\n,\n"):
        desk.write("survey.csv", content)
        with refused("no_rows"):
            desk.read()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><body><table></table>Please sign in", "html_disguised"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><p>", "html_disguised"),
        ("<div>חדשות<script>'<table><tr><td>'</script>".encode("utf-16"), "html_disguised"),
        (b"<?xml version='1.0'?><Workbook/>", "xml_disguised"),
        (b"<?xml version='1.0'?><rows><table><tr><td>id</td></tr></table></rows>", "xml_disguised"),
        (b"%PDF-1.7", "wrong_kind"),
        (b"$FL2@(#) SPSS DATA FILE", "wrong_kind"),
        (b"PAR1....", "wrong_kind"),
        (b"PK\x03\x04 not really", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_a_file_is_comes_from_its_content(desk: Desk, content: bytes, kind: str) -> None:
    desk.write("survey.xls", content)
    with refused(kind):
        desk.read("survey.xls")


@pytest.mark.parametrize(("encoding", "said"), [("utf-8-sig", "x"), ("utf-16", "x"), ("windows-1255", "windows-1252")])
def test_a_page_with_a_table_is_read_like_a_sheet(desk: Desk, encoding: str, said: str) -> None:
    page = (
        f"<meta charset={said}><style>td {{}}</style><table><tr><td>דוח חודשי</table>"
        "<table><tr><td colspan=2>דוח</tr><tr><th>id</th><th>why<br>joined</th></tr>"
        "<!-- <tr><td>9</td></tr> --><tr><td>007<td>מבצעים, קופונים</tr>"
        "<tr><td>8</td><td>&#1495;דשות&nbsp;</td></tr></table>"
    )
    desk.write("survey.xls", page, encoding)
    desk.columns("id: respondent", "why joined: choices reasons")
    read = desk.read("survey.xls")
    assert ticked(read) == [{"deals"}, {"news"}]
    assert noted(read, "html_table") == 1 and noted(read, "html_cut_off") == 0
    with refused("missing_sheet"):
        desk.read("survey.xls#one")


def test_a_page_is_read_in_the_charset_it_names(desk: Desk) -> None:
    page = "<!doctype html><meta charset='{}'><table><tr><td>{}"
    for charset, text in (("windows-1251", "Скидки"), ("ISO-8859-8-I", "חו"), ("iso-8859-7", "Νέα")):
        content = page.format(charset, text).encode(charset.removesuffix("-I"))
        desk.write("page.xls", content)
        assert open_grid(desk.root, "page.xls").head == [[text]]
    desk.write("page.xls", page.format("windows-1255", "חדשות"))
    assert open_grid(desk.root, "page.xls").encoding == "utf-8"


TABLES = {
    "<table><tr><td>a<td>b</tr><tr><td rowspan=2 colspan=2>c<td>d<tr><td>e</table>": ["a,b,", "c,,d", ",,e"],
    "<table><thead><tr><th>a<th>b</thead><tbody><td>1<td>2</tbody><tr></tr><tr><td>3": ["a,b", "1,2", "", "3,"],
    "<table><tr><td>menu<tr><td><table><tr><td>a<td>b</table>tail</table>": ["a,b"],
    "<table><tr><td>x<td>y<table><td>z</table>!<td>&lt;w</table>": ["x,y z!,<w"],
    "<table><tr><td colspan=-1 rowspan=x>a</td><td/></table></td></tr></table>": ["a,"],
    "<TABLE><TR><TD>a<SCRIPT>'</td><td>'</SCRIPT>b<TD><![if !x]>c<![endif]></TABLE>": ["ab,c"],
    "<?xml version='1.0'?> <!DOCTYPE html><html><table><tr><td>a</td><td>b</td></tr></table></html>": ["a,b"],
    "<table><td>first<td>1</table><table><td>second<td>2</table>": ["first,1"],
}


@pytest.mark.parametrize("page", TABLES)
def test_tables_of_pages_whatever_their_marks(desk: Desk, page: str) -> None:
    desk.write("page.xls", page)
    assert open_grid(desk.root, "page.xls").data.decode().splitlines() == TABLES[page]


def test_what_a_page_leaves_open_or_beside_is_noted(desk: Desk) -> None:
    rows = "<tr><td>a<td>b<tr><td>1<td>2"
    desk.write("page.xls", f"<table>{rows}</table><table>{rows}<tr><td>3<td>4")
    grid = open_grid(desk.root, "page.xls")
    assert [(note.code, note.count) for note in grid.findings.notes] == [
        ("html_table", 1),
        ("other_tables", 1),
        ("html_cut_off", 1),
    ]
    assert grid.data == b"a,b\n1,2\n3,4\n"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("<table>" + "<tr><td colspan=1000>" * 51_000 + "</table><table>" + "<td>" * 52_000, "spreadsheet_bomb"),
        ("<table><tr>" + "<td rowspan=65534>" * 30_000 + "<tr><td>" * 3_000, "spreadsheet_bomb"),
        ("<table><tr>" + "<td>" * 20_000 + "<tr><td>" * 9_000, "spreadsheet_bomb"),
        ("<table><tr>" + "<td colspan=1000>a" * 17, "too_many_columns"),
        ("<table><tr><td>" + "a" * 1_000_001, "oversized_cell"),
    ],
)
def test_pages_made_to_harm_are_refused(desk: Desk, page: str, kind: str) -> None:
    desk.write("page.xls", page)
    with refused(kind):
        open_grid(desk.root, "page.xls")


def test_a_page_is_bounded_in_size_as_a_sheet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening_module, "MAX_SHEET_BYTES", 1 << 20)
    desk.write("page.xls", "<table><tr><td>a" + " " * (1 << 20))
    with refused("too_large"):
        open_grid(desk.root, "page.xls")


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


OPEN = "http://schemas.openxmlformats.org"
KIND = "application/vnd.openxmlformats"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{OPEN}/package/2006/content-types">'
    f'<Default Extension="rels" ContentType="{KIND}-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" '
    f'ContentType="{KIND}-officedocument.spreadsheetml.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" '
    f'ContentType="{KIND}-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{OPEN}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{OPEN}/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{OPEN}/spreadsheetml/2006/main" '
    f'xmlns:r="{OPEN}/officeDocument/2006/relationships">'
    '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{OPEN}/package/2006/relationships"><Relationship '
    f'Id="r1" Type="{OPEN}/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}
SHEET = (
    f'<worksheet xmlns="{OPEN}/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>why</t></is></c></row>'
    '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>News</t></is></c></row>'
    "%s</sheetData></worksheet>"
).encode()


def sheet_parts(sheet: bytes) -> dict[str, bytes]:
    """The parts of the smallest workbook, with this sheet."""
    parts = {name: b'<?xml version="1.0"?>' + text.encode() for name, text in PARTS.items()}
    return parts | {"xl/worksheets/sheet1.xml": sheet}


def test_the_made_workbook_is_sound(desk: Desk) -> None:
    desk.write("survey.xlsx", zipped(sheet_parts(SHEET % b"")))
    assert ticked(desk.read("survey.xlsx")) == [{"news"}]


def test_a_spreadsheet_bomb_is_refused_before_it_is_parsed(desk: Desk) -> None:
    """390 KB that inflate to 149 MB cost 14.5 s and 223 MB elsewhere; here, neither."""
    filler = b'<row><c t="inlineStr"><is><t>' + b"A" * 150_000_000 + b"</t></is></c></row>"
    path = desk.write("bomb.xlsx", zipped(sheet_parts(SHEET % filler)))
    assert path.stat().st_size < 400_000
    tracemalloc.start()
    start = time.perf_counter()
    with refused("spreadsheet_bomb"):
        desk.read("bomb.xlsx")
    assert time.perf_counter() - start < 2
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_bomb_whose_directory_lies_is_refused_too(desk: Desk) -> None:
    filler = b"<!-- " + b" " * 60_000_000 + b" -->"
    packed = bytearray(zipped(sheet_parts(SHEET % filler)))
    true_size = len(SHEET % filler).to_bytes(4, "little")
    while (at := packed.find(true_size)) >= 0:
        packed[at : at + 4] = (900).to_bytes(4, "little")
    desk.write("bomb.xlsx", bytes(packed))
    start = time.perf_counter()
    with refused("spreadsheet_bomb"):
        desk.read("bomb.xlsx")
    assert time.perf_counter() - start < 3


def test_a_bomb_of_many_parts_is_refused(desk: Desk) -> None:
    parts = sheet_parts(SHEET % b"") | {f"xl/media/{at}.xml": b"" for at in range(6000)}
    desk.write("bomb.xlsx", zipped(parts))
    with refused("spreadsheet_bomb"):
        desk.read("bomb.xlsx")


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "rows",
    [
        FAR,
        FAR.replace('"', "'"),
        FAR.replace('row r="1048576"', 'row r="3"'),
        FAR.replace("XFD", "xfd"),
        '<row r="1048575"><c r="A1048575"/></row>' + "<row>" * 9 + '<c r="ZZ3"/>' + "</row>" * 9,
        FAR.replace("=", " = "),
        FAR.replace("<", "<x:").replace("<x:/", "</x:"),
        FAR.replace("<", "<a-b:").replace("<a-b:/", "</a-b:"),
        FAR.replace(" r=", " x='>' r="),
        FAR.replace("XFD1048576", "XFD0000000001048576"),
        FAR.replace("XFD1048576", "XFD" + "9" * 15),
        '<row r="4294967290"><c><v>1</v></c></row>',
        '<row r="4294967290" x=">"/>',
        '<row r="9"><c r="XFE9"/></row>',
        "<v>" + "a" * (2**20 - 720) + "</v>" + FAR.replace(" r=", " x='>' r="),
        "<row>" + "<c/>" * 16_000 + "</row>" + "<row/>" * 100_000,
        "<v>" + "a" * (2**20 - 700) + "</v>" + FAR.replace(" r=", " " * 3000 + "r="),
    ],
)
def test_a_cell_in_the_farthest_corner_is_refused(desk: Desk, rows: str) -> None:
    """Two cells, seventeen thousand million places between them: a dense table of them ends the process."""
    desk.write("far.xlsx", zipped(sheet_parts(SHEET % rows.encode())))
    with refused("spreadsheet_bomb"):
        desk.read("far.xlsx")


def test_a_far_cell_in_a_part_of_another_name_is_refused_too(desk: Desk) -> None:
    parts = sheet_parts(b"<worksheet/>") | {"xl/elsewhere/s.xml": SHEET % FAR.encode()}
    rels = parts["xl/_rels/workbook.xml.rels"].replace(b"worksheets/sheet1.xml", b"elsewhere/s.xml")
    desk.write("far.xlsx", zipped(parts | {"xl/_rels/workbook.xml.rels": rels}))
    with refused("spreadsheet_bomb"):
        desk.read("far.xlsx")


def test_a_sheet_hidden_in_a_picture_is_refused(desk: Desk) -> None:
    parts = sheet_parts(SHEET % b"") | {"xl/media/image1.png": b"\x89PNG" + SHEET % FAR.encode()}
    rels = parts["xl/_rels/workbook.xml.rels"].replace(b"worksheets/sheet1.xml", b"media/image1.png")
    desk.write("far.xlsx", zipped(parts | {"xl/_rels/workbook.xml.rels": rels}))
    with refused("spreadsheet_bomb"):
        desk.read("far.xlsx")


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("blank", ["", " "])
def test_a_sheet_in_another_encoding_is_refused(desk: Desk, code: str, blank: str) -> None:
    desk.write("far.xlsx", zipped(sheet_parts((blank + (SHEET % b"").decode()).encode(code))))
    with refused("damaged"):
        desk.read("far.xlsx")


# --- shared strings, and what only the process that parses can tell ---------------------------------------


def strings_parts(strings: bytes, rows: bytes = b"") -> dict[str, bytes]:
    """The smallest workbook with this table of shared strings."""
    parts = sheet_parts(SHEET % rows)
    name, kind = b"/xl/sharedStrings.xml", f"{KIND}-officedocument.spreadsheetml.sharedStrings+xml".encode()
    override = b'<Override PartName="%s" ContentType="%s"/></Types>' % (name, kind)
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override)
    return parts | {"xl/sharedStrings.xml": strings}


@pytest.mark.parametrize(
    "strings",
    [
        '<sst uniqueCount="4000000000"/>',
        '<sst count="4000000000"/>',
        f'<sst uniqueCount="{"9" * 5000}"/>',
        '<x:sst xmlns:x="y" uniqueCount="2000000"><x:si><x:t>a</x:t></x:si></x:sst>',
        f'<sst uniqueCount="1"><si><t>{"a" * 40_000}</t></si></sst>',
        f"<sst><si>{'<r><t>aaaa</t></r>' * 10_000}</si></sst>",
        f"<x><sst><si/></sst><sheetData/><si><t>{'a' * 40_000}</t></si></x>",
        f"<x><sheetData/><sst><si><t>{'a' * 40_000}</t></si></sst></x>",
    ],
)
def test_shared_strings_that_swell_are_refused(desk: Desk, strings: str) -> None:
    desk.write("strings.xlsx", zipped(strings_parts(strings.encode())))
    with refused("spreadsheet_bomb"):
        desk.read("strings.xlsx")


@pytest.mark.parametrize("cell", [b'<c t="s"><v>1</v></c>', b"<c t='s'><v>&#49;</v></c>"])
def test_a_long_string_that_many_cells_share_is_refused(desk: Desk, cell: bytes) -> None:
    strings = b"<sst><si><t>a</t></si><si><t>" + b"a" * 32_000 + b"</t></si></sst>"
    desk.write("strings.xlsx", zipped(strings_parts(strings, (b"<row>" + cell * 9_000 + b"</row>") * 2)))
    with refused("spreadsheet_bomb"):
        desk.read("strings.xlsx")


def test_long_strings_that_few_cells_share_are_read(desk: Desk) -> None:
    strings = b'<sst count="99" uniqueCount="2"><si><t>News</t></si><si><t>' + b"a" * 32_000 + b"</t></si></sst>"
    row = b'<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>0</v></c></row>'
    desk.write("strings.xlsx", zipped(strings_parts(strings, row)))
    assert ticked(desk.read("strings.xlsx")) == [{"news"}, {"news"}]


def test_an_old_workbook_is_read(desk: Desk) -> None:
    desk.write("t.xls", old_workbook({(0, 0): 1.0, (2, 1): 2.0}))
    assert read_table(desk.root, "t.xls").frame.to_numpy().tolist() == [["", "2"]]


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory for a process")
def test_an_old_workbook_with_a_far_cell_is_refused(desk: Desk) -> None:
    desk.write("t.xls", old_workbook({(0, 0): 1.0, (65535, 65534): 2.0}))
    with refused("spreadsheet_bomb") as found:
        read_table(desk.root, "t.xls")
    assert "CSV" in found.fault.remedy


def test_a_workbook_that_takes_too_long_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_SECONDS", 0.0)
    desk.write("survey.xlsx", zipped(sheet_parts(SHEET % b"")))
    with refused("spreadsheet_bomb"):
        desk.read("survey.xlsx")


@pytest.mark.parametrize("name", ["survey_0501234567.csv", "survey_dana@example.org.csv"])
def test_a_name_that_may_be_a_persons_is_not_suggested(desk: Desk, name: str) -> None:
    desk.write(name, HEBREW)
    with refused("missing_file") as found:
        desk.read(name.replace("survey", "survei"))
    assert "Nearest" not in str(found.fault)


def test_an_endless_tag_is_refused(desk: Desk) -> None:
    desk.write("tag.xlsx", zipped(sheet_parts(SHEET[:-24] % b"" + b"<c " + b" " * 200_000)))
    with refused("spreadsheet_bomb"):
        desk.read("tag.xlsx")


@pytest.mark.parametrize("name", ["mimetype", "xl/workbook.bin"])
def test_other_spreadsheets_are_named(desk: Desk, name: str) -> None:
    desk.write("t.ods", zipped({name: b"x"}))
    with refused("wrong_kind"):
        desk.read("t.ods")


def test_pictures_in_a_workbook_do_no_harm(desk: Desk) -> None:
    picture = os.urandom(400_000).replace(b">", b"") + b"<" + bytes(200_000)
    desk.write("survey.xlsx", zipped(sheet_parts(SHEET % b"") | {"xl/media/image1.png": picture}))
    assert ticked(desk.read("survey.xlsx")) == [{"news"}]


@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
def test_xml_entities_are_refused(desk: Desk, code: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    desk.write("laugh.xlsx", zipped(sheet_parts(bomb.encode(code))))
    with refused("xml_entities"):
        desk.read("laugh.xlsx")


def test_an_encrypted_zip_is_called_protected(desk: Desk) -> None:
    packed = bytearray(zipped(sheet_parts(SHEET % b"")))
    packed[packed.find(b"PK\x01\x02") + 8] |= 1
    desk.write("locked.xlsx", bytes(packed))
    with refused("password"):
        desk.read("locked.xlsx")


# --- in which encoding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1255", "windows-1255"),
    ],
)
def test_hebrew_is_read_in_every_encoding(desk: Desk, written: str, found: str) -> None:
    desk.write("survey.csv", HEBREW, written)
    read = desk.read()
    assert ticked(read) == [{"news"}, {"fun"}]
    assert read.source.encoding == found
    assert (noted(read, "windows1255_fallback") > 0) == (found == "windows-1255")


@pytest.mark.parametrize(
    ("forced", "written"), [("windows-1255", "cp1255"), ("utf-16", "utf-16"), ("utf-8", "utf-8-sig")]
)
def test_an_encoding_can_be_forced(desk: Desk, forced: str, written: str) -> None:
    desk.write("survey.csv", HEBREW, written)
    assert ticked(desk.read(encoding=forced)) == [{"news"}, {"fun"}]


@pytest.mark.parametrize(
    ("forced", "written"),
    [
        ("utf-8", "cp1255"),
        ("utf-8", "utf-16"),
        ("utf-16", "utf-8"),
        ("utf-16", "utf-8-sig"),
        ("windows-1255", "utf-8"),
        ("latin-1", "utf-8"),
        ("latin-1", "utf-16"),
        ("windows-1255", "utf-16-le"),
    ],
)
def test_a_wrong_forced_encoding_is_refused_not_gibberish(desk: Desk, forced: str, written: str) -> None:
    desk.write("survey.csv", HEBREW, written)
    with refused("encoding"):
        desk.read(encoding=forced)


def test_western_bytes_are_not_taken_for_hebrew(desk: Desk) -> None:
    desk.write("survey.csv", "id,why,café\n1,News,déjà vu\n", "cp1252")
    read = desk.read()
    assert read.source.encoding == "windows-1252"
    assert noted(read, "latin1_fallback") == 3


def test_bytes_of_no_encoding_fall_back_to_latin1_with_a_count(desk: Desk) -> None:
    desk.write("survey.csv", b"id,why,fan?\x81\x8d\n1,News,x\n")
    read = desk.read()
    assert (read.source.encoding, noted(read, "latin1_fallback")) == ("latin-1", 2)


# --- what a CSV is made of --------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(desk: Desk, separator: str, ends: str) -> None:
    rows = [["id", "why", "said"], [1, "Deals, coupons, News", 'a; "b"\tc|d, e\nf'], [2, "None of these", ""]]
    desk.write("survey.csv", text_of(rows, separator).replace("\n", ends))
    assert ticked(desk.read()) == [{"deals", "news"}, {"none"}]


def test_excels_separator_line(desk: Desk) -> None:
    desk.write("survey.csv", "sep=;\nid;why;w\n1;News;0,5\n2;Fun;\n")
    desk.columns("id: respondent", "why: choices reasons", "w: weight")
    with refused("missing_weight") as found:
        desk.read()
    assert found.fault.row == 4
    desk.write("survey.csv", "sep=;\nid;why;w\n1;News;0,5\n2;Fun;1,25\n")
    assert desk.read().people["weight"].tolist() == [0.5, 1.25]


@pytest.mark.parametrize("bad", ["2,News,extra\n", "2\n", "2,News,,x\n"])
def test_ragged_rows_are_refused_with_the_first(desk: Desk, bad: str) -> None:
    desk.write("survey.csv", f"id,why\n1,News\n{bad}3,{CANARY}\n{bad}")
    with refused("ragged_rows") as found:
        desk.read()
    assert found.fault.row == 3
    assert found.fault.what.startswith("2 rows")


def test_empty_cells_beyond_the_header_are_noted(desk: Desk) -> None:
    desk.write("survey.csv", "id,why\n1,News,\n2,Fun,,\n3,Fun\n")
    read = desk.read()
    assert ticked(read) == [{"news"}, {"fun"}, {"fun"}]
    assert noted(read, "trailing_cells") == 2


def test_blank_rows_are_left_out_and_row_numbers_stay(desk: Desk) -> None:
    desk.columns("id: respondent", "why: choices reasons", "w: weight")
    desk.write("survey.csv", "id,why,w\n1,News,1\n\n,,\n   \n2,Fun,1\n")
    assert noted(desk.read(), "blank_rows") == 3
    desk.write("survey.csv", "id,why,w\n1,News,1\n,,,,\n,\n2,Fun,1\n")  # of any width
    assert noted(desk.read(), "blank_rows") == 2
    desk.write("survey.csv", "id,why,w\n1,News,1\n\n,,\n2,Fun,-1\n")
    with refused("negative_weight") as found:
        desk.read()
    assert found.fault.row == 5


def test_nul_bytes_are_refused(desk: Desk) -> None:
    desk.write("survey.csv", b"id,why\n1,Ne\x00ws\n" + b"2,Fun\n" * 50)
    with refused("nul_bytes") as found:
        desk.read()
    assert found.fault.row == 2


@pytest.mark.parametrize("quoted", [True, False])
def test_an_oversized_cell_is_refused(desk: Desk, quoted: bool) -> None:
    cell = "x" * (MAX_CELL_BYTES + 10)
    desk.write("survey.csv", "id,why\n1,News\n2," + (f'"{cell}"' if quoted else cell) + "\n3,Fun\n")
    with refused("oversized_cell") as found:
        desk.read()
    assert found.fault.row == 3


def test_a_hundred_megabytes_in_one_cell_are_refused_quickly(desk: Desk) -> None:
    desk.write("survey.csv", b'id,why\n1,"' + b"y,\n" * 33_000_000 + b'"\n')
    start = time.perf_counter()
    with refused("oversized_cell"):
        desk.read()
    assert time.perf_counter() - start < 5


def test_a_quote_that_is_never_closed_is_refused(desk: Desk) -> None:
    desk.write("survey.csv", 'id,why\n1,News\n2,"News\n3,Fun\n4,Fun\n')
    with refused("quotes"):
        desk.read()
    desk.write("survey.csv", 'id,why\n1,News\n,\n2,"News\n3,Fun\n')  # a blank row must not hide it
    with refused("quotes"):
        desk.read()


def test_gershayim_typed_as_a_quote_inside_a_cell(desk: Desk) -> None:
    desk.write("survey.csv", 'id,why,city\n1,אני לקוח נאמן של חז"ל ובניו,ת"א\n2,News,"ת""א, מרכז"\n')
    read = desk.read()
    assert ticked(read) == [{"loyal"}, {"news"}]
    assert noted(read, "stray_quotes") > 0


def test_cells_over_several_lines_count_as_one_row(desk: Desk) -> None:
    desk.columns("id: respondent", "why: choices reasons", "w: weight")
    desk.write("survey.csv", 'id,why,w,said\n1,News,1,"a\n\n,,\nb"\n2,Fun,0,c\n')
    with refused("zero_weight") as found:
        desk.read()
    assert found.fault.row == 3


def test_formulas_and_markup_are_inert(desk: Desk) -> None:
    """They are text that matches nothing, and no text leaves the reader."""
    bad = ['=HYPERLINK("http://x.example","go")', "<script>alert(1)</script>", "+1+1", "@SUM(A1)", "\tx", "<img src=x>"]
    read = desk.joined([*bad, "News"], other_limit=1)
    assert ticked(read) == [{"other"}] * len(bad) + [{"news"}]
    assert noted(read, "unmatched_text") == len(bad)
    everything = repr((read.people.to_dict(), read.questions, read.source))
    assert "HYPERLINK" not in everything and "script" not in everything


def test_the_hash_is_of_the_files_bytes(desk: Desk) -> None:
    import hashlib

    path = desk.write("survey.csv", HEBREW, "utf-8-sig")
    assert desk.read().source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


# --- tables with a header ---------------------------------------------------------------------------------


def test_a_table_reads_every_cell_as_text(desk: Desk) -> None:
    desk.write("t.csv", "a,b,a\n007,,x\n1e3,NA,None\n")
    table = read_table(desk.root, "t.csv")
    assert table.frame.columns.tolist() == ["a", "b", "a (2)"]
    assert table.frame.to_numpy().tolist() == [["007", "", "x"], ["1e3", "NA", "None"]]
    assert [note.code for note in table.source.notes] == ["duplicate_header"]
    assert table.rows.tolist() == [2, 3]


def test_missing_columns_are_told_together_with_the_nearest(desk: Desk) -> None:
    desk.write("t.csv", "questoin,option\nx,y\n")
    with refused("missing_column") as found:
        read_table(desk.root, "t.csv", expect=("question", "option", "share"))
    assert [fault.column for fault in found.faults] == ["question", "share"]
    assert "questoin" in found.fault.remedy


def test_a_header_below_title_rows_is_found(desk: Desk) -> None:
    desk.sheet(
        "t.xlsx", {"s": [["Margins of the survey"], [], ["Question", "OPTION ", "share"], ["age", "young", 0.5]]}
    )
    table = read_table(desk.root, "t.xlsx", expect=("question", "option", "share"))
    assert table.frame.to_numpy().tolist() == [["age", "young", "0.5"]]
    assert table.rows.tolist() == [4]


def test_sheets_are_found_by_name_and_hidden_ones_noted(desk: Desk) -> None:
    desk.sheet("t.xlsx", {"old": [["a"], [1]], "Data": [["a"], [2]], "more": [["a"], [3]]}, hidden=["old"])
    assert read_table(desk.root, "t.xlsx").frame["a"].tolist() == ["2"]
    table = read_table(desk.root, "t.xlsx#data")
    assert {note.code: note.count for note in table.source.notes}["hidden_sheets"] == 1
    assert read_table(desk.root, "t.xlsx#old").frame["a"].tolist() == ["1"]
    with refused("missing_sheet") as found:
        read_table(desk.root, "t.xlsx#dta")
    assert "Data" in found.fault.remedy
    desk.write("t.csv", "a\n1\n")
    with refused("missing_sheet"):
        read_table(desk.root, "t.csv#data")
