"""Gradient transformations, flat: `chain(clip_by_noise(), scale_by_adam(), scale(-0.05))`.

Each is a pair of pure functions in the convention of optax; `descent` makes an optimizer of one:

    run("h2", optimizer=descent(chain(scale_by_adam(), scale(-0.05))))
"""

from qvopt.optimizers.adaptive import scale_by_adadelta, scale_by_adagrad, scale_by_rms
from qvopt.optimizers.clipping import (
    clip,
    clip_by_global_norm,
    clip_by_noise,
    clip_by_rms,
    shrink_by_noise,
)
from qvopt.optimizers.combine import (
    add_decayed_weights,
    average_gradients,
    chain,
    scale,
    stateless,
)
from qvopt.optimizers.descent import descent
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.moments import (
    scale_by_adam,
    scale_by_adamax,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_lion,
    scale_by_nadam,
    scale_by_yogi,
)
from qvopt.optimizers.natural_gradient import precondition_by_metric
from qvopt.optimizers.protocol import Transform
from qvopt.optimizers.schedules import (
    constant,
    cosine,
    exponential,
    inverse_time,
    scale_by_schedule,
    step_decay,
    warm_up,
)

__all__ = [
    "Transform",
    "add_decayed_weights",
    "average_gradients",
    "chain",
    "clip",
    "clip_by_global_norm",
    "clip_by_noise",
    "clip_by_rms",
    "constant",
    "cosine",
    "descent",
    "exponential",
    "inverse_time",
    "precondition_by_metric",
    "scale",
    "scale_by_adadelta",
    "scale_by_adagrad",
    "scale_by_adam",
    "scale_by_adamax",
    "scale_by_amsgrad",
    "scale_by_belief",
    "scale_by_lion",
    "scale_by_nadam",
    "scale_by_rms",
    "scale_by_schedule",
    "scale_by_yogi",
    "shrink_by_noise",
    "stateless",
    "step_decay",
    "trace",
    "warm_up",
]
