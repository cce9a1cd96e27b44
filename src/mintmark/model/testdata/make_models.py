#!/usr/bin/env python3
"""Writes the small ONNX models of this folder and, beside each, inputs with ONNX Runtime's outputs.

Needs the Python packages onnx 1.17, onnxruntime and numpy; the results are committed, so building
and testing Mintmark needs none of them. Run it in this folder; make_bad.py writes what must be refused.
"""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SAMPLES = 24


class Model:
    """One graph under construction; node() returns the output's name."""

    def __init__(self, name, opset=13, ir=8):
        self.name, self.opset, self.ir = name, opset, ir
        self.rng = np.random.default_rng(sum(map(ord, name)))
        self.nodes, self.inits, self.inputs, self.outputs, self.shapes = [], [], [], [], {}
        self.kinds, self.whole = {}, {}  # element types; [low, high) of inputs that are integers

    def input(self, name, *shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        self.shapes[name], self.kinds[name] = shape, kind
        return name

    def node(self, op, *inputs, **attributes):
        out = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], name=f"{op}_{len(self.nodes)}",
                                           **attributes))
        return out

    def const(self, array, typed=False):
        array = np.asarray(array)
        name = f"c{len(self.inits)}"
        if typed:
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            self.inits.append(helper.make_tensor(name, kind, array.shape, array.flatten().tolist()))
        else:
            self.inits.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape, scale=None, dtype=np.float32, typed=False):
        fan = np.prod(shape[1:]) if len(shape) > 1 else 4
        scale = scale or 1 / np.sqrt(fan)
        return self.const(self.rng.normal(0, scale, shape).astype(dtype), typed)

    def ints(self, *values):
        return self.const(np.array(values, dtype=np.int64))

    def sample(self, name, shape, low, high, grid):
        dims = [2 if isinstance(d, str) else d for d in shape]
        if self.kinds[name] != TensorProto.FLOAT:
            kind = helper.tensor_dtype_to_np_dtype(self.kinds[name])
            return self.rng.integers(*self.whole.get(name, (0, 2)), dims).astype(kind)
        x = self.rng.uniform(low, high, dims).astype(np.float32)
        return (np.floor(x / grid) * grid + grid / 3).astype(np.float32) if grid else x

    def save(self, *outputs, low=-2.0, high=2.0, grid=None, kinds=(), functions=()):
        """With a grid samples lie a third of it above its points: away from the ties of comparisons."""
        kinds = [*kinds, *[TensorProto.FLOAT] * (len(outputs) - len(kinds))]
        infos = [helper.make_tensor_value_info(o, k, None) for o, k in zip(outputs, kinds)]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, infos, self.inits)
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in {f.domain for f in functions}]
        if any(n.domain for n in self.nodes) and not functions:
            opsets.append(helper.make_opsetid("ai.onnx.ml", 1))
        model = helper.make_model(graph, opset_imports=opsets,
                                  ir_version=self.ir, producer_name="make_models.py", functions=list(functions))
        path = pathlib.Path(f"{self.name}.onnx")
        path.write_bytes(model.SerializeToString())
        session = onnxruntime.InferenceSession(str(path))
        samples, results = [], []
        for _ in range(SAMPLES):
            feed = {n: self.sample(n, s, low, high, grid) for n, s in self.shapes.items()}
            out = session.run(None, feed)
            samples.append([[round(float(x), 7) for x in feed[n].flatten()] for n in self.shapes])
            results.append([[float(f"{x:.7g}") for x in o.flatten()] for o in out])
        pathlib.Path(f"{self.name}.json").write_text(
            json.dumps({"samples": samples, "outputs": results}, separators=(",", ":")) + "\n")


def mlp():
    m = Model("mlp", opset=9, ir=3)
    x = m.input("x", "batch", 6)
    h = m.node("Relu", m.node("Gemm", x, m.weight(9, 6), m.weight(9), transB=1))
    h = m.node("LeakyRelu", m.node("Gemm", h, m.weight(9, 7), m.weight(1, 7), alpha=0.5, beta=2.0),
               alpha=0.125)
    h = m.node("Dropout", h)
    m.save(m.node("Identity", m.node("Gemm", h, m.weight(4, 7), m.weight(4), transB=1)))


def cnn():
    m = Model("cnn", opset=13)
    x = m.input("x", "batch", 2, 9, 8)
    h = m.node("Conv", x, m.weight(5, 2, 3, 3), m.weight(5), pads=[1, 1, 1, 1])
    h = m.node("BatchNormalization", h, m.const(m.rng.uniform(0.1, 3, 5).astype(np.float32)),
               m.weight(5), m.weight(5), m.const(m.rng.uniform(0.05, 2, 5).astype(np.float32)))
    h = m.node("MaxPool", m.node("Relu", h), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    h = m.node("Conv", h, m.weight(6, 5, 3, 2), m.weight(6), strides=[2, 1],
               auto_pad="SAME_UPPER")
    h = m.node("Relu", m.node("AveragePool", h, kernel_shape=[2, 2], pads=[0, 1, 1, 0]))
    h = m.node("Gemm", m.node("Flatten", h), m.weight(72, 5, scale=0.2), m.weight(5))
    m.save(h)


def groups():
    m = Model("groups", opset=17)
    x = m.input("x", 1, 4, 7, 7)
    h = m.node("Conv", x, m.weight(8, 1, 3, 3), m.weight(8), group=4, dilations=[2, 2])
    h = m.node("LeakyRelu", h, alpha=0.2)
    h = m.node("Conv", h, m.weight(6, 4, 1, 1), group=2)
    h = m.node("Sigmoid", m.node("AveragePool", h, kernel_shape=[2, 2], pads=[1, 1, 0, 0],
                                 count_include_pad=1))
    m.save(m.node("GlobalAveragePool", h))


def conv1d():
    m = Model("conv1d", opset=21, ir=10)
    x = m.input("x", 1, 3, 17)
    h = m.node("Conv", x, m.weight(4, 3, 5), m.weight(4), strides=[2], pads=[2, 1], dilations=[1])
    h = m.node("Tanh", h)
    h = m.node("MaxPool", h, kernel_shape=[3], strides=[2], pads=[1, 1])
    h = m.node("Transpose", h, perm=[0, 2, 1])
    h = m.node("MatMul", h, m.weight(4, 6, scale=0.5))
    m.save(m.node("Add", h, m.weight(6)))


def layout():
    m = Model("layout", opset=18)
    x = m.input("x", 1, 3, 4, 5)
    a = m.node("Slice", x, m.ints(1, -4), m.ints(2**60, -1), m.ints(3, 2), m.ints(2, 1))
    b = m.node("Pad", a, m.ints(1, 0, 0, 1), m.const(np.float32(0.75)), m.ints(2, -1))
    c = m.node("Transpose", b, perm=[0, 1, 3, 2])
    d = m.node("Concat", c, c, m.node("LeakyRelu", c, alpha=0.5), axis=-2)
    e = m.node("Squeeze", d, m.ints(0))
    f = m.node("Unsqueeze", e, m.ints(0, 2))
    m.save(m.node("Reshape", f, m.ints(0, -1, 2)))


def residual():
    m = Model("residual", opset=12)
    x = m.input("x", 1, 4, 6, 6)
    h = m.node("Relu", m.node("Conv", x, m.weight(4, 4, 3, 3), m.weight(4), pads=[1] * 4))
    h = m.node("Add", m.node("Conv", h, m.weight(4, 4, 3, 3), pads=[1] * 4), x)
    h = m.node("Mul", h, m.const(m.rng.uniform(0.2, 2, (4, 1, 1)).astype(np.float32)))
    h = m.node("Sub", h, m.node("Div", x, m.const(np.float32(4))))
    m.save(m.node("Relu", h))


def scalars():
    m = Model("scalars", opset=14)
    x = m.input("x", 2, 5)
    h = m.node("Sub", m.const(np.float32(1)), m.node("Mul", x, m.const(np.float32(-3))))
    h = m.node("Add", h, m.const(m.rng.normal(0, 1, 5).astype(np.float64).astype(np.float32)))
    m.save(m.node("Tanh", m.node("Div", h, m.const(np.float32(2)))))


def square():
    m = Model("square", opset=10, ir=5)
    x = m.input("x", 1, 2, 6, 6)
    h = m.node("Conv", x, m.weight(3, 2, 3, 3), m.weight(3))
    h = m.node("Add", m.node("Mul", h, h), h)
    h = m.node("AveragePool", h, kernel_shape=[2, 2], strides=[2, 2])
    m.save(m.node("Gemm", m.node("Flatten", h), m.weight(12, 3), m.weight(3)))


def two_inputs():
    m = Model("two_inputs", opset=13)
    a, b = m.input("a", 1, 4), m.input("b", 1, 3, 2)
    h = m.node("Concat", a, m.node("Flatten", b), axis=1)
    h = m.node("Relu", m.node("Gemm", h, m.weight(10, 8), m.weight(8)))
    m.save(m.node("Gemm", h, m.weight(8, 3), m.weight(3)), m.node("Sigmoid", a))


def shapes():
    """Reshape as torch exports x.view(x.size(0), -1): Shape, Gather, Unsqueeze, Concat."""
    m = Model("shapes", opset=11, ir=6)
    x = m.input("x", "batch", 2, 3)
    n = m.node("Gather", m.node("Shape", x), m.const(np.int64(0)), axis=0)
    n = m.node("Unsqueeze", n, axes=[0])
    minus = m.node("Constant", value=helper.make_tensor("v", TensorProto.INT64, [1], [-1]))
    h = m.node("Reshape", x, m.node("Concat", n, minus, axis=0))
    w = m.node("Transpose", m.weight(4, 6), perm=[1, 0])
    m.save(m.node("Relu", m.node("MatMul", h, w)))


def attention():
    m = Model("attention", opset=13)
    x = m.input("x", 1, 4, 6)
    q, k = m.node("MatMul", x, m.weight(6, 5)), m.node("MatMul", x, m.weight(6, 5))
    s = m.node("Sigmoid", m.node("MatMul", q, m.node("Transpose", k, perm=[0, 2, 1])))
    m.save(m.node("MatMul", s, m.node("MatMul", x, m.weight(6, 3))))


def half():
    m = Model("half", opset=16)
    x = m.input("x", 1, 5)
    w = m.node("Cast", m.weight(5, 4, dtype=np.float16), to=TensorProto.FLOAT)
    b = m.node("Cast", m.weight(4, dtype=np.float64, typed=True), to=TensorProto.FLOAT)
    h = m.node("Relu", m.node("Add", m.node("MatMul", x, w), b))
    c = m.const(np.array([2, -1, 3, 1], dtype=np.int32), typed=True)
    m.save(m.node("Mul", h, m.node("Cast", c, to=TensorProto.FLOAT)))


def deep():
    m = Model("deep", opset=15)
    h = m.input("x", 1, 1, 12, 12)
    channels = 1
    for out in (4, 4, 6, 6):
        h = m.node("Relu", m.node("Conv", h, m.weight(out, channels, 3, 3, scale=0.5),
                                  m.weight(out, scale=0.2), pads=[1] * 4))
        channels = out
    h = m.node("MaxPool", h, kernel_shape=[3, 3], strides=[3, 3])
    h = m.node("Relu", m.node("Gemm", m.node("Flatten", h), m.weight(96, 20, scale=0.15),
                              m.weight(20)))
    m.save(m.node("Tanh", m.node("Gemm", h, m.weight(20, 5, scale=0.03), m.weight(5, scale=0.1))))


def logic():
    m = Model("logic", opset=16)
    x, y = m.input("x", 2, 6), m.input("y", 1, 6)
    c = [m.const(np.array(v, dtype=np.float32)) for v in (0.5, -0.75, 1.25)]
    between = m.node("And", m.node("Greater", x, c[1]), m.node("Not", m.node("GreaterOrEqual", x, c[0])))
    other = m.node("Xor", m.node("LessOrEqual", y, c[2]), m.node("Or", between, m.node("Less", x, c[1])))
    high, low = m.node("Max", x, y, c[1]), m.node("Min", x, y)
    chosen = m.node("Where", between, high, low)
    slope = m.const(np.array([0.1, 0.2, 0.3, 0.5, -0.25, 0], dtype=np.float32))
    mean = m.node("Mean", m.node("PRelu", x, slope), y, high)
    m.save(m.node("Sum", m.node("Where", other, chosen, mean), mean), m.node("Cast", other, to=TensorProto.FLOAT),
           grid=0.25)


def functions():
    m = Model("functions", opset=20)
    x = m.input("x", 1, 8)
    h = m.node("Gelu", m.node("Add", m.node("MatMul", x, m.weight(8, 6)), m.weight(6)))
    h = m.node("Softplus", m.node("MatMul", m.node("HardSwish", h), m.weight(6, 6)))
    logs = m.node("Log", m.node("Add", h, m.const(np.array(0.5, dtype=np.float32))))
    roots = m.node("Sqrt", m.node("Exp", m.node("Clip", logs, m.const(np.array(-1, dtype=np.float32)),
                                                m.const(np.array(1, dtype=np.float32)))))
    m.save(m.node("Mul", m.node("Sin", roots), m.node("Elu", m.node("MatMul", x, m.weight(8, 6)))))


def moves():
    m = Model("moves", opset=16)
    x = m.input("x", "batch", 4, 6)
    picked = m.node("Gather", x, m.ints(5, 0, 0, -2), axis=2)
    strided = m.node("Gather", x, m.ints(1, 3, 5), axis=2)
    one = m.node("Gather", x, m.const(np.array(2, dtype=np.int64)), axis=1)
    back = m.node("Slice", x, m.ints(-1), m.ints(-7), m.ints(2), m.ints(-2))
    rows = np.arange(2 * 2 * 6).reshape(2, 2, 6) % 4
    elements = m.node("GatherElements", x, m.const(rows.astype(np.int64)), axis=1)
    tuples = m.node("GatherND", x, m.const(np.array([[[3, 0], [1, 5]], [[0, 0], [2, 2]]])),
                    batch_dims=1)
    total = m.node("Concat", picked, strided, back, axis=2)
    tiled = m.node("Tile", one, m.ints(1, 2))
    widened = m.node("Expand", m.node("Unsqueeze", one, m.ints(1)), m.ints(2, 3, 6))
    low = m.node("Trilu", x, upper=0)
    summed = m.node("CumSum", x, m.const(np.array(2, dtype=np.int64)), reverse=1)
    labelled = m.node("Concat", m.const(np.full((2, 1, 6), 0.5, np.float32)), x, low, axis=1)
    kept = m.node("Compress", x, m.const(np.array([True, False, False, True])), axis=1)
    m.save(total, elements, tuples, tiled, widened, low, summed, labelled, kept)


def scatters():
    m = Model("scatters", opset=16)
    x = m.input("x", 3, 4)
    y = m.input("y", 2, 4)
    rows = m.node("ScatterND", x, m.const(np.array([[2], [0]])), y)
    added = m.node("ScatterND", x, m.const(np.array([[1], [0]])), y, reduction="add")
    at = np.array([[0, 1, 2, 0], [2, 0, 1, 1]])
    elements = m.node("ScatterElements", x, m.const(at), y, axis=0)
    m.save(rows, added, elements)


def blocks():
    m = Model("blocks", opset=13)
    x = m.input("x", 1, 8, 2, 4)
    deep = m.node("DepthToSpace", x, blocksize=2)
    columns = m.node("DepthToSpace", x, blocksize=2, mode="CRD")
    wide = m.node("SpaceToDepth", x, blocksize=2)
    pads = m.ints(0, 0, 1, 2, 0, 0, 1, 1)
    mirrored = m.node("Pad", x, pads, mode="reflect")
    edges = m.node("Pad", x, pads, mode="edge")
    cropped = m.node("Pad", x, m.ints(0, 0, 0, -1, 0, 0, 1, -1))
    m.save(deep, columns, wide, mirrored, edges, cropped)


def reductions():
    m = Model("reductions", opset=13)
    x = m.input("x", "batch", 3, 4, 5)
    outs = [m.node("ReduceSum", x, m.ints(1, 3), keepdims=0),
            m.node("ReduceMean", x, axes=[-1]), m.node("ReduceMax", x, axes=[0, 2]),
            m.node("ReduceMin", x, axes=[1], keepdims=0), m.node("ReduceL1", x, axes=[2]),
            m.node("ReduceProd", x, axes=[1]), m.node("ReduceSumSquare", x, axes=[3]),
            m.node("GlobalMaxPool", x)]
    m.save(*outs, low=-1.5, high=1.5)


def norms():
    m = Model("norms", opset=17)
    x = m.input("x", "batch", 6, 3, 4)
    layer = m.node("LayerNormalization", x, m.weight(3, 4), m.weight(3, 4), axis=-2)
    instance = m.node("InstanceNormalization", x, m.weight(6), m.weight(6))
    flat = m.node("Reshape", x, m.ints(2, 3, 8, 3))
    variance = m.node("ReduceMean", m.node("Pow", flat, m.const(np.float32(2))), axes=[-1])
    root = m.node("Sqrt", m.node("Add", variance, m.const(np.float32(1e-6))))
    rms = m.node("Mul", m.node("Div", flat, root), m.weight(3))
    m.save(layer, instance, m.node("MeanVarianceNormalization", x), rms, m.node("LRN", x, size=3, alpha=0.5),
           m.node("LpNormalization", x, axis=1), m.node("LpNormalization", x, axis=2, p=1))


def softmaxes():
    m = Model("softmaxes", opset=13)
    x = m.input("x", "batch", 5, 9)
    m.save(m.node("Softmax", x), m.node("Softmax", x, axis=1), m.node("LogSoftmax", x),
           m.node("ReduceLogSumExp", x, axes=[1, 2]), low=-4, high=4)


def roots():
    m = Model("roots", opset=11)
    x = m.input("x", "batch", 4, 6, 5)
    square = m.node("Add", m.node("Mul", x, x), m.const(np.float32(0.25)))
    quotient = m.node("Div", m.node("ReduceSum", x, axes=[1]), m.node("ReduceMean", square, axes=[1]))
    m.save(m.node("ReduceL2", x, axes=[1]), m.node("ReduceLogSum", square, axes=[3], keepdims=0), quotient,
           m.node("LpPool", x, kernel_shape=[2, 3], pads=[1, 0, 0, 1], strides=[2, 1]), m.node("GlobalLpPool", x),
           m.node("Softmax", x, axis=2), m.node("Reciprocal", m.node("Sqrt", square)))


def decoder():
    """Llama's block: RMSNorm, rotary positions, one shared key head with a cache, causal mask, SwiGLU."""
    m = Model("decoder", opset=13)
    tokens, heads, size, past = 5, 2, 4, 2
    x = m.input("x", 1, tokens, 8)
    cache = m.input("past", 1, 1, past, size)
    two, eps = m.const(np.float32(2)), m.const(np.float32(1e-5))

    def rms(h):
        mean = m.node("ReduceMean", m.node("Pow", h, two), axes=[-1])
        return m.node("Mul", m.node("Div", h, m.node("Sqrt", m.node("Add", mean, eps))), m.weight(8))

    def rotated(h, start):
        angle = np.outer(np.arange(start, start + tokens), [1, 0.1, 1, 0.1])
        first, second = (m.node("Slice", h, m.ints(a), m.ints(a + 2), m.ints(3)) for a in (0, 2))
        turned = m.node("Concat", m.node("Neg", second), first, axis=3)
        sine, cosine = (m.const(f(angle).astype(np.float32)) for f in (np.sin, np.cos))
        return m.node("Add", m.node("Mul", h, cosine), m.node("Mul", turned, sine))

    def split(h, count):
        return m.node("Transpose", m.node("Reshape", h, m.ints(1, tokens, count, size)), perm=[0, 2, 1, 3])

    h = rms(x)
    q = rotated(split(m.node("MatMul", h, m.weight(8, 8, scale=0.4)), heads), past)
    k = rotated(split(m.node("MatMul", h, m.weight(8, 4, scale=0.4)), 1), past)
    keys = m.node("Expand", m.node("Concat", cache, k, axis=2), m.ints(1, heads, past + tokens, size))
    scores = m.node("Mul", m.node("MatMul", q, m.node("Transpose", keys, perm=[0, 1, 3, 2])), m.const(np.float32(0.5)))
    seen = np.tril(np.ones((tokens, past + tokens), bool), past)
    scores = m.node("Where", m.const(seen, typed=True), scores, m.const(np.float32(-np.inf)))
    mixed = m.node("Transpose", m.node("MatMul", m.node("Softmax", scores), keys), perm=[0, 2, 1, 3])
    x = m.node("Add", x, m.node("MatMul", m.node("Reshape", mixed, m.ints(1, tokens, 8)), m.weight(8, 8)))
    h = rms(x)
    gate = m.node("MatMul", h, m.weight(8, 12))
    gate = m.node("Mul", m.node("Mul", gate, m.node("Sigmoid", gate)), m.node("MatMul", h, m.weight(8, 12)))
    m.save(m.node("Add", x, m.node("MatMul", gate, m.weight(12, 8))))


def encoder():
    """BERT's block with a computed padding mask, an added constant bias and Gelu written out."""
    m = Model("encoder", opset=17)
    x = m.input("x", 1, 6, 8)
    known = m.input("known", 1, 1, 1, 6)
    one = m.const(np.float32(1))
    mask = m.node("Cast", m.node("Greater", known, m.const(np.float32(-1))), to=TensorProto.FLOAT)
    mask = m.node("Mul", m.node("Sub", one, mask), m.const(np.float32(-10000)))

    def dense(h, rows, columns):
        return m.node("Add", m.node("MatMul", h, m.weight(rows, columns, scale=rows ** -0.5)), m.weight(columns))

    def split(h):
        return m.node("Transpose", m.node("Reshape", h, m.ints(1, 6, 2, 4)), perm=[0, 2, 1, 3])

    def norm(h):
        return m.node("LayerNormalization", h, m.weight(8), m.weight(8))

    q, k, v = (split(dense(x, 8, 8)) for _ in range(3))
    scores = m.node("Div", m.node("MatMul", q, m.node("Transpose", k, perm=[0, 1, 3, 2])), m.const(np.float32(2)))
    distance = -np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0))) / 4
    distance[distance < -1] = -np.inf
    scores = m.node("Add", m.node("Add", scores, mask), m.const(distance.astype(np.float32)))
    mixed = m.node("Transpose", m.node("MatMul", m.node("Softmax", scores), v), perm=[0, 2, 1, 3])
    h = norm(m.node("Add", x, dense(m.node("Reshape", mixed, m.ints(1, 6, 8)), 8, 8)))
    wide = dense(h, 8, 16)
    erf = m.node("Erf", m.node("Div", wide, m.const(np.float32(np.sqrt(2)))))
    gelu = m.node("Mul", m.node("Mul", wide, m.node("Add", erf, one)), m.const(np.float32(0.5)))
    m.save(norm(m.node("Add", h, dense(gelu, 16, 8))))


def upsample():
    m = Model("upsample", opset=13)
    x = m.input("x", 1, 4, 3, 5)
    up = m.node("ConvTranspose", x, m.weight(4, 3, 3, 3), m.weight(6), strides=[2, 3],
                pads=[1, 0, 1, 2], output_padding=[1, 0], group=2)
    plain = m.node("ConvTranspose", x, m.weight(4, 2, 2, 2), dilations=[2, 1])
    scales = m.const(np.array([1, 1, 2, 2], np.float32))
    near = m.node("Resize", x, "", scales, mode="nearest", nearest_mode="floor",
                  coordinate_transformation_mode="asymmetric")
    linear = m.node("Resize", x, "", scales, mode="linear")
    corner = m.node("Resize", x, "", "", m.ints(1, 4, 5, 3), mode="linear",
                    coordinate_transformation_mode="align_corners")
    cubic = m.node("Resize", x, "", scales, mode="cubic")
    m.save(up, plain, near, linear, corner, cubic)


def recurrent():
    m = Model("recurrent", opset=14)
    x = m.input("x", 2, 1, 4)
    start = m.input("h", 2, 1, 3)
    weights = lambda directions, gates: (m.weight(directions, gates * 3, 4),
                                         m.weight(directions, gates * 3, 3),
                                         m.weight(directions, gates * 6, scale=0.3))
    lstm = m.node("LSTM", x, *weights(2, 4), "", start, hidden_size=3, direction="bidirectional")
    gru = m.node("GRU", x, *weights(1, 3), hidden_size=3, linear_before_reset=1)
    reset = m.node("GRU", x, *weights(1, 3), hidden_size=3, direction="reverse")
    rnn = m.node("RNN", x, *weights(2, 1), "", start, hidden_size=3, direction="bidirectional",
                 activations=["Tanh", "Relu"])
    m.save(lstm, gru, reset, rnn, low=-1, high=1)


def einsum():
    m = Model("einsum", opset=13)
    x = m.input("x", 2, 3, 4)
    y = m.input("y", 2, 5, 4)
    scores = m.node("Einsum", x, y, equation="bqd,bkd->bqk")
    turned = m.node("Einsum", x, equation="abc->cb")
    outer = m.node("Einsum", x, m.weight(4, 2, 3), equation="bid,dhk->hbik")
    sums = m.node("Einsum", x, y, equation="bqd, bkd -> db")
    wide = m.node("MatMul", m.node("Unsqueeze", x, m.ints(1)),
                  m.node("Transpose", m.node("Unsqueeze", y, m.ints(0)), perm=[0, 1, 3, 2]))
    m.save(scores, turned, outer, sums, wide, low=-1, high=1)


def volumes():
    """Windows over three axes."""
    m = Model("volumes", opset=17)
    x = m.input("x", 1, 4, 5, 4, 3)
    conv = m.node("Conv", x, m.weight(6, 2, 3, 2, 2), m.weight(6), group=2, strides=[2, 1, 1],
                  pads=[1, 0, 1, 2, 1, 0], dilations=[1, 2, 1])
    up = m.node("ConvTranspose", x, m.weight(4, 2, 2, 3, 2), strides=[2, 1, 2], pads=[0, 1, 0, 1, 0, 1])
    top = m.node("MaxPool", x, kernel_shape=[2, 2, 2], strides=[2, 1, 1], pads=[1, 0, 0, 0, 1, 1])
    mean = m.node("AveragePool", x, kernel_shape=[3, 2, 2], strides=[1, 2, 1], pads=[1, 1, 0, 1, 0, 1],
                  count_include_pad=1)
    inner = m.node("AveragePool", x, kernel_shape=[2, 2, 2], pads=[1, 0, 1, 0, 1, 0], ceil_mode=1,
                   strides=[2, 2, 2])
    m.save(conv, up, top, mean, inner, low=-1, high=1)


def sampling():
    """GridSample by constant grids; a grid that AffineGrid's parts make."""
    m = Model("sampling", opset=20)
    x = m.input("x", 2, 2, 4, 5)
    rng = np.random.default_rng(7)
    grid = m.const(rng.uniform(-1.3, 1.3, (2, 3, 4, 2)).astype(np.float32))
    outs = [m.node("GridSample", x, grid, mode=mode, padding_mode=padding, align_corners=align)
            for mode, padding, align in (("linear", "zeros", 0), ("linear", "reflection", 1), ("nearest", "border", 0),
                                         ("cubic", "zeros", 1), ("cubic", "reflection", 0), ("cubic", "border", 1))]
    theta = m.const(rng.uniform(-1, 1, (2, 2, 3)).astype(np.float32))
    affine = m.node("AffineGrid", theta, m.ints(2, 2, 3, 3), align_corners=1)
    m.save(*outs, m.node("GridSample", x, affine), low=-1, high=1)


def branches():
    """If by a constant condition, Shrink, ReverseSequence, CastLike, Einsum with ellipses and diagonals."""
    m = Model("branches", opset=16)
    x = m.input("x", 3, 3, 4)
    out = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    inner = numpy_helper.from_array(np.float32(1.5), "factor")
    then = helper.make_graph([helper.make_node("Mul", [x, "factor"], ["r"])], "then", [], [out("r")], [inner])
    other = helper.make_graph([helper.make_node("Neg", [x], ["r"])], "else", [], [out("r")])
    chosen = [m.node("If", m.const(np.array(flag)), then_branch=then, else_branch=other) for flag in (True, False)]
    soft = m.node("Shrink", x, lambd=0.5, bias=0.5)
    jump = m.node("Shrink", x, lambd=0.75, bias=0.25)
    back = m.node("ReverseSequence", x, m.ints(1, 3, 2), time_axis=0, batch_axis=1)
    same = m.node("CastLike", x, m.const(np.float32(1)))
    diagonal = m.node("Einsum", x, equation="iij->ij")
    batched = m.node("Einsum", x, m.weight(4, 2), equation="...k,kl->...l")
    m.save(*chosen, soft, jump, back, same, diagonal, batched, low=-1, high=1, grid=1 / 16)


def function(name, inputs, outputs, nodes, opset=18, attributes=(), defaults=()):
    return helper.make_function("own", name, inputs, outputs, nodes, [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)],
                                attributes=list(attributes), attribute_protos=list(defaults))


def scaled():
    """LeakyRelu whose slope is the caller's attribute, 0.5 if he gives none; then times the second input."""
    leaky = helper.make_node("LeakyRelu", ["v"], ["r"], name="leaky")
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    return function("Scaled", ["v", "by"], ["s"], [leaky, helper.make_node("Mul", ["r", "by"], ["s"])],
                    defaults=[helper.make_attribute("slope", 0.5)])


def inlined():
    """Functions of the file: of functions, with attributes and defaults, a subgraph, two calls."""
    m = Model("inlined", opset=18)
    x = m.input("x", 2, 4)
    weight, factor = m.weight(4, 3), m.const(np.float32(0.75))
    call = lambda op, inputs, outputs, **more: m.nodes.append(
        helper.make_node(op, inputs, outputs, domain="own", **more))
    dense = function("Dense", ["a", "w", "f"], ["b", "c"], [
        helper.make_node("Identity", ["a"], ["c"]), helper.make_node("MatMul", ["a", "w"], ["r"]), helper.make_node("Scaled", ["r", "f"], ["t"], domain="own", slope=0.25),
        helper.make_node("Scaled", ["t", "f"], ["b"], domain="own")])
    branch = lambda name, node: helper.make_graph([node], name, [], [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)])
    choice = function("Choice", ["a", "f"], ["b"], [
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("If", ["yes"], ["b"], then_branch=branch("then", helper.make_node("Scaled", ["a", "f"], ["q"], domain="own")),
                         else_branch=branch("else", helper.make_node("Neg", ["a"], ["n"])))])
    call("Dense", [x, weight, factor], ["first", "same_x"])
    call("Dense", ["same_x", weight, factor], ["second", "unused"])
    call("Choice", ["second", factor], ["third"])
    m.save("first", m.node("Neg", "same_x"), "third", functions=[scaled(), dense, choice])


def body(name, nodes, inputs, outputs, inits=()):
    info = lambda n, kind=TensorProto.FLOAT, shape=None: helper.make_tensor_value_info(n, kind, shape)
    return helper.make_graph(nodes, name, [info(*i) for i in inputs], [info(*o) for o in outputs], list(inits))


def loops():
    """Loop by a count, by a condition that the count decides, in a loop; with scan outputs and weights of its own. Scan both ways."""
    m = Model("loops", opset=16)
    x, series = m.input("x", 2, 3), m.input("series", 4, 2, 3)
    round_ = [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("s", TensorProto.FLOAT, [2, 3])]
    weight = numpy_helper.from_array(m.rng.normal(0, 0.6, (3, 3)).astype(np.float32), "w")
    step = [helper.make_node("MatMul", ["s", "w"], ["sw"]), helper.make_node("Tanh", ["sw"], ["t"]),
            helper.make_node("Identity", ["go"], ["go_on"])]
    counted = body("counted", [*step, helper.make_node("ReduceSum", ["t"], ["row"], keepdims=0)], round_,
                   [("go_on", TensorProto.BOOL, []), ("t",), ("row",)], [weight])
    m.nodes.append(helper.make_node("Loop", [m.const(np.int64(3)), "", x], ["last", "rows"], name="counted", body=counted))
    three = numpy_helper.from_array(np.int64(2), "three")
    inner = body("inner", [helper.make_node("Mul", ["u", "half"], ["v"]), helper.make_node("Identity", ["g"], ["h"])],
                 [("k", TensorProto.INT64, []), ("g", TensorProto.BOOL, []), ("u", TensorProto.FLOAT, [2, 3])],
                 [("h", TensorProto.BOOL, []), ("v",)], [numpy_helper.from_array(np.float32(0.5), "half")])
    until = body("until", [helper.make_node("Loop", ["two", "", "s"], ["q"], body=inner), helper.make_node("Add", ["q", x], ["t"]),
                           helper.make_node("Less", ["i", "three"], ["go_on"])],
                 round_, [("go_on", TensorProto.BOOL, []), ("t",)], [three, numpy_helper.from_array(np.int64(2), "two")])
    m.nodes.append(helper.make_node("Loop", ["", m.const(np.array(True)), x], ["ended"], name="until", body=until))
    scanned = body("scanned", [helper.make_node("Add", ["s", "e"], ["a"]), helper.make_node("Sub", ["a", "f"], ["t"]),
                               helper.make_node("Relu", ["t"], ["row"])],
                   [("s", TensorProto.FLOAT, [2, 3]), ("e", TensorProto.FLOAT, [2, 3]), ("f", TensorProto.FLOAT, [2, 3])], [("t",), ("row",)])
    other = m.node("Transpose", series, perm=[1, 0, 2])
    m.nodes.append(helper.make_node("Scan", [x, series, other], ["state", "stacked"], name="scan", body=scanned, num_scan_inputs=2,
                                    scan_input_axes=[0, 1], scan_input_directions=[0, 1], scan_output_directions=[1]))
    m.save("last", "rows", "ended", "state", "stacked", low=-1, high=1)


def onnx_attention():
    """Attention of opset 23: three and four axes, causal, masks of booleans and reals, grouped queries, a past, a scale."""
    m = Model("onnx_attention", opset=23, ir=11)
    x, q, past = m.input("x", 1, 4, 8), m.input("q", 1, 4, 3, 2), m.input("past", 1, 2, 2, 4)
    k, v = m.node("MatMul", x, m.weight(8, 8)), m.node("MatMul", x, m.weight(8, 8))
    causal = m.node("Attention", x, k, v, q_num_heads=2, kv_num_heads=2, is_causal=1)
    keep = m.const(np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]], dtype=bool))
    chosen = m.node("Attention", x, k, v, keep, q_num_heads=2, kv_num_heads=2, scale=0.25)
    bias = m.const(np.where(np.eye(4, dtype=bool), -1e9, m.rng.normal(0, 1, (4, 4))).astype(np.float32)[None, None])
    added = m.node("Attention", x, k, v, bias, q_num_heads=4, kv_num_heads=4)
    grouped = m.node("Attention", q, m.node("MatMul", q, m.weight(2, 2)), q)
    halves = m.node("Slice", q, m.ints(0), m.ints(2), m.ints(1))
    shared = m.node("Attention", q, halves, halves, is_causal=1)
    bent = m.node("Attention", q, halves, halves, softcap=1.5)
    cached = m.node("Attention", x, k, v, "", past, past, q_num_heads=2, kv_num_heads=2, is_causal=1)
    m.nodes[-1].output.extend(["present_k", "present_v"])
    m.save(causal, chosen, added, grouped, shared, bent, cached, "present_k", "present_v", low=-1, high=1)


def rotary():
    """RotaryEmbedding of opset 23: halves and interleaved, by positions and as they come, a part of the width."""
    m = Model("rotary", opset=23, ir=11)
    x, heads = m.input("x", 1, 3, 8), m.input("heads", 1, 2, 3, 6)
    angle = lambda rows, half: np.arange(rows)[:, None] * 0.7 ** np.arange(half)[None]
    wave = lambda of, rows, half: m.const(of(angle(rows, half)).astype(np.float32))
    table = [wave(np.cos, 6, 2), wave(np.sin, 6, 2)]
    at = m.const(np.array([[4, 0, 5]], dtype=np.int64))
    rows = [m.const(of(angle(3, 3)).astype(np.float32)[None]) for of in (np.cos, np.sin)]
    some = [m.const(of(angle(3, 2)).astype(np.float32)[None]) for of in (np.cos, np.sin)]
    m.save(m.node("RotaryEmbedding", x, *table, at, num_heads=2), m.node("RotaryEmbedding", x, *table, at, num_heads=2, interleaved=1),
           m.node("RotaryEmbedding", heads, *rows), m.node("RotaryEmbedding", heads, *some, rotary_embedding_dim=4, interleaved=1),
           low=-1, high=1)


def extremes():
    m = Model("extremes")
    x = m.input("x", 2, 3, 7)
    first = m.node("ArgMax", x, axis=2, keepdims=0)
    last = m.node("ArgMin", x, axis=1, select_last_index=1)
    hard = m.node("Hardmax", x, axis=-1)
    top = m.node("TopK", x, m.ints(4), axis=2)
    m.nodes[-1].output.append("places")
    low = m.node("TopK", x, m.ints(2), axis=1, largest=0)
    m.nodes[-1].output.append("low_places")
    rows = m.node("OneHot", last, m.const(np.array(4)), m.const(np.array([-1, 3], np.float32)), axis=1)
    integer = TensorProto.INT64
    m.save(first, last, "places", "low_places", hard, top, low, rows, grid=0.25, kinds=[integer] * 4)


def integers():
    m = Model("integers", opset=18)
    x = m.input("x", 2, 6, kind=TensorProto.INT32)
    y = m.input("y", 2, 6, kind=TensorProto.INT32)
    flag = m.input("flag", 2, 6, kind=TensorProto.BOOL)
    m.whole.update(x=(-300, 300), y=(-40, 200))

    def whole(*values):
        return m.const(np.array(values, np.int32))
    outputs = [m.node("Div", x, whole(7)), m.node("Mod", x, whole(5, -3, 7, 16, -1, 100)),
               m.node("Mod", x, whole(9), fmod=1), m.node("BitwiseAnd", x, y), m.node("BitwiseOr", x, y),
               m.node("BitwiseXor", x, y), m.node("BitwiseNot", x),
               m.node("Add", m.node("Mul", x, whole(3)), m.node("Sub", y, whole(11))),
               m.node("Where", flag, x, y), m.node("Max", x, y),
               m.node("Cast", m.node("Greater", x, y), to=TensorProto.INT32)]
    bits = m.node("And", flag, m.node("Equal", m.node("Mod", y, whole(2)), whole(0)))
    m.save(bits, *outputs, kinds=[TensorProto.BOOL] + [TensorProto.INT32] * len(outputs))


def embedding():
    m = Model("embedding")
    ids = m.input("ids", 2, 5, kind=TensorProto.INT64)
    m.whole.update(ids=(0, 40))
    words = m.node("Gather", m.weight(40, 6, scale=1), ids)
    places = m.node("Gather", m.weight(5, 6, scale=1), m.ints(0, 1, 2, 3, 4))
    h = m.node("LayerNormalization" if m.opset > 16 else "Tanh", m.node("Add", words, places))
    m.save(m.node("MatMul", h, m.weight(6, 3)))


def long_embedding():
    m = Model("long_embedding")
    ids = m.input("ids", 3, kind=TensorProto.INT32)
    m.whole.update(ids=(0, 700))
    words = m.node("Gather", m.weight(700, 4, scale=1), ids)
    m.save(m.node("Relu", words))


def pointers():
    m = Model("pointers", opset=16)
    x, at = m.input("x", 3, 4), m.input("at", 3, 2, kind=TensorProto.INT64)
    pair, row = m.input("pair", 2, 2, kind=TensorProto.INT64), m.input("row", 1, kind=TensorProto.INT64)
    m.whole.update(at=(-4, 4), pair=(0, 3), row=(-3, 3))
    elements = m.node("GatherElements", x, at, axis=1)
    entries = m.node("GatherND", x, pair)
    column = m.node("Gather", x, row, axis=0)
    spread = m.node("ScatterElements", x, m.node("Gather", at, m.ints(0), axis=1), m.weight(3, 1, scale=1), axis=1)
    added = m.node("ScatterND", x, m.node("Unsqueeze", row, m.ints(1)), m.weight(1, 4, scale=1), reduction="add")
    m.save(elements, entries, column, spread, added)


def stepped(m, values, per_channel=False):
    """Weights of 7 bits (ONNX Runtime saturates sums of 8 bits without VNNI) and their scale: one, or one for each entry of axis 0."""
    axes = tuple(range(1, values.ndim)) if per_channel else None
    scale = (np.abs(values).max(axis=axes) / 63).astype(np.float32)
    wide = scale.reshape([-1] + [1] * (values.ndim - 1)) if per_channel else scale
    return m.const(np.round(values / wide).astype(np.int8)), m.const(scale), scale


def fake_quantised(m, x, scale, zero, kind=np.uint8):
    scale, zero = m.const(np.float32(scale)), m.const(kind(zero))
    return m.node("DequantizeLinear", m.node("QuantizeLinear", x, scale, zero), scale, zero)


def qdq():
    """As quantisation tools write networks: integers and reals by turns around each operator."""
    m = Model("qdq")
    x = fake_quantised(m, m.input("x", "batch", 2, 6, 6), 0.0173, 113)
    w, scale, scales = stepped(m, m.rng.normal(0, 0.4, (4, 2, 3, 3)), per_channel=True)
    zeros = m.const(np.zeros(4, np.int8))
    bias = m.node("DequantizeLinear", m.const(np.array([310, -77, 19, 145], np.int32)), m.const((scales * np.float32(0.0173)).astype(np.float32)), axis=0)
    h = m.node("Conv", x, m.node("DequantizeLinear", w, scale, zeros, axis=0), bias, pads=[1, 1, 1, 1])
    h = fake_quantised(m, m.node("Relu", h), 0.0191, 0)
    h = fake_quantised(m, m.node("Flatten", m.node("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2])), 0.0191, 0)
    w, scale, _ = stepped(m, m.rng.normal(0, 0.3, (36, 3)))
    m.save(fake_quantised(m, m.node("MatMul", h, m.node("DequantizeLinear", w, scale)), 0.06, 4, np.int8))


def qlinear():
    m = Model("qlinear")
    def number(value, kind=np.float32):
        return m.const(kind(value))
    x = m.node("QuantizeLinear", m.input("x", 1, 2, 6, 6), number(0.0173), number(113, np.uint8))
    w, scale, _ = stepped(m, m.rng.normal(0, 0.4, (4, 2, 3, 3)), per_channel=True)
    h = m.node("QLinearConv", x, number(0.0173), number(113, np.uint8), w, scale, m.const(np.zeros(4, np.int8)), number(0.0191), number(31, np.uint8),
               m.const(np.array([310, -77, 19, 145], np.int32)), strides=[2, 2], pads=[1, 1, 0, 0])
    h = m.node("Reshape", h, m.ints(1, 36))
    w, scale, _ = stepped(m, m.rng.normal(0, 0.3, (36, 3)))
    h = m.node("QLinearMatMul", h, number(0.0191), number(31, np.uint8), w, scale, number(0, np.int8), number(0.06), number(120, np.uint8))
    m.save(m.node("DequantizeLinear", h, number(0.06), number(120, np.uint8)), h, kinds=[TensorProto.FLOAT, TensorProto.UINT8])


def dynamic():
    """Weights of 8 bits, activations quantised as they come: what is computed are products of reals."""
    m = Model("dynamic")
    h = m.input("x", 3, 8)
    for rows, columns in ((8, 12), (12, 4)):
        names = [f"steps{rows}", f"scale{rows}", f"zero{rows}"]
        m.nodes.append(helper.make_node("DynamicQuantizeLinear", [h], names, name=f"quantise_{rows}"))
        w, scale, _ = stepped(m, m.rng.normal(0, 0.4, (rows, columns)))
        sums = m.node("MatMulInteger", names[0], w, names[2], m.const(np.int8(0)))
        h = m.node("Mul", m.node("Cast", sums, to=TensorProto.FLOAT), m.node("Mul", names[1], scale))
        h = m.node("Relu", m.node("Add", h, m.weight(columns)))
    m.save(h)


ML = {"domain": "ai.onnx.ml"}


def tree_columns(rng, depths, features, targets, stop=0.2):
    """Random trees, some branches of which end early: nodes_* and (tree, node, target, weight) of the leaves."""
    columns = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    leaves = []
    for tree, depth in enumerate(depths):
        count = [0]

        def grow(left):
            number, at = count[0], len(columns["treeids"])
            count[0] += 1
            leaf = left == 0 or (left < depth and rng.random() < stop)
            mode = "LEAF" if leaf else str(rng.choice(["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"]))
            bound = float(np.float32(np.round(rng.normal() * 4) / 4))
            for key, value in zip(columns, (tree, number, 0 if leaf else int(rng.integers(features)), 0.0 if leaf else bound, mode, 0, 0)):
                columns[key].append(value)
            if leaf:
                leaves.extend((tree, number, t, float(np.round(rng.random(), 3))) for t in range(targets))
            else:
                columns["truenodeids"][at] = grow(left - 1)
                columns["falsenodeids"][at] = grow(left - 1)
            return number
        grow(depth)
    return {f"nodes_{k}": v for k, v in columns.items()}, leaves


def weights_of(prefix, leaves, scale=1.0, shift=0.0):
    return {f"{prefix}_treeids": [l[0] for l in leaves], f"{prefix}_nodeids": [l[1] for l in leaves],
            f"{prefix}_ids": [l[2] for l in leaves], f"{prefix}_weights": [l[3] * scale + shift for l in leaves]}


def trees():
    m = Model("trees")
    x = m.input("x", 2, 5)
    nodes, leaves = tree_columns(m.rng, [3, 2, 4], 5, 2)
    two = m.node("TreeEnsembleRegressor", x, n_targets=2, base_values=[0.5, -1.0], **nodes, **weights_of("target", leaves), **ML)
    nodes, leaves = tree_columns(m.rng, [8, 7], 5, 1, stop=0.3)
    deep = m.node("TreeEnsembleRegressor", x, n_targets=1, aggregate_function="AVERAGE", **nodes, **weights_of("target", leaves), **ML)
    nodes, leaves = tree_columns(m.rng, [3] * 4, 5, 3)
    many = m.node("TreeEnsembleClassifier", x, classlabels_int64s=[4, 7, 9], post_transform="NONE", **nodes,
                  **weights_of("class", leaves, 0.25), **ML)
    m.nodes[-1].output.append("shares")
    nodes, leaves = tree_columns(m.rng, [3] * 3, 5, 1)
    pair = m.node("TreeEnsembleClassifier", x, classlabels_int64s=[0, 1], post_transform="LOGISTIC", **nodes,
                  **weights_of("class", leaves, 2.0, -1.0), **ML)
    m.nodes[-1].output.append("odds")
    m.save(many, pair, two, deep, "shares", "odds", grid=0.25, kinds=[TensorProto.INT64] * 2)


def classical():
    m = Model("classical")
    x = m.input("x", 2, 4)
    scaled = m.node("Scaler", x, offset=[0.5, -0.25, 0.0, 1.0], scale=[2.0, 0.5, 1.0, 1.5], **ML)
    line = m.node("LinearRegressor", scaled, coefficients=m.rng.normal(size=8).tolist(), intercepts=[0.3, -0.2], targets=2, **ML)
    label = m.node("LinearClassifier", x, coefficients=m.rng.normal(size=12).tolist(), intercepts=[0.1, 0.0, -0.1],
                   classlabels_ints=[2, 3, 5], post_transform="SOFTMAX", **ML)
    m.nodes[-1].output.append("shares")
    bits = m.node("Binarizer", x, threshold=0.5, **ML)
    some = m.node("ArrayFeatureExtractor", x, m.ints(2, 0), **ML)
    units = m.node("Normalizer", m.node("Add", m.node("Abs", x), m.const(np.float32(0.5))), norm="L1", **ML)
    m.save(label, line, "shares", bits, some, units, grid=0.25, kinds=[TensorProto.INT64])


if __name__ == "__main__":
    for build in (mlp, cnn, groups, conv1d, layout, residual, scalars, square, two_inputs, shapes,
                  attention, half, deep, logic, functions, moves, scatters, blocks, reductions, upsample, recurrent,
                  einsum, norms, softmaxes, roots, decoder, encoder, volumes, sampling, branches, inlined, loops, onnx_attention, rotary, extremes, integers,
                  embedding, long_embedding, pointers, trees, classical, qdq, qlinear, dynamic):
        build()
