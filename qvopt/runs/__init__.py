"""Runs: their sessions, driver, records, results and folders."""
