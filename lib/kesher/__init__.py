"""Kesher: strategy workbooks on a small shared library."""

__version__ = "0.1.0"
