#!/usr/bin/env python3
"""Writes a model of what exporters leave in attention and convolutions; needs what make_models.py needs. Run it in this folder."""
import numpy as np
from onnx import TensorProto

from make_models import Model

LOWEST = np.float32(np.finfo(np.float32).min)


def causal(m, n):
    """A lower triangle of booleans, scattered into a constant as BLOOM's export does."""
    upper = m.node("Less", m.const(np.arange(n)[:, None]), m.const(np.arange(n)[None, :]))
    where = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), -1).astype(np.int64)
    hidden = m.node("ScatterND", m.const(np.zeros((n, n), bool)), m.const(where), upper)
    return m.node("Not", hidden)


def attention(m, x, heads, n, width, late):
    """Scores that are masked, then divided, then held above the lowest number (GPT-J, LLaMA of transformers 4.30)."""
    split = m.ints(n, heads, width)
    q, k, v = (m.node("Transpose", m.node("Reshape", m.node("MatMul", x, m.weight(heads * width, heads * width)), split), perm=[1, 0, 2]) for _ in range(3))
    scores = m.node("MatMul", q, m.node("Transpose", k, perm=[0, 2, 1]))
    scale, lowest = m.const(np.float32(np.sqrt(width))), m.const(LOWEST)
    if not late:
        scores = m.node("Div", scores, scale)
    scores = m.node("Where", causal(m, n), scores, lowest)
    if late:
        scores = m.node("Div", scores, scale)
    p = m.node("Softmax", m.node("Max", scores, lowest), axis=-1)
    p = m.node("Dropout", p, m.const(np.float32(0)), m.const(np.array(True)))
    mixed = m.node("Transpose", m.node("MatMul", p, v), perm=[1, 0, 2])
    return m.node("Add", x, m.node("Reshape", mixed, m.ints(n, heads * width)))


def exported():
    m = Model("exported", opset=14)
    n, heads, width = 6, 2, 8
    ids = m.input("ids", n, kind=TensorProto.INT64)
    image = m.input("image", 1, 3, 6, 6)
    m.whole["ids"] = (0, 12)
    # positions are counted among the ids that are not 0 (OPT, MPNet)
    kept = m.node("Cast", m.node("Not", m.node("Equal", ids, m.const(np.int64(0)))), to=TensorProto.INT64)
    position = m.node("Mul", m.node("CumSum", kept, m.const(np.int64(0))), kept)
    x = m.node("Add", m.node("Gather", m.weight(12, 16, scale=1), ids), m.node("Gather", m.weight(7, 16, scale=1), position))
    x = attention(m, attention(m, x, heads, n, width, True), heads, n, width, False)
    # a constant of several matrices on either side
    rows = m.node("Reshape", x, m.ints(2, 3, 16))
    left = m.node("MatMul", m.weight(2, 4, 3), rows)
    both = m.node("MatMul", left, m.weight(2, 16, 5))
    # weights that are standardised by a batch normalisation in training mode (timm's ScaledStdConv2d)
    flat = m.node("Reshape", m.weight(4, 3, 3, 3), m.ints(1, 4, 27))
    gain, zero, one = m.const(np.linspace(0.2, 0.3, 4).astype(np.float32)), m.const(np.zeros(4, np.float32)), m.const(np.ones(4, np.float32))
    standard = m.node("BatchNormalization", flat, gain, zero, zero, one, epsilon=1e-6, training_mode=1)
    m.nodes[-1].output.extend(["mean", "variance"])
    y = m.node("Conv", image, m.node("Reshape", standard, m.ints(4, 3, 3, 3)), pads=[1, 1, 1, 1])
    # a computed mask from which scores are taken away
    hidden = m.node("Mul", m.node("Cast", m.node("Not", m.node("Cast", kept, to=TensorProto.BOOL)), to=TensorProto.FLOAT), m.const(LOWEST))
    score = m.node("Squeeze", m.node("MatMul", x, m.weight(16, 1, scale=0.05)), m.ints(1))
    m.save(both, m.node("Relu", y), m.node("Softmax", m.node("Sub", hidden, score), axis=-1), low=-1, high=1)


def windows():
    """Attention inside windows of an image, which lie in six axes (Swin)."""
    m = Model("windows", opset=14)
    x = m.input("x", 8, 8, 8)
    rows = m.node("Transpose", m.node("Reshape", x, m.ints(2, 4, 2, 4, 8)), perm=[0, 2, 1, 3, 4])
    qkv = m.node("MatMul", m.node("Reshape", rows, m.ints(4, 16, 8)), m.weight(8, 24))
    parts = m.node("Transpose", m.node("Reshape", qkv, m.ints(4, 16, 3, 2, 4)), perm=[2, 0, 3, 1, 4])
    q, k, v = (m.node("Gather", parts, m.const(np.int64(i)), axis=0) for i in range(3))
    p = m.node("Softmax", m.node("MatMul", q, m.node("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
    mixed = m.node("Reshape", m.node("Transpose", m.node("MatMul", p, v), perm=[0, 2, 1, 3]), m.ints(4, 16, 8))
    y = m.node("Reshape", m.node("MatMul", mixed, m.weight(8, 8)), m.ints(2, 2, 4, 4, 8))
    m.save(m.node("Reshape", m.node("Transpose", y, perm=[0, 2, 1, 3, 4]), m.ints(8, 8, 8)))


if __name__ == "__main__":
    exported()
    windows()
