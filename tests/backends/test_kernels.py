"""Numba's kernels load without SciPy's linear algebra, and those that need it still get it."""

import subprocess
import sys

import qvopt

PROGRAM = """
import sys
import numpy as np
from numba import njit

import qvopt

qvopt.run("h2", store=False)
assert "scipy.linalg" not in sys.modules, "a short run imports SciPy's linear algebra"

@njit
def product(a, b):
    return np.dot(a, b)

a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
assert np.array_equal(product(a, b), a @ b)
print("both")
"""


def test_a_run_without_linear_algebra_and_a_product_after_it():
    qvopt.run("h2")  # integrals and reference energies are kept from here on
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.strip() == "both", done.stderr
