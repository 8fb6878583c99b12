"""The report of a comparison: a page, tables for papers and for analysis, and pictures."""
