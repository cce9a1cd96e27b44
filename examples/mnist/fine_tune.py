#!/usr/bin/env python3
"""Trains LeNet-5's last layer on new labels: the recipe of a fine-tune job (Debian: python3-numpy).

usage: fine_tune.py       in a folder with model.onnx, data (IDX images), labels (IDX), parameters.json

Everything below the last layer stays as it is: its 84 features are computed once, then softmax regression by gradient
descent. parameters.json: {"epochs": 200, "rate": 0.5}. Says 'progress 0.5' lines; writes out/model.onnx and
out/samples.json (calibration samples, as ezkl writes them).
"""
import gzip
import json
import pathlib

import numpy as np

HEAD = ("11.weight", "11.bias")


def read_idx(path):
    """IDX (big-endian, perhaps gzipped) of bytes -> numpy array of uint8."""
    raw = pathlib.Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def fields(data, begin, end):
    """(number, begin, end) of every length-delimited member of a protobuf message; others are skipped."""
    at = begin
    while at < end:
        key, at = varint(data, at)
        if key & 7 == 0:
            _, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            yield key >> 3, at, at + size
            at += size
        else:
            at += {1: 8, 5: 4}[key & 7]


def raw_places(onnx):
    """Initialisers of an ONNX file by name: where their raw little-endian floats are."""
    places = {}
    for number, begin, end in fields(onnx, 0, len(onnx)):
        if number != 7:  # ModelProto.graph
            continue
        for part, first, last in fields(onnx, begin, end):
            if part != 5:  # GraphProto.initializer
                continue
            members = {member: (a, b) for member, a, b in fields(onnx, first, last)}
            name = onnx[slice(*members[8])].decode()
            places[name] = members[9]
    return places


def convolve(maps, weights, bias, padding):
    """[n, c, h, w] by [o, c, k, k], stride 1."""
    if padding:
        maps = np.pad(maps, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k = weights.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(maps, (k, k), axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, weights, optimize=True) + bias[None, :, None, None]


def pooled(maps):
    n, c, h, w = maps.shape
    return np.maximum(maps, 0).reshape(n, c, h // 2, 2, w // 2, 2).max((3, 5))


def features(value, images):
    """What the last layer sees."""
    maps = pooled(convolve(images, value["0.weight"].reshape(6, 1, 5, 5), value["0.bias"], 2))
    maps = pooled(convolve(maps, value["3.weight"].reshape(16, 6, 5, 5), value["3.bias"], 0))
    flat = maps.reshape(len(maps), -1)
    for layer in ("7", "9"):
        bias = value[layer + ".bias"]
        flat = np.maximum(flat @ value[layer + ".weight"].reshape(len(bias), -1).T + bias, 0)
    return flat


def train(seen, labels, weights, bias, epochs, rate):
    wanted = np.eye(len(bias))[labels]
    scale = max(float(np.abs(seen).max()), 1e-6)
    seen = seen / scale
    weights = weights * 0
    for epoch in range(epochs):
        scores = seen @ weights.T + bias
        part = np.exp(scores - scores.max(1, keepdims=True))
        error = (part / part.sum(1, keepdims=True) - wanted) / len(seen)
        weights -= rate * (error.T @ seen)
        bias = bias - rate * error.sum(0)
        if epoch % 20 == 0:
            print(f"progress {0.2 + 0.8 * epoch / epochs:.3f}", flush=True)
    right = float((np.argmax(seen @ weights.T + bias, 1) == labels).mean())
    print(f"right on {100 * right:.1f} % of {len(seen)} training images", flush=True)
    return weights / scale, bias


def main():
    parameters = json.loads(pathlib.Path("parameters.json").read_text())
    onnx = bytearray(pathlib.Path("model.onnx").read_bytes())
    places = raw_places(bytes(onnx))
    value = {name: np.frombuffer(bytes(onnx[a:b]), "<f4").astype(np.float64) for name, (a, b) in places.items()}
    images = read_idx("data").astype(np.float64)[:, None] / 255
    labels = read_idx("labels").astype(np.int64)
    if len(images) != len(labels) or labels.max() > 9:
        raise SystemExit(f"{len(images)} images and {len(labels)} labels, the largest {labels.max()}")
    seen = features(value, images)
    print("progress 0.2", flush=True)
    bias = value[HEAD[1]]
    trained = train(seen, labels, value[HEAD[0]].reshape(len(bias), -1), bias, int(parameters.get("epochs", 400)),
                    float(parameters.get("rate", 5.0)))
    for name, array in zip(HEAD, trained):
        begin, end = places[name]
        onnx[begin:end] = array.astype("<f4").tobytes()
    pathlib.Path("out/model.onnx").write_bytes(onnx)
    samples = [[round(float(v), 6) for v in image.flatten()] for image in images[:32]]
    pathlib.Path("out/samples.json").write_text(json.dumps({"input_data": samples}))


if __name__ == "__main__":
    main()
