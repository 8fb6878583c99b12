r"""Kalman-Newton: a Gaussian belief of where the minimum lies, updated by every shot.

Around its minimum x* the energy is taken as E(x) = E* + ½ (x - x*)ᵀ P (x - x*). The belief is
x* ~ N(x, C). A partial derivative measured at x is an observation of x* - x =: d,

    g_i = -(P d)_i + noise of variance v_i / s_i for s_i shots,

so that Bayes' rule is Kalman's: for the measured rows G of P, S = G C Gᵀ + diag(v / s),

    K = -C Gᵀ S⁻¹,   x <- x + K g,   C <- C + K G C.

With no prior (C → ∞) and all derivatives this is Newton's step -P⁻¹ g; with one, each coordinate
moves by as much as the measurement deserves. The expected error of the energy at x is
½ tr(P C): shots are placed where they lower it most, and where it is below a wanted error the run
can stop and say so.

The parts: `prior` (what is known before), `curvature` (P, and how it is learned), `belief` (C),
`design` (where shots go), `derivatives` (shifted energies and what they say), `starts` (points to
begin at), `optimizer` (the loop).
"""
