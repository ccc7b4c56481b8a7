"""Raw client files to tidy tables: safe opening, survey exports, and the small tables beside them."""

from kesher.readers.guesses import read_guesses, read_published
from kesher.readers.lists import read_margins, read_options
from kesher.readers.opening import DataRoot
from kesher.readers.survey import read_respondents
from kesher.readers.tables import RawTable, read_table
from kesher.readers.tidy import Base, Guesses, MultiSelect, Note, Option, PublishedTable, Respondents, SourceReport

__all__ = [
    "Base",
    "DataRoot",
    "Guesses",
    "MultiSelect",
    "Note",
    "Option",
    "PublishedTable",
    "RawTable",
    "Respondents",
    "SourceReport",
    "read_guesses",
    "read_margins",
    "read_options",
    "read_published",
    "read_respondents",
    "read_table",
]
