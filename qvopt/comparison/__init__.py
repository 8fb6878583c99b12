"""Comparing optimizers: many runs at equal cost, their statistics, pictures and report."""
