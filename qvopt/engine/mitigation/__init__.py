"""Mitigation of a device's errors: stages around the sampling of a batch."""
