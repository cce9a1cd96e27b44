#!/usr/bin/env python3
"""Writes models whose rows are normalised in ways that exporters write out; needs what make_models.py needs. Run it in this folder."""
import numpy as np
from onnx import TensorProto

from make_models import Model


def over(m, axis, x, shape):
    """Sum over one axis and its mean of squares, without the axis, as JAX exports them."""
    count = m.const(np.float32(1 / shape[axis]))
    mean = m.node("Mul", m.node("ReduceSum", x, m.ints(axis), keepdims=0), count)
    squares = m.node("Mul", m.node("ReduceSum", m.node("Mul", x, x), m.ints(axis), keepdims=0), count)
    return mean, squares


def flax_norm(m, axis, x, shape):
    """flax.linen.LayerNorm: the variance is E x² - (E x)², the scale belongs to the inverse root."""
    kept = m.ints(*(1 if i == axis else d for i, d in enumerate(shape)))
    channels = [d if i == axis else 1 for i, d in enumerate(shape)]
    mean, squares = over(m, axis, x, shape)
    variance = m.node("Max", m.const(np.float32(0)), m.node("Sub", squares, m.node("Mul", mean, mean)))
    moved = m.node("Add", m.node("Reshape", variance, kept), m.const(np.float32(1e-6)))
    inverse = m.node("Reciprocal", m.node("Sqrt", moved))
    scaled = m.node("Mul", inverse, m.const(m.rng.uniform(0.5, 1.5, channels).astype(np.float32)))
    centred = m.node("Sub", x, m.node("Reshape", mean, kept))
    return m.node("Add", m.node("Mul", centred, scaled), m.weight(*channels))


def jax_softmax(m, x, shape, is_log):
    """jax.nn.softmax and log_softmax over the last axis."""
    kept = m.ints(*shape[:-1], 1)
    most = m.node("Max", m.const(np.float32(-np.inf)), m.node("ReduceMax", x, axes=[len(shape) - 1], keepdims=0))
    below = m.node("Sub", x, m.node("Expand", m.node("Reshape", most, kept), kept))
    power = m.node("Exp", below)
    total = m.node("Reshape", m.node("ReduceSum", power, m.ints(len(shape) - 1), keepdims=0), kept)
    return m.node("Sub", below, m.node("Log", total)) if is_log else m.node("Div", power, total)


def moments():
    """Means are twenty times as large as deviations: of E x² - (E x)² eight bits cancel."""
    m = Model("moments")
    shape = (2, 6, 16)
    x = m.input("x", *shape)
    rows = flax_norm(m, 2, x, shape)
    m.save(rows, flax_norm(m, 1, x, shape), jax_softmax(m, rows, shape, False), jax_softmax(m, rows, shape, True), low=9, high=11)


class Uneven(Model):
    """Rows of whole numbers, some a thousand times as long as others: the inputs are exact."""

    def sample(self, name, shape, low, high, grid):
        return super().sample(name, shape, low, high, grid) >> self.rng.integers(0, 11, (*shape[:-1], 1))


def lengths():
    """x / |x|, plainly and as torch.nn.functional.normalize exports it."""
    m = Uneven("lengths")
    x = m.input("x", 6, 24, kind=TensorProto.INT64)
    m.whole["x"] = (-16000, 16000)
    x = m.node("Cast", x, to=TensorProto.FLOAT)
    length = m.node("Sqrt", m.node("ReduceSum", m.node("Mul", x, x), m.ints(1), keepdims=1))
    guarded = m.node("Clip", m.node("ReduceL2", x, axes=[1], keepdims=1), m.const(np.float32(1e-12)))
    m.save(m.node("Div", x, length), m.node("Div", x, m.node("Expand", guarded, m.ints(6, 24))))


class Sounds(Model):
    """Loud and quiet ones."""

    def sample(self, name, shape, low, high, grid):
        return super().sample(name, shape, low, high, grid) * np.float32(4.0 ** -self.rng.integers(0, 5))


def spectrum():
    """Magnitudes of a short Fourier transform, and features of their logarithms' kind: what is quiet counts as much as what is loud."""
    m = Sounds("spectrum")
    size, step = 32, 16
    x = m.input("x", 1, 1, 128)
    angle = 2 * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size
    basis = np.concatenate([np.cos(angle), -np.sin(angle)]) * np.hanning(size)
    parts = m.node("Conv", x, m.const(basis[:, None].astype(np.float32)), strides=[step])
    half = size // 2 + 1
    real, imaginary = (m.node("Slice", parts, m.ints(a), m.ints(a + half), m.ints(1)) for a in (0, half))
    two = m.const(np.float32(2))
    length = m.node("Sqrt", m.node("Add", m.node("Pow", real, two), m.node("Pow", imaginary, two)))
    m.save(m.node("Tanh", m.node("Mul", length, m.const(np.float32(20)))), low=-1, high=1)


if __name__ == "__main__":
    for build in (moments, lengths, spectrum):
        build()
