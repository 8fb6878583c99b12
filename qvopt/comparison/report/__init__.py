"""The report of a comparison: a page, tables for papers and for analysis, and pictures."""

from .write import write_report

__all__ = ["write_report"]
