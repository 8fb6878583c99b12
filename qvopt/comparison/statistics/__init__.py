"""Statistics of a comparison: plain functions on arrays, lower is better, infinity is failure."""
