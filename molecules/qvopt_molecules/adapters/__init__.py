"""Other libraries' problems as ours; each library is imported only where the object is its own."""
