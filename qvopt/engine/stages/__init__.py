"""Mitigation of a device's errors: stages around the one call that samples a batch."""
