"""A model as one ONNX graph: raw columns in, labels, probabilities or intervals out."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from colonnade.errors import ModelError, UserError
from colonnade.exporting.agreement import Agreement, awkward_rows, compare
from colonnade.exporting.raw_inputs import (
    describe_inputs,
    example_tensors,
    typed_inputs,
    words_of,
)
from colonnade.exporting.whole_model import WholeModel
from colonnade.tables.features.transforms import CategoryColumn, DateColumn
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import onnx
    import pandas as pd

    from colonnade.tables.features.transforms import FittedColumn
    from colonnade.training.models.trained import TrainedModel

OPSET, ML_OPSET = 20, 3
_NEEDED = "Export to ONNX needs more packages: pip install 'colonnade[export]'."


def export_onnx(
    model: TrainedModel, rows: pd.DataFrame, path: Path, *, coverage: float
) -> Agreement:
    """Write the graph, run it by onnxruntime on a thousand rows, and keep it if it agrees.

    Args: rows: typed or raw, of which the check draws. coverage: of a number's interval, which is
        part of the graph.

    Raises: ModelError for what cannot be exported, by its name, or an answer that differs;
        UserError where packages are missing.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401 (torch's exporter needs it)
    except ImportError:
        raise UserError(_NEEDED) from None
    checked = awkward_rows(model.standardizer, rows)
    graph = _graph_of(model, coverage)
    try:
        answers = run_onnx(graph.SerializeToString(), model, checked[0])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
        # some functions, such as selu, it has for float32 alone
        graph = _graph_of(model, coverage, single=True)
        answers = run_onnx(graph.SerializeToString(), model, checked[0])
    agreement = compare(model, checked, answers, coverage)
    facts = {
        "target": model.standardizer.target,
        "task": model.standardizer.task,
        "table": model.table,
        "run": model.run,
        "inputs": describe_inputs(model.standardizer),
        "coverage": coverage,
        "check": {**agreement.document(), "onnxruntime": onnxruntime.__version__},
    }
    entry = graph.metadata_props.add()
    entry.key, entry.value = "colonnade", json.dumps(facts, ensure_ascii=False)
    with replaced_file(path) as stream:
        stream.write(graph.SerializeToString())
    compare(model, checked, run_onnx(path.read_bytes(), model, checked[0]), coverage)
    return agreement


def run_onnx(content: bytes, model: TrainedModel, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """What onnxruntime makes of rows, by output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    given = session.run(names, typed_inputs(model.standardizer, rows))
    return dict(zip(names, map(np.asarray, given), strict=True))


def _graph_of(model: TrainedModel, coverage: float, *, single: bool = False) -> onnx.ModelProto:
    import torch

    dtype = torch.float32 if single else torch.float64
    whole = WholeModel(model, model.half_width(coverage), dtype).eval()
    examples = example_tensors(model.standardizer, 3)
    rows = torch.export.Dim("rows")
    with traced(model), _quiet():
        program = torch.onnx.export(
            whole,
            examples,
            input_names=[f"cells_{i}" for i in range(len(examples))],
            output_names=_inner_outputs(model, whole),
            dynamic_shapes=(tuple({0: rows} for _ in examples),),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    with traced(model):
        return _named_graph(program.model_proto, model)


def _named_graph(proto: onnx.ModelProto, model: TrainedModel) -> onnx.ModelProto:
    """The graph with raw columns before it and answers after it."""
    import onnx

    graph = onnx.compose.add_prefix(proto, "net/")
    _put_words_before(graph, model)
    _put_labels_after(graph, model)
    graph.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    graph.producer_name = "colonnade"
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    return graph


def _inner_outputs(model: TrainedModel, whole: WholeModel) -> list[str]:
    if model.n_classes:
        return ["probabilities"]
    return ["prediction", "lower", "upper"] if whole.has_interval else ["prediction"]


@contextmanager
def traced(model: TrainedModel) -> Iterator[None]:
    """Say which network could not be turned into a graph, and why."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # of torch's tracer, which has no class of its own for all
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = str(cause).strip().partition("\n")[0]
        if "specialized it to be a constant" in str(cause) or "topologically" in str(cause):
            reason = "its code fixes the number of rows as it runs."
        raise ModelError(
            f"the network `model.kind: {model.model.kind}` cannot be exported: {reason}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from speaking of its own insides."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _put_words_before(graph: onnx.ModelProto, model: TrainedModel) -> None:
    """Name the inputs as the raw columns; words become codes."""
    from onnx import TensorProto, helper

    inputs, nodes = [], []
    for i, column in enumerate(model.standardizer.columns):
        inner, name, words = f"net/cells_{i}", column.name, words_of(column)
        if words is not None:
            nodes += _word_nodes(column, words, inner)
            kind = TensorProto.STRING
        else:
            nodes.append(helper.make_node("Identity", [name], [inner]))
            kind = TensorProto.INT64 if isinstance(column, DateColumn) else TensorProto.DOUBLE
        inputs.append(helper.make_tensor_value_info(name, kind, ["rows"]))
    kept = list(graph.graph.node)
    del graph.graph.node[:], graph.graph.input[:]
    graph.graph.node.extend([*nodes, *kept])
    graph.graph.input.extend(inputs)


def _word_nodes(column: FittedColumn, words: list[str], code: str) -> list[Any]:
    from onnx import helper

    other, codes = -1, list(range(len(words)))
    keys = list(words)
    if isinstance(column, CategoryColumn):
        other = len(words)
        if "" not in keys:  # an empty cell is missing
            keys, codes = [*keys, ""], [*codes, other + 1]
    return [
        helper.make_node(
            "LabelEncoder",
            [column.name],
            [code],
            domain="ai.onnx.ml",
            keys_strings=keys,
            values_int64s=codes,
            default_int64=other,
        )
    ]


def _put_labels_after(graph: onnx.ModelProto, model: TrainedModel) -> None:
    """Name the outputs; of classes the likeliest label comes beside the probabilities."""
    from onnx import TensorProto, helper

    outputs, rows = [], "rows"
    for output in list(graph.graph.output):
        name = output.name.removeprefix("net/")
        graph.graph.node.append(helper.make_node("Identity", [output.name], [name]))
        shape: list[Any] = [rows, model.n_classes] if model.n_classes else [rows]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape))
    classes = model.standardizer.classes
    if classes is not None:
        whole = isinstance(classes[0], int)
        kind = TensorProto.INT64 if whole else TensorProto.STRING
        values: Any = list(classes) if whole else [str(label).encode() for label in classes]
        graph.graph.initializer.append(
            helper.make_tensor("net/own/labels", kind, [len(values)], values)
        )
        graph.graph.node.extend(
            [
                *_deciding_nodes(graph, model),
                helper.make_node("Gather", ["net/own/labels", "net/own/code"], ["prediction"]),
            ]
        )
        outputs.insert(0, helper.make_tensor_value_info("prediction", kind, [rows]))
    del graph.graph.output[:]
    graph.graph.output.extend(outputs)


def _deciding_nodes(graph: onnx.ModelProto, model: TrainedModel) -> list[Any]:
    """From probabilities to "code": the likeliest class, or as the model's threshold decides."""
    from onnx import TensorProto, helper

    decision = model.facts.get("decision")
    if not decision:
        return [helper.make_node("ArgMax", ["probabilities"], ["net/own/code"], axis=1, keepdims=0)]
    positive = int(decision["positive"])
    constants = {
        "positive": (TensorProto.INT64, positive),
        "negative": (TensorProto.INT64, 1 - positive),
        "threshold": (TensorProto.DOUBLE, float(decision["threshold"])),
    }
    for name, (kind, value) in constants.items():
        graph.graph.initializer.append(helper.make_tensor(f"net/own/{name}", kind, [], [value]))
    return [
        helper.make_node(
            "Gather", ["probabilities", "net/own/positive"], ["net/own/share"], axis=1
        ),
        helper.make_node(
            "GreaterOrEqual", ["net/own/share", "net/own/threshold"], ["net/own/called"]
        ),
        helper.make_node(
            "Where", ["net/own/called", "net/own/positive", "net/own/negative"], ["net/own/code"]
        ),
    ]
