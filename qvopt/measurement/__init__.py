"""How an energy is measured: plans, allocation and the statistics of an estimate."""
