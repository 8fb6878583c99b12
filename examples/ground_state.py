"""The ground state of water, exactly: ten lines from a name to an energy."""

from qvopt import run

result = run("h2o", ansatz="uccsd", optimizer="l-bfgs")

print(f"energy      {result.energy:.8f} Ha")
print(f"full CI     {result.fci:.8f} Ha")
print(f"error       {1e3 * result.error:.4f} mHa")
print(f"correlation {100 * result.correlation:.2f} %")
