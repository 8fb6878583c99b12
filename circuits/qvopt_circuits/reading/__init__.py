"""Circuits of other libraries as ansätze. Each module imports its library when called."""
