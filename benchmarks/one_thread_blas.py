"""Import first: one thread for BLAS and OpenMP, so that only what is measured uses more cores."""

import os

for _name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"
