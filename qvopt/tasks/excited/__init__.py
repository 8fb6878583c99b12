"""Excited states: deflation, subspace search, subspace expansion, equations of motion."""
