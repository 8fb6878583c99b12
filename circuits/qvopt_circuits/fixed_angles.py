"""Angles of QAOA that are good for MaxCut on every regular graph of a degree.

They are the best on the tree that surrounds an edge of a graph without short cycles, computed by
`benchmarks/qaoa_fixed_angles.py`. J. Wurtz, D. Lykov, arXiv:2107.00677: for degree 3 they cut at
least 0.6924, 0.7559, 0.7924, 0.8169, 0.8364 of the edges with 1 to 5 layers.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum, label

_Angles = tuple[tuple[float, ...], tuple[float, ...]]

_BEST: Final[dict[int, tuple[_Angles, ...]]] = {
    2: (
        ((0.7854,), (0.3927,)),
        ((0.6559, 1.2429), (0.6214, 0.3279)),
        ((0.5921, 1.1561, 1.3646), (0.6823, 0.5780, 0.2961)),
        ((0.5514, 1.1084, 1.3063, 1.4175), (0.7087, 0.6531, 0.5542, 0.2757)),
        ((0.5220, 1.0747, 1.2759, 1.3732, 1.4466), (0.7233, 0.6866, 0.6379, 0.5374, 0.2610)),
    ),
    3: (
        ((0.6155,), (0.3927,)),
        ((0.4878, 0.8978), (0.5549, 0.2924)),
        ((0.4219, 0.7984, 0.9370), (0.6090, 0.4596, 0.2357)),
        ((0.4088, 0.7806, 0.9880, 1.1569), (0.5996, 0.4343, 0.2968, 0.1590)),
        ((0.3592, 0.7061, 0.8221, 1.0042, 1.1539), (0.6317, 0.5225, 0.3901, 0.2760, 0.1493)),
    ),
    4: (
        ((0.5236,), (0.3927,)),
        ((0.4078, 0.7397), (0.5341, 0.2830)),
        ((0.3545, 0.6514, 0.7543), (0.5879, 0.4232, 0.2230)),
        ((0.3150, 0.5875, 0.6732, 0.7712), (0.6050, 0.4778, 0.3613, 0.1875)),
        ((0.2909, 0.5468, 0.6033, 0.6872, 0.7845), (0.6225, 0.5051, 0.4167, 0.3253, 0.1628)),
    ),
    5: (
        ((0.4636,), (0.3927,)),
        ((0.3587, 0.6450), (0.5241, 0.2788)),
        ((0.3116, 0.5635, 0.6477), (0.5783, 0.4076, 0.2189)),
        ((0.2774, 0.5096, 0.5769, 0.6612), (0.5971, 0.4632, 0.3448, 0.1826)),
        ((0.2555, 0.4738, 0.5187, 0.5897, 0.6709), (0.6139, 0.4904, 0.4026, 0.3089, 0.1577)),
    ),
    6: (
        ((0.4205,), (0.3927,)),
        ((0.3242, 0.5797), (0.5182, 0.2766)),
        ((0.2814, 0.5040, 0.5768), (0.5727, 0.3989, 0.2169)),
        ((0.2509, 0.4562, 0.5121, 0.5873), (0.5921, 0.4539, 0.3355, 0.1801)),
        ((0.2308, 0.4245, 0.4619, 0.5231, 0.5940), (0.6092, 0.4825, 0.3935, 0.2992, 0.1552)),
    ),
    7: (
        ((0.3876,), (0.3927,)),
        ((0.2982, 0.5312), (0.5144, 0.2751)),
        ((0.2587, 0.4603, 0.5253), (0.5689, 0.3933, 0.2157)),
        ((0.2308, 0.4167, 0.4652, 0.5337), (0.5886, 0.4477, 0.3295, 0.1786)),
        ((0.2122, 0.3881, 0.4204, 0.4747, 0.5384), (0.6062, 0.4772, 0.3872, 0.2930, 0.1538)),
    ),
    8: (
        ((0.3614,), (0.3927,)),
        ((0.2776, 0.4931), (0.5117, 0.2742)),
        ((0.2407, 0.4264, 0.4856), (0.5662, 0.3894, 0.2149)),
        ((0.2148, 0.3861, 0.4292, 0.4926), (0.5862, 0.4433, 0.3254, 0.1777)),
        ((0.1974, 0.3596, 0.3882, 0.4374, 0.4959), (0.6039, 0.4732, 0.3826, 0.2886, 0.1529)),
    ),
}  # fmt: skip
"""(γ, β) by degree, and then by the number of layers."""


def fixed_angles(cost: PauliSum, layers: int) -> tuple[FloatArray, FloatArray]:
    """Return (γ, β), both positive, for MaxCut on an unweighted regular graph.

    One layer has tan γ = 1/√(D - 1), β = π/8 for degree D. Raises InputError for other costs, and
    where the table ends.
    """
    degrees: Counter[int] = Counter()
    for z, c in zip(cost.z, cost.coefficients, strict=True):
        letters = label(0, int(z), cost.n_qubits)
        if letters.count("Z") != 2 or abs(c - 0.5) > 1e-9:
            raise _not_regular()
        degrees.update(q for q, letter in enumerate(letters) if letter == "Z")
    degree = degrees[0]
    if len(degrees) != cost.n_qubits or set(degrees.values()) != {degree} or degree < 2:
        raise _not_regular()
    if layers == 1:
        return np.array([math.atan(1 / math.sqrt(degree - 1))]), np.array([math.pi / 8])
    if layers > len(_BEST.get(degree, ())):
        raise InputError(
            f"fixed angles of {layers} layers are not known for degree {degree}: the table has "
            f"degrees {min(_BEST)} to {max(_BEST)}, up to {len(_BEST[3])} layers; take initial = "
            f"'linear-ramp'"
        )
    gammas, betas = _BEST[degree][layers - 1]
    return np.array(gammas), np.array(betas)


def _not_regular() -> InputError:
    return InputError(
        "fixed angles are those of MaxCut on an unweighted regular graph; take "
        "initial = 'linear-ramp'"
    )
