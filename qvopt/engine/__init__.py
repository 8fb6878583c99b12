"""How a round of queries is answered."""
