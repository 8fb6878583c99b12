"""What is on disk: the journal, its events, the ledger and the environment."""
