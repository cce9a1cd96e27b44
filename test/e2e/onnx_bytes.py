"""Writes small ONNX files byte by byte (protobuf wire format), so that broken ones can be made without a library."""
import random
import struct

FLOAT = 1


def varint(value):
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def tensor(name, dims, values):
    """An initialiser."""
    raw = struct.pack(f"<{len(values)}f", *values)
    return message(5, *(number(1, dim) for dim in dims), number(2, FLOAT), message(8, name), message(9, raw))


def value_info(field, name, dims):
    shape = message(2, *(message(1, number(1, dim)) for dim in dims))
    return message(field, message(1, name), message(2, message(1, number(1, FLOAT), shape)))


def node(op, inputs, output, name):
    return message(1, *(message(1, i) for i in inputs), message(2, output), message(3, name), message(4, op))


def model(*graph_parts, opset=13):
    return number(1, 8) + message(7, *graph_parts, message(2, "test")) + message(8, number(2, opset))


def dense(weights=(0.5, -0.25, 1.0, 0.75), op="Relu", bias_dims=2, inputs=2):
    """y = op(x W + b): x [1, inputs], W [2, 2]."""
    return model(
        node("MatMul", ["x", "w"], "xw", "matmul"), node("Add", ["xw", "b"], "s", "add"), node(op, ["s"], "y", "last"),
        tensor("w", (2, 2), weights), tensor("b", (bias_dims,), [0.125] * bias_dims),
        value_info(11, "x", (1, inputs)), value_info(12, "y", (1, 2)))


def deep(layers):
    """x_0 [1, 2], x_i = relu(x_{i-1} W_i + b_i): W_i nearly a rotation by a little, so that values keep their size. Layers have columns
    beside these two that the next one ignores, not as many as others: blocks that repeat would be proven together, with a short key."""
    parts, last, rows, widths = [], "x", 2, random.Random(1)
    for i in range(layers):
        a = 0.02 + 0.001 * (i % 7)
        columns = 2 if i + 1 == layers else 2 + widths.randrange(7)
        weights = [0.0] * (rows * columns)
        weights[0], weights[1], weights[columns], weights[columns + 1] = 1 - a, a, a, 1 - a
        weights[2:columns] = [0.5] * (columns - 2)
        parts += [node("MatMul", [last, f"w{i}"], f"m{i}", f"matmul{i}"), node("Add", [f"m{i}", f"b{i}"], f"s{i}", f"add{i}"),
                  node("Relu", [f"s{i}"], f"y{i}", f"relu{i}")]
        parts += [tensor(f"w{i}", (rows, columns), weights), tensor(f"b{i}", (columns,), [0.01, -0.01] + [0.0] * (columns - 2))]
        last, rows = f"y{i}", columns
    return model(*parts, value_info(11, "x", (1, 2)), value_info(12, last, (1, 2)))
