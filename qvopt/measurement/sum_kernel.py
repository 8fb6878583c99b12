"""Energies of many settings from their groups' moments in one pass; see `prior`."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def sums_of_groups(  # type: ignore[no-untyped-def]
    shots, means, squares, prior, least_dof, total_shots, sums
):  # fmt: skip
    """Add up along each row what `GroupPrior.of_each` says of every group, and the means.

    `shots`, `means` and `squares` have shape (settings, groups), `prior` (3, groups), as
    `GroupPrior.table` says, `total_shots` (settings,), and `sums` (4, settings): the sum of the
    means, its variance, the degrees of freedom, and the share that is assumed. Returns whether
    every group has a shot; else no result holds.
    """
    weight, events, per_square = prior[0], prior[1], prior[2]
    n_settings, n_groups = shots.shape
    for i in range(n_settings):
        taken, mean, sum_of_variances, spread, seen = 0.0, 0.0, 0.0, 0.0, 0.0
        for g in range(n_groups):
            n, square = float(shots[i, g]), squares[i, g]
            if n < 1.0:
                return False
            beyond = n - 1.0
            sampled = square / max(beyond, 1.0)
            expected = (square + events[g]) / (beyond + weight[g])
            most = beyond + least_dof if expected > sampled else beyond
            freedom = max(min(per_square[g] * square + least_dof, most), 1.0)
            part = max(sampled, expected) / n
            taken += n
            mean += means[i, g]
            sum_of_variances += part
            spread += part * part / freedom
            seen += sampled / n
        total_shots[i], sums[0, i], sums[1, i] = int(taken), mean, sum_of_variances
        if spread > 0.0:
            sums[2, i] = sum_of_variances * sum_of_variances / spread
            sums[3, i] = 1.0 - seen / sum_of_variances
        else:  # of exact outcomes
            sums[2, i], sums[3, i] = float("inf"), 0.0
    return True
