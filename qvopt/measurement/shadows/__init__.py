"""Classical shadows: one random (or derandomised) single-qubit Pauli basis a shot.

In a basis B drawn with probability Π_q β_q(B_q), a shot estimates the energy by

    X = c_0 + Σ_j c_j Π_{q in supp P_j} [B_q = P_jq] / β_q(P_jq) · (outcome ±1 of P_j),

whose mean is ⟨H⟩ in every state. References: H.-Y. Huang, R. Kueng, J. Preskill, Nature Phys. 16,
1050 (2020), arXiv:2002.08953 (β = 1/3); C. Hadfield, S. Bravyi, R. Raymond, A. Mezzacapo, Commun.
Math. Phys. 391, 951 (2022), arXiv:2006.15788 (locally biased).
"""
