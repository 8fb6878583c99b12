"""Mitigation of a device's errors, as an experiment asks for it; the maths is in `measurement`."""
