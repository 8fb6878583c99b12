"""k-UpCCGSD: more products of few gates, ever closer to full CI."""

from common import show

for k in (1, 2, 3):
    show("h4-chain", "k-upccgsd", k=k)
