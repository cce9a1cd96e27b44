"""Models that nobody designed: random ONNX graphs as exporters could write them, from a seed."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MOST_ELEMENTS = 1500
OPSET = 17  # ONNX Runtime and the oldest `onnx` package in use both know it


class Maker:
    """Grows a graph node by node; `shapes` holds the computed float values."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.shapes, self.count = [], [], {}, 0

    def below(self, n):
        return int(self.rng.integers(n))

    def chance(self, share):
        return self.rng.random() < share

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def constant(self, array):
        name = self.name("c")
        array = np.asarray(array)
        if self.chance(0.2):
            self.nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name)))
        else:
            self.weights.append(numpy_helper.from_array(array, name))
        return name

    def real(self, shape, least=-1.0, most=1.0):
        return self.constant(self.rng.uniform(least, most, shape).astype(np.float32))

    def ints(self, values):
        return self.constant(np.array(values, np.int64))

    def node(self, op, inputs, shape=None, outputs=1, **attributes):
        """Appends a node; returns its outputs' names. `shape`: that of output 0, which later nodes may read."""
        names = [self.name("v") for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0] + "_" + op, **attributes))
        if shape is not None:
            self.shapes[names[0]] = tuple(int(d) for d in shape)
        return names[0] if outputs == 1 else names

    def pick(self, test=lambda shape: True):
        """A computed value, mostly a recent one."""
        fits = [name for name, shape in self.shapes.items() if test(shape)]
        if not fits:
            return None
        recent = fits[-2:] if self.chance(0.7) else fits
        return recent[self.below(len(recent))]

    def make(self):
        kinds = {"image": [(1, 1 + self.below(4), 4 + self.below(5), 4 + self.below(5))], "sequence": [(1, 3 + self.below(6), 4 + 2 * self.below(5))],
                 "table": [(1, 3 + self.below(12))], "two": [(1, 4, 6), (1, 4, 6)], "signal": [(1, 1 + self.below(3), 8 + self.below(9))]}
        kind = list(kinds)[self.below(len(kinds))]
        inputs = []
        for shape in kinds[kind]:
            name = f"input_{len(inputs)}"
            inputs.append((name, shape))
            self.shapes[name] = shape
        wanted, steps = 2 + self.below(9), list(STEPS)
        for _ in range(40):
            if len([n for n in self.nodes if n.op_type != "Constant"]) >= wanted:
                break
            before = dict(self.shapes)
            steps[self.below(len(steps))](self)
            for name in set(self.shapes) - set(before):
                if np.prod(self.shapes[name]) > MOST_ELEMENTS or len(self.shapes[name]) > 5:
                    del self.shapes[name]
        made = [name for name in self.shapes if name not in dict(inputs)]
        read = {name for node in self.nodes for name in node.input}
        outputs = [name for name in made if name not in read][-3:] if self.chance(0.3) else made[-1:]
        return self.model(inputs, list(dict.fromkeys(outputs)))

    def model(self, inputs, outputs):
        graph = helper.make_graph(
            self.nodes, "random", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, self.shapes[n]) for n in outputs], self.weights)
        model = helper.make_model(pruned(graph), opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 8
        return model


def pruned(graph):
    """Only what the outputs need; an input that is not needed goes."""
    needed, kept = {o.name for o in graph.output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.insert(0, node)
    weights = [w for w in graph.initializer if w.name in needed]
    inputs = [i for i in graph.input if i.name in needed]
    return helper.make_graph(kept, graph.name, inputs, list(graph.output), weights)


STEPS = []


def step(weight=1):
    def register(function):
        STEPS.extend([function] * weight)
        return function
    return register


# ---- one variable ------------------------------------------------------------------------------

@step(3)
def curve(m):
    x = m.pick()
    plain = ["Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Erf", "Abs", "Neg", "Sin", "Cos", "Atan", "Asinh", "HardSwish", "Identity", "Dropout"]
    given = {"LeakyRelu": {"alpha": float(m.rng.uniform(0, 0.9))}, "Elu": {"alpha": float(m.rng.uniform(0.2, 2))}, "Selu": {}, "Celu": {"alpha": 0.7},
             "HardSigmoid": {"alpha": 0.25, "beta": 0.4}, "ThresholdedRelu": {"alpha": 0.0}, "LpNormalization": {"axis": -1, "p": 1 + m.below(2)}}
    names = plain + list(given)
    op = names[m.below(len(names))]
    m.node(op, [x], m.shapes[x], **given.get(op, {}))


@step()
def positive_curve(m):
    """Functions of positive numbers, behind something that makes them so."""
    x = m.pick()
    shape = m.shapes[x]
    y = m.node(["Sigmoid", "Abs", "Softplus"][m.below(3)], [x])
    y = m.node("Add", [y, m.constant(np.float32(m.rng.uniform(0.3, 1)))], shape)
    op = ["Log", "Sqrt", "Reciprocal", "Pow", "Exp"][m.below(5)]
    if op == "Pow":
        m.node("Pow", [y, m.constant(np.float32([0.5, 2, 3, -1, 1.5][m.below(5)]))], shape)
    elif op == "Exp":
        m.node("Exp", [m.node("Neg", [y])], shape)
    else:
        m.node(op, [y], shape)


@step()
def clip(m):
    x = m.pick()
    low = float(m.rng.uniform(-2, 0))
    bounds = [m.constant(np.float32(low)), m.constant(np.float32(low + m.rng.uniform(0.5, 3)))]
    if m.chance(0.3):
        bounds[m.below(2)] = ""
    m.node("Clip", [x, *bounds], m.shapes[x])


@step()
def written_out(m):
    """Functions as exporters write them out: SiLU, Gelu, LayerNorm, RMSNorm, hard swish."""
    x = m.pick(lambda s: s[-1] > 2)
    if not x:
        return
    shape, kind = m.shapes[x], m.below(5)
    if kind == 0:
        m.node("Mul", [x, m.node("Sigmoid", [x])], shape)
    elif kind == 1:
        erf = m.node("Erf", [m.node("Div", [x, m.constant(np.float32(np.sqrt(2)))])])
        half = m.node("Mul", [x, m.node("Add", [erf, m.constant(np.float32(1))])])
        m.node("Mul", [half, m.constant(np.float32(0.5))], shape)
    elif kind == 2:
        mean = m.node("ReduceMean", [x], axes=[-1])
        centred = m.node("Sub", [x, mean])
        variance = m.node("ReduceMean", [m.node("Pow", [centred, m.constant(np.float32(2))])], axes=[-1])
        root = m.node("Sqrt", [m.node("Add", [variance, m.constant(np.float32(1e-2))])])
        y = m.node("Div", [centred, root])
        y = m.node("Mul", [y, m.real(shape[-1:], 0.5, 1.5)])
        m.node("Add", [y, m.real(shape[-1:])], shape)
    elif kind == 3:
        square = m.node("ReduceMean", [m.node("Mul", [x, x])], axes=[-1])
        root = m.node("Sqrt", [m.node("Add", [square, m.constant(np.float32(1e-2))])])
        m.node("Mul", [m.node("Mul", [x, m.node("Reciprocal", [root])]), m.real(shape[-1:])], shape)
    else:
        six = m.node("Clip", [m.node("Add", [x, m.constant(np.float32(3))]), m.constant(np.float32(0)), m.constant(np.float32(6))])
        m.node("Div", [m.node("Mul", [x, six]), m.constant(np.float32(6))], shape)


# ---- two values ----------------------------------------------------------------------------------

def broadcastable(m, shape):
    out = [1 if m.chance(0.4) else d for d in shape]
    return out[m.below(len(out) + 1):] if m.chance(0.4) else out


@step(3)
def with_constant(m):
    x = m.pick()
    shape = m.shapes[x]
    op = ["Add", "Sub", "Mul", "Div", "Max", "Min"][m.below(6)]
    least = 0.4 if op == "Div" else -1.5
    c = m.real(broadcastable(m, shape), least, 1.5)
    operands = [c, x] if m.chance(0.4) and op != "Div" else [x, c]
    m.node(op, operands, shape)


def same_shape(m, shape):
    return m.pick(lambda s: s == shape)


@step(2)
def two_computed(m):
    a = m.pick()
    shape = m.shapes[a]
    def fits(s):
        return len(s) <= len(shape) and all(d in (1, e) for d, e in zip(s[::-1], shape[::-1]))
    b = m.pick(fits)
    op = ["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"][m.below(7)]
    m.node(op, [a, b] if m.chance(0.5) else [b, a], shape)


@step()
def quotient(m):
    a = m.pick()
    b = same_shape(m, m.shapes[a])
    bottom = m.node("Add", [m.node("Abs", [b]), m.constant(np.float32(0.5))], m.shapes[b])
    top = a if m.chance(0.7) else m.constant(np.float32(1.5))
    m.node("Div", [top, bottom], m.shapes[a])


@step()
def choose(m):
    """Where behind a comparison that is continuous across its border: x >= c ? x : c."""
    x = m.pick()
    c = m.constant(np.float32(m.rng.uniform(-0.5, 0.5)))
    op = ["Greater", "Less", "GreaterOrEqual", "LessOrEqual"][m.below(4)]
    m.node("Where", [m.node(op, [x, c]), x, c], m.shapes[x])


@step()
def prelu(m):
    x = m.pick(lambda s: len(s) > 1)
    if x:
        shape = m.shapes[x]
        m.node("PRelu", [x, m.real([shape[1]] + [1] * (len(shape) - 2), 0, 0.8)], shape)


# ---- products --------------------------------------------------------------------------------------

@step(2)
def matmul(m):
    x = m.pick(lambda s: len(s) > 1)
    if not x:
        return
    shape, columns = m.shapes[x], 2 + m.below(6)
    if len(shape) == 2 and m.chance(0.5):
        turn = m.below(2)
        w = m.real((columns, shape[1]) if turn else (shape[1], columns))
        m.node("Gemm", [x, w] + ([m.real([columns])] if m.chance(0.7) else []), (shape[0], columns), transB=turn, alpha=float(m.rng.uniform(0.5, 1.5)))
    else:
        m.node("MatMul", [x, m.real((shape[-1], columns))], (*shape[:-1], columns))


@step()
def matmul_left(m):
    x = m.pick(lambda s: len(s) > 1)
    if x:
        shape, rows = m.shapes[x], 2 + m.below(5)
        m.node("MatMul", [m.real((rows, shape[-2])), x], (*shape[:-2], rows, shape[-1]))


@step(2)
def attention(m):
    """Scores of x with itself, scaled, perhaps masked, softmax, times values."""
    x = m.pick(lambda s: len(s) == 3 and s[-1] > 1)
    if not x:
        return
    n, t, d = m.shapes[x]
    heads = 2 if d % 2 == 0 and m.chance(0.5) else 1
    parts = [m.node("MatMul", [x, m.real((d, d))], (n, t, d)) for _ in range(3)]
    if heads > 1:
        shape = m.ints([0, 0, heads, -1])
        parts = [m.node("Transpose", [m.node("Reshape", [p, shape])], perm=[0, 2, 3, 1] if i == 1 else [0, 2, 1, 3]) for i, p in enumerate(parts)]
    else:
        parts[1] = m.node("Transpose", [parts[1]], perm=[0, 2, 1])
    scores = m.node("MatMul", parts[:2])
    scores = m.node("Div", [scores, m.constant(np.float32(np.sqrt(d)))])
    if m.chance(0.5):
        scores = m.node("Add", [scores, m.constant(np.triu(np.full((t, t), [-1e4, -1e9, -3e38][m.below(3)]), 1).astype(np.float32))])
    mixed = m.node("MatMul", [m.node("Softmax", [scores], axis=-1), parts[2]])
    if heads > 1:
        mixed = m.node("Reshape", [m.node("Transpose", [mixed], perm=[0, 2, 1, 3]), m.ints([0, 0, d])])
    m.node("Add", [mixed, x], (n, t, d))


@step()
def product_of_two(m):
    a = m.pick(lambda s: len(s) > 1)
    if not a:
        return
    sa = m.shapes[a]
    b = m.pick(lambda s: len(s) == len(sa) and s[:-2] == sa[:-2] and s[-2] == sa[-1])
    if b:
        m.node("MatMul", [a, b], (*sa[:-1], m.shapes[b][-1]))
        return
    turned = m.node("Transpose", [a], perm=[*range(len(sa) - 2), len(sa) - 1, len(sa) - 2])
    m.node("MatMul", [a, turned], (*sa[:-1], sa[-2]))


@step()
def einsum(m):
    x = m.pick(lambda s: len(s) == 3)
    if x:
        n, t, d = m.shapes[x]
        if m.chance(0.5):
            m.node("Einsum", [x, m.real((d, 3))], (n, t, 3), equation="ntd,dk->ntk")
        else:
            m.node("Einsum", [x, x], (n, t, t), equation="nid,njd->nij")


# ---- windows -----------------------------------------------------------------------------------------

def image(m):
    return m.pick(lambda s: len(s) in (3, 4) and min(s[2:]) >= 3)


@step(3)
def convolution(m):
    x = image(m)
    if not x:
        return
    shape = m.shapes[x]
    spatial, channels = len(shape) - 2, shape[1]
    group = channels if m.chance(0.3) else 1
    filters = group * (1 + m.below(3))
    kernel = [1 + m.below(3) for _ in range(spatial)]
    strides = [1 + m.below(2) for _ in range(spatial)]
    attributes, padded = {"kernel_shape": kernel, "strides": strides, "group": group}, list(shape[2:])
    if m.chance(0.3):
        attributes["auto_pad"] = ["SAME_UPPER", "SAME_LOWER"][m.below(2)]
        out = [-(-p // s) for p, s in zip(padded, strides)]
    else:
        begin, end = [m.below(k) for k in kernel], [m.below(k) for k in kernel]
        attributes["pads"] = begin + end
        out = [(p + b + e - k) // s + 1 for p, b, e, k, s in zip(padded, begin, end, kernel, strides)]
    inputs = [x, m.real((filters, channels // group, *kernel), -0.6, 0.6)]
    if m.chance(0.6):
        inputs.append(m.real([filters]))
    y = m.node("Conv", inputs, (shape[0], filters, *out), **attributes)
    if m.chance(0.4):
        m.node("BatchNormalization", [y, m.real([filters], 0.5, 1.5), m.real([filters]), m.real([filters]), m.real([filters], 0.3, 1.5)], m.shapes[y])


@step()
def transposed_convolution(m):
    x = image(m)
    if not x:
        return
    shape = m.shapes[x]
    spatial, filters = len(shape) - 2, 1 + m.below(3)
    kernel, strides = [2 + m.below(2)] * spatial, [1 + m.below(2)] * spatial
    pads = [m.below(2)] * (2 * spatial)
    out = [(d - 1) * s + k - 2 * pads[0] for d, s, k in zip(shape[2:], strides, kernel)]
    m.node("ConvTranspose", [x, m.real((shape[1], filters, *kernel), -0.6, 0.6)], (shape[0], filters, *out), kernel_shape=kernel, strides=strides, pads=pads)


@step(2)
def pool(m):
    x = image(m)
    if not x:
        return
    shape = m.shapes[x]
    if m.chance(0.3):
        m.node(["GlobalAveragePool", "GlobalMaxPool"][m.below(2)], [x], (*shape[:2], *[1] * (len(shape) - 2)))
        return
    kernel = [1 + m.below(3) for _ in shape[2:]]
    strides = [1 + m.below(2) for _ in kernel]
    pads = [m.below(k) if m.chance(0.4) else 0 for k in kernel] * 2
    op = ["MaxPool", "AveragePool", "LpPool"][m.below(3)]
    attributes = {"kernel_shape": kernel, "strides": strides, "pads": pads}
    n = len(kernel)
    out = [(d + pads[i] + pads[n + i] - kernel[i]) // strides[i] + 1 for i, d in enumerate(shape[2:])]
    if op == "AveragePool":
        attributes["count_include_pad"] = m.below(2)
    m.node(op, [x], (*shape[:2], *out), **attributes)


@step()
def resize(m):
    x = m.pick(lambda s: len(s) == 4)
    if not x:
        return
    shape, by = m.shapes[x], [1.0, 1.0, 2.0, 2.0]
    mode = ["nearest", "linear"][m.below(2)]
    form = ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"][m.below(4)]
    rounding = {"nearest_mode": ["floor", "round_prefer_floor"][m.below(2)]} if mode == "nearest" else {}
    m.node("Resize", [x, "", m.constant(np.array(by, np.float32))], (*shape[:2], shape[2] * 2, shape[3] * 2), mode=mode,
           coordinate_transformation_mode=form, **rounding)


@step()
def normalise(m):
    x = m.pick(lambda s: len(s) >= 3 and s[1] > 0 and np.prod(s[2:]) > 3)
    if not x:
        return
    shape = m.shapes[x]
    kind = m.below(3 if len(shape) == 4 else 2)
    if kind == 0:
        m.node("InstanceNormalization", [x, m.real([shape[1]], 0.5, 1.5), m.real([shape[1]])], shape, epsilon=1e-2)
    elif kind == 1:
        m.node("LayerNormalization", [x, m.real([shape[-1]], 0.5, 1.5), m.real([shape[-1]])], shape, axis=-1, epsilon=1e-2)
    else:
        m.node("LRN", [x], shape, size=3, alpha=0.1, beta=0.75)


# ---- over axes -----------------------------------------------------------------------------------------

@step(2)
def softmax(m):
    x = m.pick()
    m.node(["Softmax", "LogSoftmax"][m.below(2)], [x], m.shapes[x], axis=m.below(len(m.shapes[x])) if m.chance(0.4) else -1)


@step(2)
def reduce(m):
    x = m.pick()
    shape = m.shapes[x]
    axes = sorted(set(m.below(len(shape)) for _ in range(1 + m.below(2))))
    keep = m.below(2)
    out = [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]
    if not out:
        keep, out = 1, [1] * len(shape)
    op = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"][m.below(8)]
    if op == "ReduceSum":
        m.node(op, [x, m.ints(axes)], out, keepdims=keep)
    else:
        m.node(op, [x], out, keepdims=keep, axes=[a - len(shape) if m.chance(0.3) else a for a in axes])


@step()
def top(m):
    x = m.pick(lambda s: s[-1] > 2)
    if x:
        k = 1 + m.below(m.shapes[x][-1])
        values, _ = m.node("TopK", [x, m.ints([k])], outputs=2, axis=-1, largest=m.below(2))
        m.shapes[values] = (*m.shapes[x][:-1], k)


@step()
def cumulative(m):
    x = m.pick()
    m.node("CumSum", [x, m.constant(np.int64(m.below(len(m.shapes[x]))))], m.shapes[x], exclusive=m.below(2), reverse=m.below(2))


# ---- movement ------------------------------------------------------------------------------------------

@step(2)
def reshape(m):
    x = m.pick()
    shape = list(m.shapes[x])
    kind = m.below(5)
    if kind == 0:
        axis = m.below(len(shape) + 1)
        out = (int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))
        m.node("Flatten", [x], out, axis=axis)
    elif kind == 1:
        axis = m.below(len(shape) + 1)
        m.node("Unsqueeze", [x, m.ints([axis])], shape[:axis] + [1] + shape[axis:])
    elif kind == 2 and 1 in shape and len(shape) > 1:
        axis = shape.index(1)
        m.node("Squeeze", [x, m.ints([axis])], shape[:axis] + shape[axis + 1:])
    elif kind == 3 and len(shape) > 1:
        m.node("Reshape", [x, m.ints([0, -1])], (shape[0], int(np.prod(shape[1:]))))
    else:
        # As PyTorch exports x.view(x.size(0), -1): from the computed shape.
        size = m.node("Gather", [m.node("Shape", [x]), m.constant(np.int64(0))], axis=0)
        parts = [m.node("Unsqueeze", [size, m.ints([0])]), m.ints([-1])]
        m.node("Reshape", [x, m.node("Concat", parts, axis=0)], (shape[0], int(np.prod(shape[1:]))))


@step()
def transpose(m):
    x = m.pick(lambda s: len(s) > 1)
    if x:
        perm = [int(p) for p in m.rng.permutation(len(m.shapes[x]))]
        m.node("Transpose", [x], [m.shapes[x][p] for p in perm], perm=perm)


@step()
def concat(m):
    x = m.pick()
    shape = list(m.shapes[x])
    axis = m.below(len(shape))
    def fits(s):
        return len(s) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(s, shape)) if i != axis)
    parts = [x] + [m.pick(fits) for _ in range(1 + m.below(2))]
    dims = sum(m.shapes[p][axis] for p in parts)
    if m.chance(0.25):
        extra = list(shape)
        extra[axis] = 2
        parts.insert(m.below(len(parts) + 1), m.real(extra))
        dims += 2
    m.node("Concat", parts, shape[:axis] + [dims] + shape[axis + 1:], axis=axis - len(shape) if m.chance(0.3) else axis)


@step()
def split(m):
    x = m.pick(lambda s: s[-1] > 1)
    if x:
        shape = m.shapes[x]
        first = 1 + m.below(shape[-1] - 1)
        outs = m.node("Split", [x, m.ints([first, shape[-1] - first])], outputs=2, axis=-1)
        m.shapes[outs[0]] = (*shape[:-1], first)
        m.shapes[outs[1]] = (*shape[:-1], shape[-1] - first)


@step()
def slice_(m):
    x = m.pick()
    shape = list(m.shapes[x])
    axis = m.below(len(shape))
    step_, dim = [1, 2, -1][m.below(3)], shape[axis]
    starts, ends = (dim - 1, -dim - 1) if step_ < 0 else (m.below(dim), 2**31)
    shape[axis] = dim if step_ < 0 else -(-(dim - starts) // step_)
    m.node("Slice", [x, m.ints([starts]), m.ints([ends]), m.ints([axis]), m.ints([step_])], shape)


@step()
def gather(m):
    x = m.pick()
    shape = list(m.shapes[x])
    axis = m.below(len(shape))
    indices = [m.below(2 * shape[axis]) - shape[axis] for _ in range(1 + m.below(4))]
    m.node("Gather", [x, m.ints(indices)], shape[:axis] + [len(indices)] + shape[axis + 1:], axis=axis)


@step()
def pad(m):
    x = m.pick()
    shape = m.shapes[x]
    mode = ["constant", "reflect", "edge"][m.below(3)]
    most = [2 if mode != "reflect" else min(2, d) for d in shape]
    begin, end = [m.below(k) for k in most], [m.below(k) for k in most]
    inputs = [x, m.ints(begin + end)]
    if mode == "constant" and m.chance(0.5):
        inputs.append(m.constant(np.float32(m.rng.uniform(-1, 1))))
    m.node("Pad", inputs, [d + b + e for d, b, e in zip(shape, begin, end)], mode=mode)


@step()
def repeat(m):
    x = m.pick()
    shape = m.shapes[x]
    if m.chance(0.5):
        times = [1 + m.below(2) for _ in shape]
        m.node("Tile", [x, m.ints(times)], [d * t for d, t in zip(shape, times)])
    else:
        wide = [d if d > 1 else 1 + m.below(3) for d in shape]
        m.node("Expand", [x, m.ints(wide)], wide)


@step()
def depth_and_space(m):
    x = m.pick(lambda s: len(s) == 4 and s[1] % 4 == 0)
    if x:
        n, c, h, w = m.shapes[x]
        m.node("DepthToSpace", [x], (n, c // 4, h * 2, w * 2), blocksize=2, mode=["DCR", "CRD"][m.below(2)])
        return
    x = m.pick(lambda s: len(s) == 4 and s[2] % 2 == 0 and s[3] % 2 == 0)
    if x:
        n, c, h, w = m.shapes[x]
        m.node("SpaceToDepth", [x], (n, c * 4, h // 2, w // 2), blocksize=2)


@step()
def lower_triangle(m):
    x = m.pick(lambda s: len(s) > 1)
    if x:
        m.node("Trilu", [x, m.constant(np.int64(m.below(3) - 1))], m.shapes[x], upper=m.below(2))


# ---- recurrent -----------------------------------------------------------------------------------------

@step()
def recurrent(m):
    x = m.pick(lambda s: len(s) == 3 and s[0] <= 8)
    if not x:
        return
    t, n, d = m.shapes[x]
    op, hidden = ["LSTM", "GRU", "RNN"][m.below(3)], 2 + m.below(4)
    gates, direction = {"LSTM": 4, "GRU": 3, "RNN": 1}[op], ["forward", "reverse", "bidirectional"][m.below(3)]
    ways = 2 if direction == "bidirectional" else 1
    inputs = [x, m.real((ways, gates * hidden, d), -0.6, 0.6), m.real((ways, gates * hidden, hidden), -0.6, 0.6)]
    if m.chance(0.6):
        inputs.append(m.real((ways, 2 * gates * hidden), -0.5, 0.5))
    more = {"linear_before_reset": m.below(2)} if op == "GRU" else {}
    m.node(op, inputs, (t, ways, n, hidden), hidden_size=hidden, direction=direction, **more)


# ---- integers ------------------------------------------------------------------------------------------

@step()
def there_and_back(m):
    """What survives a cast to a condition: where x is not near 0."""
    x = m.pick()
    mask = m.node("Cast", [m.node("Greater", [x, m.constant(np.float32(0))])], to=TensorProto.FLOAT)
    m.node("Mul", [mask, x], m.shapes[x])


def random_model(seed):
    """(model, input shapes by name)."""
    while True:
        model = Maker(seed).make()
        if model.graph.node and model.graph.input:
            return model, {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
        seed += 1_000_003
