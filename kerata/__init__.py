"""kerata: deep learning with the Keras API, on JAX, PyTorch, TensorFlow and NumPy.

    import kerata as keras

Everything is imported when first used: `import kerata` loads no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerata import lazy

__version__ = "0.1.0"

# Public name -> where it is defined ("module" or "module:attribute").
_PUBLIC = {
    "activations": "kerata.activations",
    "backend": "kerata.backend",
    "callbacks": "kerata.callbacks",
    "config": "kerata.config",
    "constraints": "kerata.constraints",
    "data": "kerata.data",
    "datasets": "kerata.datasets",
    "dtype_policies": "kerata.dtype_policies",
    "initializers": "kerata.initializers",
    "layers": "kerata.layers",
    "legacy": "kerata.legacy",
    "losses": "kerata.losses",
    "metrics": "kerata.metrics",
    "mixed_precision": "kerata.mixed_precision",
    "models": "kerata.models",
    "ops": "kerata.ops",
    "optimizers": "kerata.optimizers",
    "preprocessing": "kerata.preprocessing",
    "random": "kerata.random",
    "regularizers": "kerata.regularizers",
    "saving": "kerata.saving",
    "tree": "kerata.tree",
    "utils": "kerata.utils",
    "visualization": "kerata.visualization",
    "wrappers": "kerata.wrappers",
    "GradientTape": "kerata.core.tape:GradientTape",
    "Initializer": "kerata.initializers:Initializer",
    "Input": "kerata.layers:Input",
    "InputSpec": "kerata.layers:InputSpec",
    "KerasTensor": "kerata.core.symbolic:SymbolicTensor",
    "Layer": "kerata.layers:Layer",
    "Loss": "kerata.losses:Loss",
    "Metric": "kerata.metrics:Metric",
    "Model": "kerata.models:Model",
    "Optimizer": "kerata.optimizers:Optimizer",
    "Regularizer": "kerata.regularizers:Regularizer",
    "RematScope": "kerata.layers.rematerialization:RematScope",
    "Sequential": "kerata.models:Sequential",
    "DTypePolicy": "kerata.core.dtype_policy:DTypePolicy",
    "FloatDTypePolicy": "kerata.core.dtype_policy:FloatDTypePolicy",
    "Function": "kerata.models.function:Function",
    "Operation": "kerata.core.operation:Operation",
    "StatelessScope": "kerata.core.scope:StatelessScope",
    "SymbolicScope": "kerata.core.scope:SymbolicScope",
    "Variable": "kerata.core.variable:Variable",
    "device": "kerata.core.device:device",
    "function": "kerata.core.function:function",
    "grad": "kerata.core.differentiation:grad",
    "hessian": "kerata.core.differentiation:hessian",
    "jacobian": "kerata.core.differentiation:jacobian",
    "jvp": "kerata.core.differentiation:jvp",
    "name_scope": "kerata.core.names:name_scope",
    "remat": "kerata.layers.rematerialization:remat",
    "use_backend": "kerata.backend.select:use_backend",
    "value_and_grad": "kerata.core.differentiation:value_and_grad",
    "vectorized_map": "kerata.ops:vectorized_map",
    "version": "kerata.utils:version",
    "vjp": "kerata.core.differentiation:vjp",
}

__all__ = ["__version__", *_PUBLIC]

if TYPE_CHECKING:
    from kerata import (
        activations as activations,
    )
    from kerata import (
        backend as backend,
    )
    from kerata import (
        callbacks as callbacks,
    )
    from kerata import (
        config as config,
    )
    from kerata import (
        constraints as constraints,
    )
    from kerata import (
        data as data,
    )
    from kerata import (
        datasets as datasets,
    )
    from kerata import (
        dtype_policies as dtype_policies,
    )
    from kerata import (
        initializers as initializers,
    )
    from kerata import (
        layers as layers,
    )
    from kerata import (
        legacy as legacy,
    )
    from kerata import (
        losses as losses,
    )
    from kerata import (
        metrics as metrics,
    )
    from kerata import (
        mixed_precision as mixed_precision,
    )
    from kerata import (
        models as models,
    )
    from kerata import (
        ops as ops,
    )
    from kerata import (
        optimizers as optimizers,
    )
    from kerata import (
        preprocessing as preprocessing,
    )
    from kerata import (
        random as random,
    )
    from kerata import (
        regularizers as regularizers,
    )
    from kerata import (
        saving as saving,
    )
    from kerata import (
        tree as tree,
    )
    from kerata import (
        utils as utils,
    )
    from kerata import (
        visualization as visualization,
    )
    from kerata import (
        wrappers as wrappers,
    )
    from kerata.backend.select import use_backend as use_backend
    from kerata.core.device import device as device
    from kerata.core.differentiation import grad as grad
    from kerata.core.differentiation import hessian as hessian
    from kerata.core.differentiation import jacobian as jacobian
    from kerata.core.differentiation import jvp as jvp
    from kerata.core.differentiation import value_and_grad as value_and_grad
    from kerata.core.differentiation import vjp as vjp
    from kerata.core.dtype_policy import DTypePolicy as DTypePolicy
    from kerata.core.dtype_policy import FloatDTypePolicy as FloatDTypePolicy
    from kerata.core.function import function as function
    from kerata.core.names import name_scope as name_scope
    from kerata.core.operation import Operation as Operation
    from kerata.core.scope import StatelessScope as StatelessScope
    from kerata.core.scope import SymbolicScope as SymbolicScope
    from kerata.core.symbolic import SymbolicTensor
    from kerata.core.tape import GradientTape as GradientTape
    from kerata.core.variable import Variable as Variable
    from kerata.initializers import Initializer as Initializer
    from kerata.layers import Input as Input
    from kerata.layers import InputSpec as InputSpec
    from kerata.layers import Layer as Layer
    from kerata.layers.rematerialization import RematScope as RematScope
    from kerata.layers.rematerialization import remat as remat
    from kerata.losses import Loss as Loss
    from kerata.metrics import Metric as Metric
    from kerata.models import Model as Model
    from kerata.models import Sequential as Sequential
    from kerata.models.function import Function as Function
    from kerata.ops import vectorized_map as vectorized_map
    from kerata.optimizers import Optimizer as Optimizer
    from kerata.regularizers import Regularizer as Regularizer

    KerasTensor = SymbolicTensor

__getattr__, __dir__ = lazy.names(__name__, _PUBLIC)
