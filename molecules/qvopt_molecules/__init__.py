"""What the problem is: molecules, integrals, Hamiltonians and their reference energies."""
