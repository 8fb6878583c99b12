"""A Hubbard chain over its interaction: UCCSD at weak and at strong coupling, beside k-UpCCGSD."""

from qvopt import scan

chain = {"name": "hubbard", "set": {"sites": 4}}
weak = scan(chain, "u", "0:8:5")
strong = scan(chain, "u", "0:8:5", ansatz={"name": "k-upccgsd", "k": 3}, seed=1)

print("U / t   exact / t    error: UCCSD  k-UpCCGSD")
for one, other in zip(weak.points, strong.points, strict=True):
    print(f"{one.value:5g}  {one.fci:10.6f}  {one.error:z11.6f}  {other.error:z9.6f}")
