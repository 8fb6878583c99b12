"""The dissociation of lithium hydride, beside Hartree-Fock and full CI.

Each point starts where its neighbour ended. `qvopt scan lih --bond 1.2:3.2:6` does the same in a
folder that survives interruptions, and draws the curve.
"""

from qvopt import scan

curve = scan("lih", "bond", "1.2:3.2:6")
print("  bond (Å)   VQE (Ha)     HF (Ha)      error (mHa)   steps")
for point in curve.points:
    print(
        f"{point.value:8.2f}  {point.energy:11.6f}  {point.hf:11.6f}  {1e3 * point.error:10.3f}"
        f"  {point.steps:8d}"
    )
