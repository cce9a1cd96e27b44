#!/usr/bin/env python3
"""Writes the attention models of this folder as torch.onnx.export writes them, and their inputs with ONNX Runtime's outputs.

    make_attention.py export    the graphs of torch.onnx.export (TorchScript; Debian's python3-torch 1.13), dynamic axes and all
    make_attention.py run       ONNX Runtime's outputs of all
                                (Python packages onnx 1.17, onnxruntime, numpy)

The results are committed, so building and testing Mintmark needs none of this. Run it in this folder.
"""
import json
import pathlib
import sys

import numpy as np

TOKENS, PAST, VOCABULARY, WIDTH, HEADS = 5, 3, 12, 8, 2
SAMPLES = 8


# ---- TorchScript ---------------------------------------------------------------------------------

def export_all():
    import math

    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(7)
    lowest = torch.finfo(torch.float32).min

    class Bert(nn.Module):
        """BERT with absolute positions, token types, a padding mask and a pooler."""

        def __init__(self):
            super().__init__()
            self.words, self.types, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(2, WIDTH), nn.Embedding(16, WIDTH)
            self.register_buffer("position_ids", torch.arange(16).expand((1, -1)))
            self.norms = nn.ModuleList([nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(3)])
            self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
            self.up, self.down, self.pool = nn.Linear(WIDTH, 16), nn.Linear(16, WIDTH), nn.Linear(WIDTH, WIDTH)

        def heads(self, x):
            return x.view(x.size()[:-1] + (HEADS, WIDTH // HEADS)).permute(0, 2, 1, 3)

        def forward(self, input_ids, attention_mask, token_type_ids):
            position_ids = self.position_ids[:, :input_ids.size(1)]
            x = self.norms[0](self.words(input_ids) + self.types(token_type_ids) + self.places(position_ids))
            mask = (1.0 - attention_mask[:, None, None, :].to(dtype=torch.float32)) * lowest
            scores = torch.matmul(self.heads(self.q(x)), self.heads(self.k(x)).transpose(-1, -2)) / math.sqrt(WIDTH // HEADS)
            mixed = torch.matmul(nn.Softmax(dim=-1)(scores + mask), self.heads(self.v(x))).permute(0, 2, 1, 3).contiguous()
            x = self.norms[1](self.o(mixed.view(mixed.size()[:-2] + (WIDTH,))) + x)
            x = self.norms[2](self.down(functional.gelu(self.up(x))) + x)
            return x, torch.tanh(self.pool(x[:, 0]))

    class Conv1D(nn.Module):
        """GPT-2's linear layer."""

        def __init__(self, columns, rows):
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.randn(rows, columns) / math.sqrt(rows)), nn.Parameter(torch.zeros(columns))

        def forward(self, x):
            out = x.size()[:-1] + (self.weight.size(1),)
            return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(out)

    class Gpt2(nn.Module):
        """GPT-2 with its cache: the causal mask is cut from a buffer by the sizes of queries and keys."""

        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(16, WIDTH)
            self.norms = nn.ModuleList([nn.LayerNorm(WIDTH) for _ in range(3)])
            self.joint, self.out, self.up, self.down = Conv1D(3 * WIDTH, WIDTH), Conv1D(WIDTH, WIDTH), Conv1D(16, WIDTH), Conv1D(WIDTH, 16)
            self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
            self.register_buffer("bias", torch.tril(torch.ones((16, 16), dtype=torch.bool)).view(1, 1, 16, 16))

        def heads(self, x):
            return x.view(x.size()[:-1] + (HEADS, WIDTH // HEADS)).permute(0, 2, 1, 3)

        def forward(self, input_ids, past_key, past_value, attention_mask):
            length = past_key.size(-2)
            places = torch.arange(length, input_ids.size(-1) + length, dtype=torch.long).unsqueeze(0).view(-1, input_ids.size(-1))
            x = self.words(input_ids) + self.places(places)
            mask = (1.0 - attention_mask[:, None, None, :].to(dtype=torch.float32)) * lowest
            q, k, v = self.joint(self.norms[0](x)).split(WIDTH, dim=2)
            q, k, v = self.heads(q), self.heads(k), self.heads(v)
            k, v = torch.cat((past_key, k), dim=-2), torch.cat((past_value, v), dim=-2)
            scores = torch.matmul(q, k.transpose(-1, -2))
            scores = scores / torch.full([], v.size(-1) ** 0.5, dtype=scores.dtype)
            causal = self.bias[:, :, k.size(-2) - q.size(-2):k.size(-2), :k.size(-2)]
            scores = torch.where(causal, scores, torch.full([], lowest, dtype=scores.dtype)) + mask
            mixed = torch.matmul(functional.softmax(scores, dim=-1), v).permute(0, 2, 1, 3).contiguous()
            x = x + self.out(mixed.view(mixed.size()[:-2] + (WIDTH,)))
            h = self.up(self.norms[1](x))
            h = 0.5 * h * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (h + 0.044715 * torch.pow(h, 3.0))))
            return self.head(self.norms[2](x + self.down(h))), k, v

    class Llama(nn.Module):
        """RMSNorm, rotary positions from ids, grouped queries, SwiGLU, cache; the mask is made of comparisons and a triangle."""

        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(VOCABULARY, WIDTH)
            self.scales = nn.ParameterList([nn.Parameter(0.8 + 0.4 * torch.rand(WIDTH)) for _ in range(3)])
            self.size = 4
            self.q, self.k, self.v = nn.Linear(WIDTH, 8, bias=False), nn.Linear(WIDTH, 4, bias=False), nn.Linear(WIDTH, 4, bias=False)
            self.o = nn.Linear(8, WIDTH, bias=False)
            self.gate, self.up, self.down = nn.Linear(WIDTH, 12, bias=False), nn.Linear(WIDTH, 12, bias=False), nn.Linear(12, WIDTH, bias=False)
            self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
            self.register_buffer("inv_freq", 1.0 / (100.0 ** (torch.arange(0, self.size, 2).float() / self.size)))

        def rms(self, i, x):
            variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
            return self.scales[i] * (x * torch.rsqrt(variance + 1e-6)).to(x.dtype)

        @staticmethod
        def rotate_half(x):
            return torch.cat((-x[..., x.shape[-1] // 2:], x[..., :x.shape[-1] // 2]), dim=-1)

        @staticmethod
        def repeat(x, times):
            n, heads, length, size = x.shape
            return x[:, :, None, :, :].expand(n, heads, times, length, size).reshape(n, heads * times, length, size)

        def forward(self, input_ids, attention_mask, position_ids, past_key, past_value):
            x = self.words(input_ids)
            n, length = input_ids.shape
            past = past_key.shape[2]
            total = past + length
            causal = torch.full((length, total), lowest)
            causal = torch.triu(causal, diagonal=1)
            causal = causal * (torch.arange(total) > torch.arange(past, total).reshape(-1, 1))
            padding = causal[None, None, :, :].expand(n, 1, -1, -1) + attention_mask[:, None, None, :]
            mask = causal[None, None, :, :].expand(n, 1, -1, -1).masked_fill(attention_mask[:, None, None, :] == 0, lowest)
            del padding
            freqs = (self.inv_freq[None, :, None].float().expand(n, -1, 1) @ position_ids[:, None, :].float()).transpose(1, 2)
            angles = torch.cat((freqs, freqs), dim=-1)
            cos, sin = angles.cos()[:, None], angles.sin()[:, None]
            h = self.rms(0, x)
            q = self.q(h).view(n, length, 2, self.size).transpose(1, 2)
            k = self.k(h).view(n, length, 1, self.size).transpose(1, 2)
            v = self.v(h).view(n, length, 1, self.size).transpose(1, 2)
            q, k = q * cos + self.rotate_half(q) * sin, k * cos + self.rotate_half(k) * sin
            k, v = torch.cat((past_key, k), dim=2), torch.cat((past_value, v), dim=2)
            scores = torch.matmul(q, self.repeat(k, 2).transpose(2, 3)) / math.sqrt(self.size)
            shares = functional.softmax(scores + mask, dim=-1, dtype=torch.float32).to(q.dtype)
            mixed = torch.matmul(shares, self.repeat(v, 2)).transpose(1, 2).contiguous().reshape(n, length, 8)
            x = x + self.o(mixed)
            h = self.rms(1, x)
            x = x + self.down(functional.silu(self.gate(h)) * self.up(h))
            return self.head(self.rms(2, x)), k, v

    class T5(nn.Module):
        """T5's encoder layer: relative positions in logarithmic buckets, RMSNorm, no scaling, gated Gelu."""

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
            self.bias = nn.Embedding(8, HEADS)
            self.scale = nn.Parameter(0.8 + 0.4 * torch.rand(WIDTH))
            self.gate, self.up, self.down = nn.Linear(WIDTH, 12, bias=False), nn.Linear(WIDTH, 12, bias=False), nn.Linear(12, WIDTH, bias=False)

        def bucket(self, relative):
            count, most = 4, 8
            buckets = (relative > 0).to(torch.long) * count
            relative = torch.abs(relative)
            exact = count // 2
            large = exact + (torch.log(relative.float() / exact) / math.log(most / exact) * (count - exact)).to(torch.long)
            large = torch.min(large, torch.full_like(large, count - 1))
            return buckets + torch.where(relative < exact, relative, large)

        def rms(self, x):
            return self.scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)

        def forward(self, hidden, attention_mask):
            n, length = hidden.shape[:2]
            places = torch.arange(length)
            bias = self.bias(self.bucket(places[None, :] - places[:, None])).permute([2, 0, 1]).unsqueeze(0)
            bias = bias + (1.0 - attention_mask[:, None, None, :].to(dtype=torch.float32)) * lowest
            h = self.rms(hidden)
            q, k, v = (part(h).view(n, -1, HEADS, WIDTH // HEADS).transpose(1, 2) for part in (self.q, self.k, self.v))
            scores = torch.matmul(q, k.transpose(3, 2))
            scores += bias
            mixed = torch.matmul(functional.softmax(scores.float(), dim=-1).type_as(scores), v)
            x = hidden + self.o(mixed.transpose(1, 2).contiguous().view(n, -1, WIDTH))
            h = self.rms(x)
            return x + self.down(functional.gelu(self.gate(h)) * self.up(h))

    ids, ones = torch.zeros(1, TOKENS, dtype=torch.long), torch.ones(1, TOKENS, dtype=torch.long)
    both = torch.ones(1, PAST + TOKENS, dtype=torch.long)
    many, one = torch.zeros(1, HEADS, PAST, WIDTH // HEADS), torch.zeros(1, 1, PAST, 4)
    at = torch.arange(PAST, PAST + TOKENS)[None]
    cache = {"past_key": {2: "past"}, "past_value": {2: "past"}}
    token, whole = {1: "sequence"}, {1: "total"}
    for name, opset, model, inputs, axes in (
            ("bert", 11, Bert(), {"input_ids": ids, "attention_mask": ones, "token_type_ids": ids},
             {"input_ids": token, "attention_mask": token, "token_type_ids": token}),
            ("gpt2", 13, Gpt2(), {"input_ids": ids, "past_key": many, "past_value": many, "attention_mask": both},
             {"input_ids": token, "attention_mask": whole, **cache}),
            ("llama", 14, Llama(), {"input_ids": ids, "attention_mask": both, "position_ids": at, "past_key": one, "past_value": one},
             {"input_ids": token, "attention_mask": whole, "position_ids": token, **cache}),
            ("t5", 12, T5(), {"hidden": torch.zeros(1, TOKENS, WIDTH), "attention_mask": ones},
             {"hidden": token, "attention_mask": token})):
        with torch.no_grad():
            torch.onnx.export(model.eval(), tuple(inputs.values()), f"{name}_torchscript.onnx", opset_version=opset,
                              input_names=list(inputs), dynamic_axes=axes, do_constant_folding=True)
        path = pathlib.Path(f"{name}_torchscript.onnx")
        import onnx
        graph = onnx.load(str(path))
        for node in graph.graph.node:
            node.doc_string = ""
        path.write_bytes(graph.SerializeToString())


# ---- ONNX Runtime --------------------------------------------------------------------------------

def feed_of(name, shape, kind, rng):
    if name == "attention_mask":
        mask = np.ones(shape)
        mask[:, :int(rng.integers(0, 3))] = 0
        return mask.astype(kind)
    if name == "position_ids":
        return np.arange(PAST, PAST + shape[1])[None].astype(kind)
    if name == "token_type_ids":
        return (np.arange(shape[1]) >= int(rng.integers(1, shape[1])))[None].astype(kind)
    if name == "input_ids":
        return rng.integers(0, VOCABULARY, shape).astype(kind)
    return rng.uniform(-1.5, 1.5, shape).astype(kind)


def run(path):
    """Outputs of ONNX Runtime beside the model; open dims: sequence, past and their sum."""
    import onnxruntime
    rng, sizes = np.random.default_rng(11), {"sequence": TOKENS, "past": PAST, "total": PAST + TOKENS, "batch": 1}
    session = onnxruntime.InferenceSession(str(path))
    samples, results = [], []
    for _ in range(SAMPLES):
        feed = {}
        for value in session.get_inputs():
            shape = [sizes[d] if isinstance(d, str) else d for d in value.shape]
            kind = {"tensor(int64)": np.int64, "tensor(bool)": bool}.get(value.type, np.float32)
            feed[value.name] = feed_of(value.name, shape, kind, rng)
        out = session.run(None, feed)
        samples.append([[round(float(x), 7) for x in a.flatten()] for a in feed.values()])
        results.append([[float(f"{x:.7g}") for x in o.flatten()] for o in out])
    path.with_suffix(".json").write_text(json.dumps({"samples": samples, "outputs": results}, separators=(",", ":")) + "\n")


def main():
    if sys.argv[1:] == ["export"]:
        export_all()
    elif sys.argv[1:] == ["run"]:
        for path in sorted(pathlib.Path().glob("*_torchscript.onnx")):
            run(path)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
