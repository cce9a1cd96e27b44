#!/usr/bin/env python3
"""Writes small transformers of several equal blocks, as bench/models/transformer.py makes large ones, and beside each inputs with
ONNX Runtime's outputs. Run it in this folder; needs what make_models.py needs.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime

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


if __name__ == "__main__":
    decoder = transformer.Transformer("stacked_decoder", 6, 8, 2, SEED)
    for _ in range(3):
        decoder.decoder_block()
    write(decoder.head(7))
    encoder = transformer.Transformer("stacked_encoder", 5, 8, 2, SEED).embed(11)
    for _ in range(5):
        encoder.encoder_block()
    write(encoder)
