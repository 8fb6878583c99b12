r"""One Newton step from the reference determinant, damped as rational functions are minimised.

    [0  gᵀ] [1]     [1  0] [1]
    [g  H ] [x] = λ [0  S] [x],   that is  (H - λ S) x = -g,  λ = gᵀx,

g and H the energy's derivatives and S the metric of the state's, at zero parameters. Of the n + 1
solutions the one of the largest weight on the reference is taken: it goes over into Newton's step
for small g, and λ < 0 makes H - λ S positive where H nearly is. Reference: A. Banerjee, N. Adams,
J. Simons, R. Shepard, J. Phys. Chem. 89, 52 (1985).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian

from .circuit import Circuit
from .reference_expansion import ReferenceExpansion, reference_expansion

_ZERO = 1e-10


def rational_step(expansion: ReferenceExpansion, longest: float = 1.0) -> FloatArray:
    """Return x = -(H - λ S)⁻¹ g for the root λ of the largest weight on x = 0.

    A step with a component beyond `longest` is scaled back to it as a whole. Redundant parameters
    share it in the least norm, and parameters that no chain of non-zero second derivatives
    connects to the gradient stay at exactly 0.
    """
    connected = _connected(expansion.gradient, expansion.hessian)
    x = np.zeros(len(connected))
    if not np.any(connected):
        return x
    block = np.ix_(connected, connected)
    sizes, axes = np.linalg.eigh(expansion.metric[block])
    kept = sizes > 1e-8 * sizes[-1]
    axes = axes[:, kept] / np.sqrt(sizes[kept])  # unit vectors of the metric
    bordered = np.zeros((axes.shape[1] + 1,) * 2)
    bordered[0, 1:] = bordered[1:, 0] = axes.T @ expansion.gradient[connected]
    bordered[1:, 1:] = axes.T @ expansion.hessian[block] @ axes
    _, vectors = np.linalg.eigh(bordered)
    root = vectors[:, int(np.argmax(np.abs(vectors[0])))]
    step = axes @ (root[1:] / root[0])
    x[connected] = step * min(1.0, longest / max(float(np.max(np.abs(step))), 1e-300))
    return x


def _connected(gradient: FloatArray, hessian: FloatArray) -> npt.NDArray[np.bool_]:
    reached = np.abs(gradient) > _ZERO
    links = np.abs(hessian) > _ZERO
    while True:
        more = reached | links[:, reached].any(axis=1)
        if np.array_equal(more, reached):
            return reached
        reached = more


def newton_amplitudes(
    circuit: Circuit, hamiltonian: MolecularHamiltonian, longest: float = 1.0
) -> FloatArray:
    """Return the parameters after one such step from the reference of `circuit`.

    Raises InputError for a circuit that has no expansion about a determinant.
    """
    expansion = reference_expansion(circuit, hamiltonian)
    if expansion is None:
        raise InputError(
            "initial = 'newton' needs a circuit of excitations from one determinant, on at most "
            "62 qubits; start from zeros"
        )
    return rational_step(expansion, longest)
