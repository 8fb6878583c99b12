"""Derivatives from measurable circuits: shift rules and the Fisher metric."""
