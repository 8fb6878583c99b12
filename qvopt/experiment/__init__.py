"""The description of an experiment: validated, serializable, free of secrets."""
