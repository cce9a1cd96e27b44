"""The refining and the last network of MTCNN (Zhang et al. 2016) as PyPI's facenet-pytorch carries them: face or not, for one crop."""
import torch
from torch import nn


class Stage(nn.Module):
    """Convolutions with PReLU and max pooling, dense layers; the class's probability is the output (boxes are left out)."""

    def __init__(self, convolutions, dense, pools):
        super().__init__()
        layers, channels = [], 3
        for i, (width, kernel) in enumerate(convolutions):
            layers += [nn.Conv2d(channels, width, kernel), nn.PReLU(width)]
            if i < len(pools):
                layers.append(nn.MaxPool2d(pools[i], 2, ceil_mode=True))
            channels = width
        self.body = nn.Sequential(*layers)
        self.dense, self.bend, self.score = nn.Linear(*dense), nn.PReLU(dense[1]), nn.Linear(dense[1], 2)

    def forward(self, x):
        # The weights are Caffe's: columns before rows before channels.
        flat = self.body(x).permute(0, 3, 2, 1).flatten(1)
        return torch.softmax(self.score(self.bend(self.dense(flat))), dim=1)[:, 1:]


STAGES = {  # side of the crop, shape, file
    "refine": (24, lambda: Stage([(28, 3), (48, 3), (64, 2)], (576, 128), [3, 3]), "rnet.pt"),
    "last": (48, lambda: Stage([(32, 3), (64, 3), (64, 3), (128, 2)], (1152, 256), [3, 3, 2]), "onet.pt"),
}


def export(stage, folder, target):
    """Writes the ONNX file with the weights of `folder`."""
    side, make, file = STAGES[stage]
    network, given = make().eval(), torch.load(str(folder / file))
    names = [name for name in given if name.endswith((".weight", ".bias"))]
    # In the order of their definition: convolutions, dense layer, class score; what follows are boxes.
    own = network.state_dict()
    for name, theirs in zip(own, names):
        own[name].copy_(given[theirs])
    torch.onnx.export(network, torch.zeros(1, 3, side, side), str(target), opset_version=13, input_names=["input"], output_names=["face"])
