"""Defaults of `minimize`: those of a function whose scale is about one, in place of amplitudes'.

Amplitudes of a cluster operator are hundredths of a radian, and the rates of named optimizers are
made for them. A general function begins a distance of about one from its minimum.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

GENERAL: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "adabelief": {"learning_rate": 0.1},
        "adagrad": {"learning_rate": 0.5},
        "adam": {"learning_rate": 0.1},
        "adamax": {"learning_rate": 0.2},
        "adamw": {"learning_rate": 0.1},
        "amsgrad": {"learning_rate": 0.2},
        "gcans": {"learning_rate": 0.01},
        "gradient-descent": {"learning_rate": 0.01},
        "icans": {"learning_rate": 0.01},
        "nadam": {"learning_rate": 0.05},
        "nesterov": {"learning_rate": 0.001},
        "rmsprop": {"learning_rate": 0.05},
        "spsa": {"target_step": 0.3, "curvature_bound": True},
        "yogi": {"learning_rate": 0.1},
    }
)
