"""Trainer: compile, fit, evaluate and predict, the same for all backends.

A step (`train_step`, `test_step`, `predict_step`) is plain Python over tensors and variables;
users override it. `program.py` compiles it and runs it over chunks of batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata.backend import select
from kerata.core import config, tree
from kerata.core.context import constants_version, current, structural
from kerata.core.errors import naming, user_facing
from kerata.core.serialization import deserialize, resolve, serialize
from kerata.core.spec import TensorSpec
from kerata.core.symbolic import SymbolicTensor
from kerata.core.tape import GradientTape
from kerata.core.variable import Variable
from kerata.optimizers import LossScaleOptimizer
from kerata.training.data import (
    Batch,
    Batches,
    Chunk,
    Examples,
    PreparedBatches,
    as_batches,
    is_array_like,
    unpack_validation_data,
)
from kerata.training.data import split as divided
from kerata.training.divergence import LossWatch
from kerata.training.first_batch import check_first_batch
from kerata.training.model_view import view_of
from kerata.training.objectives import CompiledLoss, CompiledMetrics
from kerata.training.program import Program, Results, to_number, unpack_x_y_sample_weight


class Trainer:
    """What a model can do with data. `Model` inherits it."""

    # Whether steps run as Python, line by line, and whether the engine may compile them.
    run_eagerly: bool = False
    jit_compile: Any = "auto"

    def __init__(self) -> None:
        self.stop_training = False
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: Any = None
        self.compiled = False
        self.steps_per_execution: int | None = None
        self._compile_arguments: dict[str, Any] | None = None
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._loss_tracker: Any = None
        self._programs: dict[Any, Program] = {}
        self._last_ready: Any = None

    # -- compile ---------------------------------------------------------------------------

    @user_facing
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | None = None,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: name or `Optimizer`.
            loss: name, function or `Loss`; a list or a dict by output name for several outputs.
            loss_weights: weight of each output's loss, as list or dict.
            metrics: names, functions or `Metric`s to report; per output as list of lists or dict.
            weighted_metrics: likewise, weighted by the sample and class weights.
            run_eagerly: run Python line by line instead of compiled programs, to debug.
            steps_per_execution: steps fused into one call; chosen automatically if `None`.
            jit_compile: `False` to leave out the engine's compiler, `True` to use XLA also where
                `"auto"` finds that too slow to be worth it: for short runs on TensorFlow.
            auto_scale_loss: whether a model that computes in float16 and keeps its variables in
                float32 gets a `LossScaleOptimizer` around its optimizer.

        Raises:
            ValueError: if a name is unknown; says the nearest one.
        """
        self.optimizer = resolve("optimizers", optimizer)
        if auto_scale_loss and self.optimizer is not None:
            self.optimizer = self._with_scaled_loss(self.optimizer)
        self.loss = loss
        self.run_eagerly = run_eagerly
        self.jit_compile = jit_compile
        self.steps_per_execution = steps_per_execution
        names = self.output_names if getattr(self, "_graph", None) is not None else None
        self._compile_loss = CompiledLoss(loss, loss_weights, names) if loss is not None else None
        self._compile_metrics = CompiledMetrics(metrics, weighted_metrics, names)
        _check_names(loss, metrics, weighted_metrics)
        self._loss_tracker = _mean("loss")
        self._forget_compiled()
        self.compiled = True
        self.stop_training = False
        self._compile_arguments = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            **({} if auto_scale_loss else {"auto_scale_loss": False}),
        }

    def _with_scaled_loss(self, optimizer: Any) -> Any:
        """Return an optimizer that scales the loss, where gradients would vanish in float16."""
        policy: Any = self.dtype_policy  # type: ignore[attr-defined]
        mixed = (policy.compute_dtype, policy.variable_dtype) == ("float16", "float32")
        if not mixed or isinstance(optimizer, LossScaleOptimizer):
            return optimizer
        return LossScaleOptimizer(optimizer)

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile` as plain data; `None` if not compiled."""
        return serialize(self._compile_arguments) if self.compiled else None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        self.compile(**deserialize(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def _forget_compiled(self) -> None:
        """Drop compiled programs, after something that they depend on has changed."""
        self._programs = {}

    # -- metrics ---------------------------------------------------------------------------

    @structural
    def metrics(self) -> list[Any]:
        """The loss average, per-output losses, compiled metrics, and metrics of the layers."""
        found = [self._loss_tracker] if self._loss_tracker is not None else []
        if self._compile_loss is not None:
            found += self._compile_loss.trackers
        found += _layers_metrics(self)
        if self._compile_metrics is not None:
            found += self._compile_metrics.metrics
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """Names under which the metrics appear in logs."""
        names = [m.name for m in self.metrics if m not in self._compiled_metrics()]
        if self._compile_metrics is not None and self._compile_metrics.built:
            names += self._compile_metrics.log_names()
        return names

    def _compiled_metrics(self) -> list[Any]:
        return self._compile_metrics.metrics if self._compile_metrics is not None else []

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        loss = self._compile_loss
        return loss.names if loss is not None and loss.built else ["output"]

    def reset_metrics(self) -> None:
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the present results of all metrics by log name."""
        compiled = self._compiled_metrics()
        logs: dict[str, Any] = {}
        for metric in self.metrics:
            if any(metric is other for other in compiled):
                continue
            value = metric.result()
            logs.update(value if isinstance(value, dict) else {metric.name: value})
        if self._compile_metrics is not None:
            logs.update(self._compile_metrics.result())
        return logs

    # -- the steps: override these -----------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch; override it to train in another way.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Logs: name -> scalar tensor.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self._loss_tracker.update_state(loss, sample_weight=_batch_rows(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch; override it to evaluate in another way.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Logs: name -> scalar tensor.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_batch_rows(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the predictions for one batch; override it to predict in another way.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the total loss: the compiled losses and what layers added.

        Args:
            x: inputs.
            y: targets.
            y_pred: predictions.
            sample_weight: weights of the samples.
            training: whether it is computed for training.

        Raises:
            ValueError: if there is nothing to minimize.
        """
        total = None
        if self._compile_loss is not None:
            total = self._compile_loss(y, y_pred, sample_weight)
        for loss in self.losses:
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError(
                f"Model {self.name!r} has nothing to minimize: pass `loss=` to `compile`, or call "
                "`self.add_loss(...)` in a layer."
            )
        return total

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the compiled metrics with one batch and return all results.

        Args:
            x: inputs.
            y: targets.
            y_pred: predictions.
            sample_weight: weights of the samples.
        """
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result() if current.results_wanted else {}

    # -- fit -------------------------------------------------------------------------------

    @user_facing
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        split: str = "tail",
    ) -> Any:
        """Train the model.

        Args:
            x: inputs: an array, a list or dict of arrays, a data frame, `kerata.data.Examples`, or
                a source of batches (generator, function that makes one, `PyDataset`,
                `DataLoader`).
            y: targets, like `x`; left out if the source gives them.
            batch_size: samples per step, 32 by default.
            epochs: index of the last epoch, counted from 1.
            verbose: 0 silent, 1 progress bar, 2 one line per epoch, `"auto"`.
            callbacks: list of callbacks.
            validation_split: fraction of the arrays to validate on.
            validation_data: `(x, y)`, `(x, y, weights)` or a source of batches.
            shuffle: whether arrays are shuffled before each epoch.
            class_weight: class -> weight, or `"balanced"`.
            sample_weight: weight per sample, or per output as dict.
            initial_epoch: epoch to begin with.
            steps_per_epoch: steps that make an epoch.
            validation_steps: steps of each validation.
            validation_batch_size: samples per validation step.
            validation_freq: validate every so many epochs, or in the epochs of a list.
            split: which rows `validation_split` holds out: `"tail"`, the last ones, as Keras does;
                `"random"`; or `"stratified"`, at random and the same share of each class.

        Returns:
            A `History`, whose `history` maps each name to the values by epoch.

        Raises:
            RuntimeError: if the model has not been compiled.
            ValueError: if the data do not fit the model, before anything is changed.
        """
        x, y = _separated(x, y)
        self._must_be_compiled("fit", y)
        engine = self.backend
        if engine.gradients is None:
            raise RuntimeError(
                f"The {engine.name} backend cannot train: it evaluates and predicts. Make the "
                "model after `kerata.config.set_backend('jax')` or 'torch'."
            )
        engine.prepare_training()
        epochs = min(epochs, config.max_epochs() or epochs)
        origin = "validation_split" if validation_data is None else "validation_data"
        if validation_split:
            text = self.host_part_for(x) is not None
            (x, y, sample_weight), held_out = divided(
                x, y, sample_weight, validation_split, text, split, self.read_inputs
            )
            validation_data = validation_data or held_out
        seed = config.next_seed()
        with select.use_backend(engine):
            batches = self._batches(
                x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight, seed
            )
            first = batches.peek()
            self._make_ready(first, batches, "fit")
            with naming(origin):
                validation = self._validation(
                    validation_data, validation_batch_size or batch_size, validation_steps
                )
            run = self._callbacks(callbacks, verbose, epochs=epochs, batches=batches, seed=seed)
            self._check_monitors(run, validation)
            return self._fit(batches, run, validation, initial_epoch, epochs, validation_freq)

    def _fit(
        self,
        batches: Batches,
        run: Any,
        validation: Batches | None,
        initial_epoch: int,
        epochs: int,
        validation_freq: Any,
    ) -> Any:
        self.stop_training = False
        start = 0
        run.on_train_begin()
        if run.position is not None:
            initial_epoch, start = run.position.epoch, run.position.step
            if run.position.seed is not None and hasattr(batches, "seed"):
                batches.seed = run.position.seed
            batches.fast_forward(initial_epoch)
        logs: dict[str, Any] = {}
        try:
            for epoch in range(initial_epoch, epochs):
                run.on_epoch_begin(epoch)
                if not start:
                    self.reset_metrics()
                logs = self._train_epoch(batches, run, epoch, start)
                start = 0
                if validation is not None and _is_due(epoch, validation_freq):
                    found = self._evaluate(validation, run)
                    logs |= {f"val_{name}": value for name, value in found.items()}
                run.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            self._finish_training(run, logs)
        return self.history

    def _finish_training(self, run: Any, logs: dict[str, Any]) -> None:
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_variables)
        run.on_train_end(logs)

    def _train_epoch(self, batches: Batches, run: Any, epoch: int, start: int) -> dict[str, Any]:
        program = self._program("train")
        epochs = run.params.get("epochs", 1)
        program.plan(batches.peek(), planned_steps=epochs * (batches.num_batches or 0))
        length = self._steps_per_call(program, batches, run.most_fused_steps)
        step, results = start, None
        hooks = run.has_batch_hooks("train")
        each = run.wants_logs_of_each_step("train")
        watch = LossWatch(self, epoch, start)
        for chunk in batches.chunks(epoch, length, start):
            if hooks and length == 1:
                run.on_train_batch_begin(step)
            for results in program.parts(chunk, each):
                if hooks:
                    self._replay(run, results, step, begin=length > 1)
                step += results.steps
                self.stop_training |= watch.add(results, step)
                if self.stop_training:
                    return results.logs() or self._present_logs()
        self.stop_training |= watch.look()
        return {} if results is None else results.logs()

    def _present_logs(self) -> dict[str, Any]:
        """Return the metrics as they are now, as numbers."""
        results = self.get_metrics_result()
        return {name: to_number(value, self.backend) for name, value in results.items()}

    def _replay(self, run: Any, results: Results, step: int, begin: bool) -> None:
        """Call the batch hooks of the steps of a chunk, now that it has been computed."""
        last = results.steps - 1
        for index in range(results.steps):
            if begin:
                run.on_train_batch_begin(step + index)
            run.on_train_batch_end(
                step + index,
                lambda i=index: results.logs(i) or self._present_logs(),
                synced=index == last,
            )
            if self.stop_training:
                return

    def _steps_per_call(self, program: Program, batches: Batches, limit: int | None) -> int:
        if self.steps_per_execution:
            return min(self.steps_per_execution, limit or self.steps_per_execution)
        if self.run_eagerly:
            return 1
        if batches.num_batches is not None:
            # A power of two, so that data sets of similar length share a compiled program.
            whole = 1 << (batches.num_batches - 1).bit_length()
            limit = min(limit or whole, whole)
        return program.steps_per_chunk(batches.peek(), limit)

    def _program(self, kind: str) -> Program:
        """Return the program of a step, made anew when what is trainable or constant changed."""
        trainable = tuple(id(v) for v in self.trainable_variables) if kind == "train" else ()
        key = (kind, trainable, id(self.optimizer), constants_version())
        if key not in self._programs:
            self._programs[key] = self._make_program(kind)
        return self._programs[key]

    def _make_program(self, kind: str) -> Program:
        steps: dict[str, Callable] = {
            "train": self._fresh_losses(self.train_step),
            "test": self._without_gradients(self._fresh_losses(self.test_step)),
            "predict": self._without_gradients(self.predict_step),
        }
        variables = list(self.variables)
        metrics = self.metrics_variables
        state = {"train": [*variables, *metrics], "test": metrics, "predict": []}[kind]
        if kind == "train" and self.optimizer is not None:
            state = [*state, *self.optimizer.variables]
        known = {id(variable): variable for variable in state}
        constant = [v for v in variables if id(v) not in known] if kind != "train" else []
        compiled = False if self.run_eagerly else self.jit_compile
        return Program(steps[kind], self.backend, compiled, list(known.values()), constant)

    def _fresh_losses(self, step: Callable) -> Callable:
        def run(data: Any) -> Any:
            self._clear_losses()
            return tree.map_structure(_value_now, step(data))

        return run

    def _without_gradients(self, step: Callable) -> Callable:
        def run(data: Any) -> Any:
            with self.backend.inference():
                return step(data)

        return run

    # -- evaluate --------------------------------------------------------------------------

    @user_facing
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss and the metrics on data.

        Args:
            x, y, sample_weight, batch_size, verbose, callbacks: as for `fit`.
            steps: steps to take; all by default.
            return_dict: whether to return a dict by name instead of a list.

        Returns:
            The loss, or a list of the loss and the metrics, or a dict.

        Raises:
            RuntimeError: if the model has not been compiled.
            ValueError: if the data do not fit the model.
        """
        if kwargs:
            raise TypeError(f"evaluate() takes no argument {next(iter(kwargs))!r}.")
        x, y = _separated(x, y)
        self._must_be_compiled("evaluate", y)
        with select.use_backend(self.backend):
            batches = self._batches(x, y, sample_weight, batch_size, steps, steps_name="steps")
            self._make_ready(batches.peek(), batches, "evaluate")
            run = self._callbacks(callbacks, verbose, batches=batches, history=False)
            logs = self._evaluate(batches, run)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def _evaluate(self, batches: Batches, run: Any) -> dict[str, Any]:
        program = self._program("test")
        self.reset_metrics()
        run.on_test_begin()
        length = self._steps_per_call(program, batches, None)
        hooks = run.has_batch_hooks("test")
        each = run.wants_logs_of_each_step("test")
        step, results = 0, None
        for chunk in batches.chunks(0, length):
            for results in program.parts(chunk, each):
                if hooks:
                    self._replay_test(run, results, step)
                step += results.steps
        logs = results.logs() if results is not None else {}
        run.on_test_end(logs)
        return logs

    def _replay_test(self, run: Any, results: Results, step: int) -> None:
        """Call the batch hooks of the steps of an evaluation."""
        for index in range(results.steps):
            run.on_test_batch_begin(step + index)
            run.on_test_batch_end(
                step + index, lambda i=index: results.logs(i) or self._present_logs()
            )

    # -- predict ---------------------------------------------------------------------------

    @user_facing
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the predictions for data as NumPy arrays, in the structure of the outputs.

        Args:
            x: inputs, as for `fit`.
            batch_size: samples per step, 32 by default.
            verbose: 0 silent, 1 progress bar, 2 one line, `"auto"`.
            steps: steps to take; all by default.
            callbacks: list of callbacks.

        Raises:
            ValueError: if the data do not fit the model.
        """
        x, _ = _separated(x, None)
        with select.use_backend(self.backend):
            if self._is_one_batch(x, batch_size, verbose, steps, callbacks):
                return self._predict_one(x)
            batches = self._batches(x, None, None, batch_size, steps, steps_name="steps")
            first = batches.peek()
            self._make_ready(first, batches, "predict")
            run = self._callbacks(callbacks, verbose, batches=batches, history=False)
            return self._predict(batches, run)

    def _is_one_batch(
        self, x: Any, batch_size: int | None, verbose: Any, steps: Any, callbacks: Any
    ) -> bool:
        """Tell whether the input is a small array that needs no loop (the quick way)."""
        return (
            isinstance(x, np.ndarray)
            and self.built
            and getattr(self, "host_part", None) is None
            and steps is None
            and not callbacks
            and verbose in ("auto", 0)
            and x.dtype.kind in "fiub"
            and 0 < len(x) <= (batch_size or 32)
        )

    def _predict_one(self, x: np.ndarray) -> Any:
        if x.dtype == np.float64:
            x = x.astype(config.floatx())
        self._check_shape(x)
        return self._predict_chunk(Chunk(1, Batch(x[None])))

    def _predict_chunk(self, chunk: Chunk) -> Any:
        """Return the predictions for a chunk of one batch, in arrays that are the caller's own."""
        outputs = self._program("predict").run(chunk).arrays()[0]
        return tree.map_structure(np.array, outputs)

    def _predict(self, batches: Batches, run: Any) -> Any:
        program = self._program("predict")
        run.on_predict_begin()
        length = self._steps_per_call(program, batches, None)
        hooks = run.has_batch_hooks("predict")
        collected: list[Any] = []
        for chunk in batches.chunks(0, length):
            arrays = program.run(chunk).arrays()
            for outputs in arrays:
                if hooks:
                    run.on_predict_batch_begin(len(collected))
                    run.on_predict_batch_end(len(collected), {"outputs": outputs})
                collected.append(outputs)
        run.on_predict_end()
        return tree.map_structure(lambda *parts: np.concatenate(parts), *collected)

    # -- single batches --------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch and return its loss and metrics.

        Args:
            x, y, sample_weight, class_weight: one batch, as for `fit`.
            return_dict: whether to return a dict by name instead of a list.
        """
        self._must_be_compiled("train_on_batch", y)
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate one batch and return its loss and metrics.

        Args:
            x, y, sample_weight: one batch, as for `evaluate`.
            return_dict: whether to return a dict by name instead of a list.
        """
        self._must_be_compiled("test_on_batch", y)
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the predictions for one batch as NumPy arrays."""
        with select.use_backend(self.backend):
            batch = self._whole_batch(x, None, None, None)
            self._make_ready(batch, None, "predict")
            return self._predict_chunk(_chunk_of(batch))

    @user_facing
    def _on_batch(
        self, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool
    ) -> Any:
        with select.use_backend(self.backend):
            batch = self._whole_batch(x, y, sample_weight, class_weight)
            self._make_ready(batch, None, "fit" if kind == "train" else "evaluate")
            self.reset_metrics()
            logs = self._program(kind).run(_chunk_of(batch)).logs()
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def _whole_batch(self, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> Batch:
        rows = len(x if is_array_like(x) else tree.flatten(x)[0])
        return self._batches(
            x, y, sample_weight, max(rows, 1), class_weight=class_weight, seed=0
        ).peek()

    def _batches(self, x: Any, *args: Any, **options: Any) -> Batches:
        """Return data as batches, with what the host makes of them in place of text."""
        host = self.host_part_for(x)
        text = host is not None
        batches = as_batches(x, *args, allow_text=text, read=self.read_inputs, **options)
        if host is None:
            return batches
        return PreparedBatches(batches, host.prepare, host.is_row_by_row)

    def read_inputs(self, x: Any) -> Any:
        """Return data as the model takes them."""
        return x

    def host_part_for(self, x: Any) -> Any:
        """Return what has a `prepare` for batches, `None` if they are taken as they are."""
        return None

    # -- preparing -------------------------------------------------------------------------

    def _must_be_compiled(self, method: str, y: Any) -> None:
        if not self.compiled:
            raise ValueError(
                f"Call `compile` before `{method}`, such as "
                f"`model.compile(optimizer='adam', loss={_likely_loss(y)!r})`."
            )

    def _make_ready(self, batch: Batch, batches: Batches | None, mode: str) -> None:
        """Check the data, and build model, losses, metrics and optimizer for such a batch."""
        if self._was_ready_for(batch, mode):
            return
        self._last_ready, ready = None, self._last_ready  # until all is checked
        graph = getattr(self, "_graph", None)
        if self._is_only_steps(mode):
            self._build_optimizer()
            self._last_ready, self.built = ready, True
            return
        y_pred = graph.output_structure if graph is not None else self._symbolic_outputs(batch.x)
        loss, metrics = self._compile_loss, self._compile_metrics
        if loss is not None and not loss.built:
            loss.build(y_pred)
        if self._uses_own_step(mode):
            check_first_batch(view_of(self, y_pred, loss), *batch, mode=mode, batches=batches)
        if graph is not None and not self._sees_whole_model():
            self._symbolic_outputs(batch.x)
        if metrics is not None and not metrics.built and batch.y is not None:
            metrics.build(tree.map_structure(_symbolic, batch.y), y_pred)
        self._build_optimizer()
        self._last_ready = ready

    def _build_optimizer(self) -> None:
        if self.optimizer is not None and not getattr(self.optimizer, "built", True):
            self.optimizer.build(self.trainable_variables)

    def _steps_by_default(self, mode: str) -> bool:
        """Tell whether the step is this class's, not overridden."""
        step = {"fit": "train_step", "predict": "predict_step"}.get(mode, "test_step")
        return getattr(type(self), step) is getattr(Trainer, step)

    def _uses_own_step(self, mode: str) -> bool:
        """Tell whether step and loss are this class's, so that data and loss must fit."""
        return self._steps_by_default(mode) and type(self).compute_loss is Trainer.compute_loss

    def _is_only_steps(self, mode: str) -> bool:
        """Tell whether there is nothing to call: a GAN may be two models and a `train_step`."""
        return not self.defines_call and not self._steps_by_default(mode)

    def _sees_whole_model(self) -> bool:
        """Tell whether the graph is all that calling the model does."""
        return type(self).call.__module__.startswith("kerata.")

    def _was_ready_for(self, batch: Batch, mode: str) -> bool:
        """Note the shapes of a batch; tell whether such a batch was the last one seen."""
        shapes = tuple(
            None if leaf is None else (leaf.shape[1:], leaf.dtype) for leaf in tree.flatten(batch)
        )
        seen = (shapes, mode, self._compile_metrics, self.built)
        if self._last_ready == seen and mode != "fit":
            return True
        self._last_ready = seen
        return False

    def _symbolic_outputs(self, x: Any) -> Any:
        """Call the model on symbolic inputs shaped like `x`: builds it and checks shapes."""
        inputs = tree.map_structure(_symbolic, x)
        return self(inputs, training=True) if self._takes_training() else self(inputs)

    def _takes_training(self) -> bool:
        accepted = type(self)._call_parameters()  # type: ignore[attr-defined]
        return "training" in accepted or "**" in accepted

    def _check_shape(self, x: np.ndarray) -> None:
        """Check the shape of one array against the model's input, if it is known."""
        if getattr(self, "_graph", None) is not None:
            try:
                self._arrange_inputs(x)  # type: ignore[attr-defined]
            except ValueError:
                self._make_ready(Batch(x), None, "predict")  # says what is wrong with the data
                raise

    def _validation(self, data: Any, batch_size: int | None, steps: int | None) -> Batches | None:
        if data is None:
            return None
        x, y, weights = unpack_validation_data(data)
        name = "validation_steps"
        batches = self._batches(x, y, weights, batch_size, steps, steps_name=name, seed=0)
        self._make_ready(batches.peek(), batches, "validation")
        return batches

    def _callbacks(
        self,
        callbacks: Any,
        verbose: Any,
        batches: Batches,
        epochs: int = 1,
        history: bool = True,
        seed: int | None = None,
    ) -> Any:
        from kerata.callbacks import CallbackList

        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks,
            add_history=history,
            add_progbar=verbose != 0,
            model=self,
            verbose=verbose,
            epochs=epochs,
            steps=batches.num_batches,
            seed=seed,
        )

    def _check_monitors(self, run: Any, validation: Batches | None) -> None:
        """Let callbacks that watch a metric object to names that will never appear."""
        if type(self).train_step is not Trainer.train_step:
            return
        names = self.metrics_names
        if validation is not None:
            names = [*names, *(f"val_{name}" for name in names)]
        run.check_monitors(names)


def _layers_metrics(model: Any) -> list[Any]:
    """Return the metrics that the model and its layers hold as attributes."""
    from kerata.layers.layer import Layer

    return Layer.metrics.__get__(model)


def _mean(name: str) -> Any:
    from kerata.metrics import Mean

    return Mean(name=name)


def _symbolic(array: Any) -> Any:
    if array is None:
        return None
    spec = array if isinstance(array, TensorSpec) else None
    shape = spec.shape if spec else (None, *array.shape[1:])
    dtype = spec.dtype if spec else ("string" if array.dtype.kind in "USTO" else array.dtype.name)
    return SymbolicTensor(shape, dtype)


def _value_now(log: Any) -> Any:
    """Return what a variable among the logs, such as a learning rate, holds after the step."""
    return log.value if isinstance(log, Variable) else log


def _separated(x: Any, y: Any) -> tuple[Any, Any]:
    """Return inputs and targets, also of `Examples`."""
    return (x.x, x.y) if isinstance(x, Examples) and y is None else (x, y)


def _batch_rows(x: Any) -> Any:
    """Return the number of samples in a batch, which weighs its loss in the epoch's mean."""
    leaves = [leaf for leaf in tree.flatten(x) if getattr(leaf, "shape", ())]
    return leaves[0].shape[0] if leaves else None


def _chunk_of(batch: Batch) -> Chunk:
    stacked = tree.map_structure(lambda leaf: None if leaf is None else leaf[None], batch)
    return Chunk(1, Batch(*stacked))


def _is_due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _check_names(loss: Any, metrics: Any, weighted_metrics: Any) -> None:
    """Raise for unknown names now, not when data come."""
    from kerata import losses as losses_module
    from kerata import metrics as metrics_module

    for name in tree.flatten(loss):
        if isinstance(name, str):
            losses_module.get(name)
    by_shape = ("accuracy", "acc", "crossentropy", "ce")
    for name in tree.flatten([metrics, weighted_metrics]):
        if isinstance(name, str) and name not in by_shape:
            metrics_module.get(name)


def _likely_loss(y: Any) -> str:
    """Guess a loss from targets, for the advice in an error."""
    dtype = getattr(y, "dtype", None)
    if dtype is None or getattr(dtype, "kind", "f") == "f":
        return "mse"
    values = np.unique(np.asarray(y)[:1000])
    return "binary_crossentropy" if len(values) <= 2 else "sparse_categorical_crossentropy"


