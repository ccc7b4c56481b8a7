"""The networks' own exports: recognised by their headers, read into tidy tables without anyone's words in them."""

from kesher.readers.platforms.reading import read_exports
from kesher.readers.platforms.told import Exports

__all__ = ["Exports", "read_exports"]
