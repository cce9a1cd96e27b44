"""Transformers in the shape of published ones, for make.py: blocks as PyTorch exports them (opset 17), random weights.

The input is the embedded sequence (1, tokens, width), positions added; with a vocabulary (`embed`) it is the tokens' ids.
"""
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Transformer:
    """A stack of blocks that grows; `last` is the name of the last value, of shape (1, tokens, width)."""

    def __init__(self, name, tokens, width, heads, seed):
        self.name, self.tokens, self.width, self.heads = name, tokens, width, heads
        self.rng = np.random.default_rng([seed, sum(name.encode())])
        self.nodes, self.weights, self.last, self.shape = [], [], "input", [1, tokens, width]
        self.vocabulary = None

    def embed(self, vocabulary):
        """Ids in, looked up in a table, positions added."""
        self.vocabulary = vocabulary
        table = self.rng.standard_normal((vocabulary, self.width), dtype=np.float32)
        places = self.rng.standard_normal((1, self.tokens, self.width), dtype=np.float32) / 2
        self.last = self.add("Add", self.add("Gather", self.constant(table), "input", axis=0), self.constant(places))
        return self

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op.lower()}{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values, kind=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def dense(self, x, rows, columns, scale=1.0):
        weight = self.rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(scale / np.sqrt(rows))
        bias = self.constant(self.rng.uniform(-0.05, 0.05, columns))
        return self.add("Add", self.add("MatMul", x, self.constant(weight)), bias)

    def norm(self, x):
        scale, bias = self.rng.uniform(0.8, 1.2, self.width), self.rng.uniform(-0.1, 0.1, self.width)
        return self.add("LayerNormalization", x, self.constant(scale), self.constant(bias), axis=-1)

    def gelu(self, x, tanh):
        """As exporters write it out."""
        half = self.constant(0.5)
        if tanh:
            cube = self.add("Mul", self.constant(0.044715), self.add("Pow", x, self.constant(3.0)))
            inner = self.add("Mul", self.constant(np.sqrt(2 / np.pi)), self.add("Add", x, cube))
            rest = self.add("Add", self.constant(1.0), self.add("Tanh", inner))
            return self.add("Mul", self.add("Mul", half, x), rest)
        erf = self.add("Erf", self.add("Div", x, self.constant(np.sqrt(2))))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.constant(1.0))), half)

    def attention(self, x, causal):
        """GPT-2 has one projection for all three, BERT one for each."""
        size, tokens, heads = self.width // self.heads, self.tokens, self.heads
        if causal:
            joint = self.dense(x, self.width, 3 * self.width)
            parts = self.add("Split", joint, self.ints(*[self.width] * 3), outputs=3, axis=2)
        else:
            parts = [self.dense(x, self.width, self.width) for _ in range(3)]
        split = self.ints(1, tokens, heads, size)
        q, k, v = (self.add("Transpose", self.add("Reshape", part, split), perm=[0, 2, *last])
                   for part, last in zip(parts, ([1, 3], [3, 1], [1, 3])))
        scores = self.add("Mul", self.add("MatMul", q, k), self.constant(1 / np.sqrt(size)))
        if causal:
            later = self.constant(np.triu(np.ones((1, 1, tokens, tokens), bool), 1), bool)
            scores = self.add("Where", later, self.constant(-np.inf), scores)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), v)
        joined = self.add("Reshape", self.add("Transpose", mixed, perm=[0, 2, 1, 3]), self.ints(1, tokens, self.width))
        return self.dense(joined, self.width, self.width, 0.5)

    def feed_forward(self, x, tanh):
        return self.dense(self.gelu(self.dense(x, self.width, 4 * self.width), tanh), 4 * self.width, self.width, 0.5)

    def decoder_block(self):
        """GPT-2's: normalised before."""
        self.last = self.add("Add", self.last, self.attention(self.norm(self.last), True))
        self.last = self.add("Add", self.last, self.feed_forward(self.norm(self.last), True))
        return self

    def encoder_block(self):
        """BERT's: normalised after."""
        self.last = self.norm(self.add("Add", self.last, self.attention(self.last, False)))
        self.last = self.norm(self.add("Add", self.last, self.feed_forward(self.last, False)))
        return self

    def head(self, classes, last_token_only=False):
        x = self.norm(self.last)
        if last_token_only:
            bounds = self.ints(self.tokens - 1), self.ints(self.tokens), self.ints(1)
            x, self.shape = self.add("Slice", x, *bounds), [1, 1, self.width]
        weight = self.rng.standard_normal((self.width, classes), dtype=np.float32) / np.float32(np.sqrt(self.width))
        self.last, self.shape = self.add("MatMul", x, self.constant(weight)), [*self.shape[:2], classes]
        return self

    def num_parameters(self):
        return sum(int(np.prod(weight.dims)) for weight in self.weights)

    def write(self, folder, num_samples=4):
        folder.mkdir(parents=True, exist_ok=True)
        given = [1, self.tokens] if self.vocabulary else [1, self.tokens, self.width]
        io = [helper.make_tensor_value_info(name, kind, shape)
              for name, kind, shape in (("input", TensorProto.INT64 if self.vocabulary else TensorProto.FLOAT, given),
                                        (self.last, TensorProto.FLOAT, self.shape))]
        graph = helper.make_graph(self.nodes, self.name, io[:1], io[1:], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mintmark-bench")
        model.ir_version = 8
        onnx.save(model, str(folder / "network.onnx"))
        if self.vocabulary:
            samples = self.rng.integers(0, self.vocabulary, (num_samples, self.tokens))
        else:
            samples = self.rng.standard_normal((num_samples, self.tokens * self.width)).round(4)
        for name, rows in (("samples.json", samples), ("input.json", samples[:1])):
            (folder / name).write_text(json.dumps({"input_data": rows.tolist()}))


def nano_gpt(seed):
    """minGPT's gpt-nano with ezkl's sizes: 4 layers, 4 heads, 64 dims, 64 tokens, 65 characters."""
    net = Transformer("nano-gpt", 64, 64, 4, seed)
    for _ in range(4):
        net.decoder_block()
    return net.head(65)


def nano_gpt_ids(seed):
    """The same with ids as input."""
    net = Transformer("nano-gpt-ids", 64, 64, 4, seed).embed(65)
    for _ in range(4):
        net.decoder_block()
    return net.head(65)


def mini_lm(seed):
    """all-MiniLM-L6-v2's encoder."""
    net = Transformer("mini-lm", 32, 384, 12, seed)
    for _ in range(6):
        net.encoder_block()
    return net


def gpt2(seed):
    """GPT-2 124M's blocks; the head's 50,257 classes for the last token only."""
    net = Transformer("gpt2", 64, 768, 12, seed)
    for _ in range(12):
        net.decoder_block()
    return net.head(50257, last_token_only=True)
