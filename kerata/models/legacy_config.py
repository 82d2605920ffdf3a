"""Configurations as Keras 1 and 2 spelled them, and Keras 3 in HDF5 files, in today's words.

Old configurations have no modules (`{"class_name": "Dense", "config": {...}}`), list the inputs
of a layer as `[[["input_1", 0, 0, {}]]]`, give the first layer of a `Sequential` the shape of the
inputs, and hold arguments and classes that have other names now, or none.
"""

from __future__ import annotations

from typing import Any

from kerata.core import registry

_CLASSES = {
    "Model": "Functional",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "LayerNormalizationV2": "LayerNormalization",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "GRUCellV2": "GRUCell",
    "LSTMCellV2": "LSTMCell",
}
_CODE = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty")
#: arguments that are gone, and with which values that changes nothing (`None`: with any)
_GONE: dict[str, tuple | None] = {
    "adjustment": (None,),
    "fused": (None, False, True),
    "implementation": (0, 1, 2),
    "input_length": None,
    "is_legacy_optimizer": (False, True),
    "jit_compile": (None, False, True),
    "ragged": (False,),
    "schedule_decay": None,
    "sparse_input": (False,),
    "time_major": (False,),
    "virtual_batch_size": (None,),
    "zero_output_for_mask": (False,),
}


def modern(config: Any) -> Any:
    """Return a configuration in today's words; what has a module is in them already.

    Raises:
        ValueError: for what cannot be said today, such as code of TensorFlow.

    >>> modern({"class_name": "Adam", "config": {"lr": 0.1, "decay": 0.0}})
    {'class_name': 'Adam', 'config': {'learning_rate': 0.1}}
    """
    if isinstance(config, list):
        return [modern(item) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: modern(value) for key, value in config.items()}
    return config if config.get("module") else _modern_object(config)


def _modern_object(config: dict[str, Any]) -> Any:
    class_name, inner = config["class_name"], config["config"]
    class_name = _CLASSES.get(class_name, class_name)
    if class_name in _CODE:
        raise ValueError(
            f"The file holds {class_name!r}, an op of TensorFlow between layers, for which there "
            "is no layer to read. Save the model with Keras 3 to a .keras file."
        )
    if class_name == "Sequential":
        inner = {"layers": inner} if isinstance(inner, list) else inner
        inner = {**inner, "layers": _with_input(inner.get("layers", []))}
    if not isinstance(inner, dict):
        return config
    if class_name in ("Policy", "PolicyV1"):
        return inner.get("name")
    inner = {key: modern(value) for key, value in inner.items()}
    inner = _arguments(class_name, inner)
    return {**config, "class_name": class_name, "config": inner}


def _arguments(class_name: str, inner: dict[str, Any]) -> dict[str, Any]:
    if any(registry.lookup(kind, class_name) for kind in ("layers", "optimizers")):
        _drop_what_is_gone(inner)
    if class_name == "InputLayer":
        _rename(inner, "batch_input_shape", "batch_shape")
    elif class_name == "GRU":
        inner.setdefault("reset_after", False)  # files that do not say are older than the choice
    elif registry.lookup("initializers", class_name):
        inner.pop("dtype", None)
    elif registry.lookup("optimizers", class_name):
        _rename(inner, "lr", "learning_rate")
        _schedule(inner)
    elif registry.lookup("losses", class_name) and inner.get("reduction") == "auto":
        inner["reduction"] = "sum_over_batch_size"
    elif isinstance(inner.get("fn"), str):  # of a wrapped metric or loss
        inner["fn"] = {"class_name": "function", "config": inner["fn"]}
    if "input_layers" in inner:
        inner |= _graph(inner)
    inner.pop("batch_input_shape", None)
    return inner


def _drop_what_is_gone(inner: dict[str, Any]) -> None:
    """Drop arguments that built-in classes no longer take; classes of the user's may."""
    for name, harmless in _GONE.items():
        if name in inner and (harmless is None or inner[name] in harmless):
            del inner[name]


def _rename(inner: dict[str, Any], old: str, new: str) -> None:
    if old in inner:
        inner.setdefault(new, inner.pop(old))


def _schedule(inner: dict[str, Any]) -> None:
    """Say a decay per step as the schedule that it is."""
    decay, rate = inner.pop("decay", None), inner.get("learning_rate")
    if decay and isinstance(rate, (int, float)):
        inner["learning_rate"] = {
            "class_name": "InverseTimeDecay",
            "config": {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay},
        }


def _with_input(layers: list[Any]) -> list[Any]:
    """Put what the first layer says of the inputs into a layer of their own."""
    first: dict[str, Any] = layers[0] if layers and isinstance(layers[0], dict) else {}
    inner: Any = first.get("config")
    shape = inner.get("batch_input_shape") if isinstance(inner, dict) else None
    if shape is None or first.get("class_name") == "InputLayer":
        return layers
    dtype = "int32" if first.get("class_name") == "Embedding" else inner.get("dtype", "float32")
    inputs = {"batch_shape": shape, "dtype": dtype if isinstance(dtype, str) else "float32"}
    return [
        {"class_name": "InputLayer", "config": {**inputs, "name": f"{inner.get('name')}_input"}},
        *layers,
    ]


# -- graphs ----------------------------------------------------------------------------------


def _graph(inner: dict[str, Any]) -> dict[str, Any]:
    names = {entry["name"] for entry in inner["layers"]}
    return {
        "layers": [_entry(entry, names) for entry in inner["layers"]],
        "input_layers": _one_or_many(inner["input_layers"]),
        "output_layers": _one_or_many(inner["output_layers"]),
    }


def _one_or_many(places: Any) -> Any:
    """One tensor instead of a list with one."""
    return places[0] if len(places) == 1 and isinstance(places[0], list) else places


def _entry(entry: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A layer of a graph; an op, which Keras 3 writes here without its module, is no layer."""
    nodes = [_node(node, names) for node in entry["inbound_nodes"]]
    is_layer = entry.get("module") or "trainable" in entry["config"] or not nodes
    module = entry.get("module") if is_layer else "keras.src.ops.legacy"
    return {**entry, "module": module, "inbound_nodes": nodes}


def _node(node: Any, names: set[str]) -> dict[str, Any]:
    """A use of a layer: of the tensors at the places `[name, use, output, arguments]`."""
    if isinstance(node, dict):
        return node
    tensors = [_tensor(place) for place in node]
    last = node[0][3] if node and len(node[0]) > 3 else {}
    kwargs = {
        key: _tensor(value) if _is_place(value, names) else value for key, value in last.items()
    }
    chosen = [name for name in ("training",) if name in kwargs]
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs, "chosen": chosen}


def _is_place(value: Any, names: set[str]) -> bool:
    return isinstance(value, list) and len(value) >= 3 and value[0] in names


def _tensor(place: list[Any]) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": place[:3]}}


# -- what the model was compiled with ----------------------------------------------------------


def compile_arguments(training: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `compile` that the `training_config` of a file stands for."""
    found = {
        name: modern(training.get(name))
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics")
    }
    for name in ("metrics", "weighted_metrics"):
        listed = found[name]
        if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], list):
            found[name] = listed[0]
    found["optimizer"] = modern(training.get("optimizer_config"))
    return {name: value for name, value in found.items() if value is not None}
