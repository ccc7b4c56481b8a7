"""What the XML parts of a workbook would make a parser build, found with expat before that parser sees them."""

from __future__ import annotations

import functools
import re
from array import array
from xml.parsers import expat

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_CELLS = 20_000_000  # dense: rows times columns, 32 bytes each inside the parser
MAX_STRING = 32_767  # Excel's own limit of a cell
MAX_UNUSED = 1_000_000  # places a table of strings may announce and leave empty
MAX_TAG = 1 << 16  # no program writes a longer one
_ADDRESS = re.compile(r"([A-Za-z]{1,3})([0-9]{1,20})")
_NUMBER = re.compile(r"[0-9]{1,20}")
_ROW_OR_CELL = re.compile(
    rb"<(?:row|c|[^<>/!?\s:]+:(?:row|c))(?=[\s/>])(?: r=\"([A-Za-z]{0,3})([0-9]{1,20})\")?"  # and its address
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Harmful(Exception):
    """A part that was made to harm; its text is the sentence to show."""


class Entities(Exception):
    """A part declares a document type, and with it entities."""


class Malformed(ValueError):
    """A part is not the XML it should be."""


@functools.lru_cache(maxsize=MAX_COLUMNS)
def _column_number(letters: str) -> int:
    return functools.reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters.upper(), 0)


def _local(name: str) -> str:
    return name.partition(":")[2] or name


class _Part:
    """One XML part, fed in pieces; anything but well-formed UTF-8 is Malformed: other parsers read it otherwise."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._fed = 0
        self._foreign = False

    def feed(self, piece: bytes) -> None:
        if not self._fed:
            self._foreign = piece.startswith(_UTF16) or b"\x00" in piece[:4]
        self._fed += len(piece)
        self._tell(piece, False)
        if self._fed - self._parser.CurrentByteIndex > MAX_TAG:
            raise Harmful("The workbook holds an endless tag.")

    def close(self) -> None:
        if self._fed:
            self._tell(b"", True)
        if self._foreign:
            raise Malformed

    def _tell(self, piece: bytes, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError:
            raise Malformed from None

    def _doctype(self, *_: object) -> None:
        raise Entities

    def _start(self, name: str, given: dict[str, str]) -> None:
        raise NotImplementedError


class Extent(_Part):
    """How far out the cells of a part lie, and what its shared strings hold; Harmful if it is too much.

    Fast: expat makes sure that the part is well-formed, so that no attribute holds a "<" and each tag of a
    cell is one match of a pattern. Where a cell or a row does not begin with its address in the usual way,
    the part is ``unusual`` and has to be looked at again, with ``exact``: there each tag comes from expat.
    """

    def __init__(self, exact: bool = False) -> None:
        super().__init__()
        self.formulas = self.references = 0
        self.strings = array("I")  # the length of each
        self.unusual = False
        self._exact = exact
        self._row = self._column = self._in_row = 0
        self._rows = self._columns = 0
        self._inside = self._shared = False
        self._announced = 0
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        super().feed(piece)
        if not self._exact and not self.unusual:
            piece = self._tail + piece
            cut = piece.rfind(b"<")
            if cut < 0 or len(piece) - cut > MAX_TAG:  # a longer tag is refused, so this is text
                cut = len(piece)
            self._tail = piece[cut:]
            self._skim(piece[:cut])

    def close(self) -> None:
        super().close()
        if self._tail:
            self._skim(self._tail)
        self.unusual = self.unusual and self._inside
        if self._announced > max(len(self.strings), MAX_UNUSED):
            raise Harmful("The workbook announces shared strings that it does not hold.")

    def _skim(self, piece: bytes) -> None:
        letters, digits = set(), set()
        for letter, digit in _ROW_OR_CELL.findall(piece):
            letters.add(letter)
            digits.add(digit)
        self.unusual = self.unusual or b"" in digits
        self._columns = max(self._columns, *(_column_number(one.decode()) for one in letters), 0)
        self._reach(max(self._rows, *(int(one or 0) for one in digits), 0))
        self.unusual = self.unusual or b"sst" in piece
        self.references += piece.count(b'"s"') + piece.count(b"'s'")
        if b"<f" in piece:
            self.formulas += sum(map(piece.count, (b"<f>", b"<f ", b"<f/")))

    def _start(self, name: str, given: dict[str, str]) -> None:
        if ":" in name:
            name = _local(name)
        if not self._inside:
            self._outside(name, given)
        elif name == "c":
            self._in_row += 1
            if (address := given.get("r")) is not None:
                if not (found := _ADDRESS.fullmatch(address)):
                    raise Malformed
                self._column = _column_number(found[1])
                self._rows = max(self._rows, int(found[2]))
            else:
                self._column = max(self._column + 1, self._in_row)
            self._columns = max(self._columns, self._column)
            self._reach(self._rows)
            self.references += given.get("t") == "s"
        elif name == "row":
            number = given.get("r")
            if number is not None and not _NUMBER.fullmatch(number):
                raise Malformed
            self._row = self._row + 1 if number is None else int(number)
            self._column = self._in_row = 0
            self._reach(max(self._row, self._rows))
        elif name == "f":
            self.formulas += 1
        elif name == "sst":
            raise Harmful("A sheet of the workbook holds the shared strings.")

    def _reach(self, rows: int) -> None:
        self._rows = rows
        if rows > MAX_ROWS or self._columns > MAX_COLUMNS:
            raise Harmful("A cell lies outside the largest sheet there is.")
        if rows * self._columns > MAX_CELLS:
            raise Harmful(f"A sheet spans more than {MAX_CELLS:,} cells.")

    def _outside(self, name: str, given: dict[str, str]) -> None:
        for key in ("count", "uniqueCount"):
            if (said := given.get(key, "").strip()) and said.isdecimal() and (len(said) > 20 or int(said) > MAX_CELLS):
                raise Harmful("The workbook announces more than a workbook can hold.")
        if name == "sheetData":
            self._inside = True
            if self._shared:
                raise Harmful("A sheet of the workbook holds the shared strings.")
            if not self._exact:
                self._parser.StartElementHandler = None
        elif name == "sst":
            said = given.get("uniqueCount", "")
            self._announced = max(self._announced, int(said) if _NUMBER.fullmatch(said) else 0)
            self._shared = True
            self._parser.CharacterDataHandler = self._text
        elif name == "si":
            self.strings.append(0)
            if len(self.strings) > MAX_CELLS:
                raise Harmful("The workbook holds too many shared strings.")

    def _text(self, text: str) -> None:
        if self.strings:
            self.strings[-1] += len(text)
            if self.strings[-1] > MAX_STRING:
                raise Harmful(f"A cell holds more than {MAX_STRING:,} characters.")


class References(_Part):
    """The characters that the references of a sheet to shared strings stand for."""

    def __init__(self, strings: array[int]) -> None:
        super().__init__()
        self.characters = 0
        self._strings = strings
        self._shared = False
        self._said: list[str] = []
        self._parser.EndElementHandler = self._end

    def _start(self, name: str, given: dict[str, str]) -> None:
        name = _local(name)
        if name == "c":
            self._shared = given.get("t") == "s"
        elif name == "v" and self._shared:
            self._said = []
            self._parser.CharacterDataHandler = self._said.append

    def _end(self, name: str) -> None:
        if self._shared and _local(name) == "v":
            self._parser.CharacterDataHandler = None
            at = "".join(self._said).strip()
            if at.isdecimal() and len(at) <= 20 and int(at) < len(self._strings):
                self.characters += self._strings[int(at)]
