"""How circuits become those of other libraries. Each module imports its library when called."""
