#!/usr/bin/env python3
"""Writes small transformers of several equal blocks, as bench/models/transformer.py makes large ones, and beside each inputs with
ONNX Runtime's outputs. Run it in this folder; needs what make_models.py needs.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

sys.path.append(str(pathlib.Path(__file__).resolve().parents[4] / "bench/models"))
import transformer  # noqa: E402

SAMPLES, SEED = 8, 5


def write(net):
    folder = pathlib.Path("made")
    net.write(folder, SAMPLES)
    samples = json.loads((folder / "samples.json").read_text())["input_data"]
    (folder / "network.onnx").rename(f"{net.name}.onnx")
    session = onnxruntime.InferenceSession(f"{net.name}.onnx")
    given = session.get_inputs()[0]
    kind = np.int64 if "int64" in given.type else np.float32
    outputs = [session.run(None, {given.name: np.asarray(s, dtype=kind).reshape(given.shape)})[0] for s in samples]
    results = [[[float(f"{x:.7g}") for x in output.flatten()]] for output in outputs]
    pathlib.Path(f"{net.name}.json").write_text(
        json.dumps({"samples": [[s] for s in samples], "outputs": results}, separators=(",", ":")) + "\n")
    for name in ("samples.json", "input.json"):
        (folder / name).unlink()
    folder.rmdir()


class Masked(transformer.Transformer):
    """An encoder with a computed mask as PyTorch exports it, whose residual stream has a channel that is hundreds of times as large as the
    others for some tokens, as trained ones have."""

    def add(self, op, *inputs, outputs=1, **attributes):
        if op == "Softmax":
            kept = super().add("Cast", super().add("Unsqueeze", "mask", self.ints(1, 2)), to=onnx.TensorProto.FLOAT)
            far = super().add("Mul", super().add("Sub", self.constant(1.0), kept), self.constant(np.finfo(np.float32).min))
            inputs = (super().add("Add", inputs[0], far),)
        return super().add(op, *inputs, outputs=outputs, **attributes)

    def feed_forward(self, x, tanh):
        first = len(self.weights)
        y = super().feed_forward(x, tanh)
        second = next(i for i, w in enumerate(self.weights) if i > first and list(w.dims) == [4 * self.width, self.width])
        values = numpy_helper.to_array(self.weights[second]).copy()
        values[3, 2] = 20
        self.weights[second].CopyFrom(numpy_helper.from_array(values, self.weights[second].name))
        return y


def write_masked(net):
    """Two inputs: ids, and which of them count."""
    folder = pathlib.Path("made")
    net.write(folder, SAMPLES)
    model = onnx.load(str(folder / "network.onnx"))
    model.graph.input.append(onnx.helper.make_tensor_value_info("mask", onnx.TensorProto.INT64, [1, net.tokens]))
    onnx.save(model, f"{net.name}.onnx")
    session, rng = onnxruntime.InferenceSession(f"{net.name}.onnx"), np.random.default_rng(SEED)
    samples, results = [], []
    for i in range(2 * SAMPLES):
        ids = rng.integers(0, net.vocabulary, (1, net.tokens))
        mask = (np.arange(net.tokens) < net.tokens - i % 4).astype(np.int64)[None]
        output = session.run(None, {"input": ids, "mask": mask})[0]
        samples.append([ids[0].tolist(), mask[0].tolist()])
        results.append([[float(f"{x:.7g}") for x in output.flatten()]])
    pathlib.Path(f"{net.name}.json").write_text(json.dumps({"samples": samples, "outputs": results}, separators=(",", ":")) + "\n")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


if __name__ == "__main__":
    decoder = transformer.Transformer("stacked_decoder", 6, 8, 2, SEED)
    for _ in range(3):
        decoder.decoder_block()
    write(decoder.head(7))
    encoder = transformer.Transformer("stacked_encoder", 5, 8, 2, SEED).embed(11)
    for _ in range(5):
        encoder.encoder_block()
    write(encoder)
    masked = Masked("masked_encoder", 8, 16, 2, SEED).embed(23)
    for _ in range(4):
        masked.encoder_block()
    write_masked(masked)
