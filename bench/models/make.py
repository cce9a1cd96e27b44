#!/usr/bin/env python3
"""Writes the models that `make bench` measures: architectures of published benchmarks, random weights.

usage: make.py [--out DIR] [NAME ...]      default: build/bench-models, every model (Debian: python3-onnx, python3-numpy)

Each model gets a folder DIR/NAME with network.onnx, samples.json (inputs that calibrate) and input.json (one input), the
files that ezkl reads too. Weights come from one fixed seed; their scale (He's) and the biases keep activations of one size
from layer to layer, so that quantisation has realistic work to do. Only speed may be measured with them: they know nothing.
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import forest
import transformer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEED = 20261123
OPSET = 13
NUM_SAMPLES = 4


class Net:
    """An ONNX graph that grows layer by layer; `shape` is that of the last value, batch first."""

    def __init__(self, name, shape):
        self.name, self.shape, self.input_shape = name, list(shape), list(shape)
        self.rng = np.random.default_rng([SEED, sum(name.encode())])
        self.nodes, self.weights, self.last = [], [], "input"

    def _add(self, op, inputs, shape, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [out], name=f"{op.lower()}{len(self.nodes)}", **attributes))
        self.last, self.shape = out, list(shape)
        return self

    def _weight(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    def _random(self, shape, fan_in):
        return self.rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / fan_in))

    def dense(self, width):
        fan_in = self.shape[-1]
        weight = self._weight(self._random((width, fan_in), fan_in))
        bias = self._weight(self.rng.uniform(-0.05, 0.05, width))
        return self._add("Gemm", [self.last, weight, bias], [self.shape[0], width], transB=1)

    def conv(self, channels, kernel, stride=1, padding=0, source=None, groups=1):
        n, c, h, w = self.shape
        weight = self._weight(self._random((channels, c // groups, kernel, kernel), c // groups * kernel * kernel))
        bias = self._weight(self.rng.uniform(-0.05, 0.05, channels))
        size = [(side + 2 * padding - kernel) // stride + 1 for side in (h, w)]
        return self._add("Conv", [source or self.last, weight, bias], [n, channels, *size], kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[padding] * 4, group=groups)

    def relu6(self):
        bounds = [self._weight(np.array(bound)) for bound in (0, 6)]
        return self._add("Clip", [self.last, *bounds], self.shape)

    def silu(self):
        source = self.last
        return self._add("Sigmoid", [source], self.shape)._add("Mul", [source, self.last], self.shape)

    def up(self):
        """Twice the size, nearest neighbours."""
        n, c, h, w = self.shape
        scales = self._weight(np.array([1, 1, 2, 2]))
        return self._add("Resize", [self.last, "", scales], [n, c, 2 * h, 2 * w], mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="asymmetric")

    def join(self, other, shape):
        """Channels of another value behind the last one's."""
        return self._add("Concat", [self.last, other], [shape[0], self.shape[1] + shape[1], *shape[2:]], axis=1)

    def inverted_residual(self, channels, stride, expansion):
        """MobileNetV2's block."""
        source, inputs = self.last, self.shape[1]
        if expansion != 1:
            self.conv(inputs * expansion, 1).batch_norm().relu6()
        wide = self.shape[1]
        self.conv(wide, 3, stride, 1, groups=wide).batch_norm().relu6().conv(channels, 1).batch_norm()
        return self._add("Add", [self.last, source], self.shape) if stride == 1 and inputs == channels else self

    def batch_norm(self):
        c = self.shape[1]
        rows = (self.rng.uniform(0.8, 1.2, c), self.rng.uniform(-0.1, 0.1, c), self.rng.uniform(-0.1, 0.1, c),
                self.rng.uniform(0.8, 1.2, c))
        return self._add("BatchNormalization", [self.last, *(self._weight(row) for row in rows)], self.shape)

    def relu(self):
        return self._add("Relu", [self.last], self.shape)

    def max_pool(self):
        n, c, h, w = self.shape
        return self._add("MaxPool", [self.last], [n, c, h // 2, w // 2], kernel_shape=[2, 2], strides=[2, 2])

    def global_average(self):
        return self._add("GlobalAveragePool", [self.last], [*self.shape[:2], 1, 1])

    def flatten(self):
        return self._add("Flatten", [self.last], [self.shape[0], int(np.prod(self.shape[1:]))])

    def residual(self, channels, stride):
        """ResNet's basic block."""
        shortcut, shape = self.last, self.shape
        self.conv(channels, 3, stride, 1).batch_norm().relu().conv(channels, 3, 1, 1).batch_norm()
        branch, out_shape = self.last, self.shape
        if stride != 1 or shape[1] != channels:
            self.shape = shape
            self.conv(channels, 1, stride, 0, source=shortcut).batch_norm()
            shortcut = self.last
        return self._add("Add", [branch, shortcut], out_shape).relu()

    def num_parameters(self):
        return sum(int(np.prod(weight.dims)) for weight in self.weights)

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        io = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
              for name, shape in (("input", self.input_shape), (self.last, self.shape))]
        graph = helper.make_graph(self.nodes, self.name, io[:1], io[1:], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mintmark-bench")
        model.ir_version = 8
        onnx.save(model, str(folder / "network.onnx"))
        samples = self.rng.uniform(0, 1, (NUM_SAMPLES, int(np.prod(self.input_shape)))).round(4)
        for name, rows in (("samples.json", samples), ("input.json", samples[:1])):
            (folder / name).write_text(json.dumps({"input_data": rows.tolist()}))


def mlp(name, width, depth, batch=1):
    """DeepProve's dense benchmark: 4 inputs, `depth` hidden layers, 3 outputs, ReLU after each layer."""
    net = Net(name, (batch, 4)).dense(width).relu()
    for _ in range(depth):
        net.dense(width).relu()
    return net.dense(3).relu()


def cnn_264k():
    net = Net("cnn-264k", (1, 3, 32, 32)).conv(12, 5).relu().max_pool().conv(33, 5).relu().max_pool().flatten()
    return net.dense(247).relu().dense(173).relu().dense(10)


def vgg16():
    net = Net("vgg16", (1, 3, 32, 32))
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            net.conv(channels, 3, 1, 1).batch_norm().relu()
        net.max_pool()
    return net.flatten().dense(512).relu().dense(512).relu().dense(10)


def resnet18():
    net = Net("resnet18", (1, 3, 32, 32)).conv(64, 3, 1, 1).batch_norm().relu()
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        net.residual(channels, stride).residual(channels, 1)
    return net.global_average().flatten().dense(10)


def mobilenet_v2(side=224):
    """Sandler et al. 2018, width 1, 1,000 classes."""
    net = Net("mobilenet-v2", (1, 3, side, side)).conv(32, 3, 2, 1).batch_norm().relu6()
    for expansion, channels, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                               (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            net.inverted_residual(channels, stride if i == 0 else 1, expansion)
    return net.conv(1280, 1).batch_norm().relu6().global_average().flatten().dense(1000)


def unet(side=64, width=16):
    """Ronneberger et al. 2015 with padded convolutions: three levels, one class map."""
    net, kept = Net("unet", (1, 3, side, side)), []
    for level in range(3):
        for _ in range(2):
            net.conv(width << level, 3, 1, 1).batch_norm().relu()
        kept.append((net.last, list(net.shape)))
        net.max_pool()
    for _ in range(2):
        net.conv(width << 3, 3, 1, 1).batch_norm().relu()
    for level in (2, 1, 0):
        net.up().conv(width << level, 3, 1, 1).join(*kept[level])
        for _ in range(2):
            net.conv(width << level, 3, 1, 1).batch_norm().relu()
    return net.conv(1, 1)


def yolo_nano(side=160):
    """A detector of YOLOv5n's make: SiLU, strided convolutions, bottlenecks, one head at stride 16 (3 anchors, 80 classes)."""
    net = Net("yolo-nano", (1, 3, side, side)).conv(16, 3, 2, 1).batch_norm().silu()
    for channels, count in ((32, 1), (64, 2), (128, 2)):
        net.conv(channels, 3, 2, 1).batch_norm().silu()
        for _ in range(count):
            source, shape = net.last, list(net.shape)
            net.conv(channels // 2, 1).batch_norm().silu().conv(channels, 3, 1, 1).batch_norm().silu()
            net._add("Add", [net.last, source], shape)
    return net.conv(255, 1)


MODELS = {
    "mlp-4m": lambda: mlp("mlp-4m", 1024, 4),
    "cnn-264k": cnn_264k,
    "vgg16": vgg16,
    "resnet18": resnet18,
    "mlp-4m-batch32": lambda: mlp("mlp-4m-batch32", 1024, 4, batch=32),
    "mobilenet-v2": mobilenet_v2,
    "unet": unet,
    "yolo-nano": yolo_nano,
    "mlp-128m": lambda: mlp("mlp-128m", 4096, 8),
    "nano-gpt": lambda: transformer.nano_gpt(SEED),
    "nano-gpt-ids": lambda: transformer.nano_gpt_ids(SEED),
    "mini-lm": lambda: transformer.mini_lm(SEED),
    "gpt2": lambda: transformer.gpt2(SEED),
    "forest-100x8": lambda: forest.Forest("forest-100x8", 100, 8, 20, SEED),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench-models")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MODELS))
    args = parser.parse_args()
    for name in args.names or MODELS:
        if name not in MODELS:
            sys.exit(f"make.py: no model {name}; there are {', '.join(MODELS)}")
        net = MODELS[name]()
        net.write(args.out / name)
        print(f"{name}: {net.num_parameters():,} parameters, {len(net.nodes)} nodes")


if __name__ == "__main__":
    main()
