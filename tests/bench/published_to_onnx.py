"""published_to_onnx.py FOLDER SIDE: the models that sisr-bench-published --write has put there, as
.onnx files of the reference networks that the tests compare with."""
import json
import os
import struct
import sys

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'core', 'architectures', 'reference'))

import compact  # noqa: E402
import esrgan  # noqa: E402
import span  # noqa: E402
from network import Net, enlarge  # noqa: E402


def srresnet(net, picture):
    """Our compact SRResNet."""
    first = x = F.relu(net.conv(picture, 'head', 48))
    for i in range(8):
        inner = F.relu(net.conv(x, f'body.{i}.conv1', 48))
        x = x + net.conv(inner, f'body.{i}.conv2', 48)
    x = net.conv(first + net.conv(x, 'trunk', 48), 'tail', 48)
    return F.pixel_shuffle(x, 4) + enlarge(picture, 4)


NETWORKS = {
    'srresnet': srresnet,
    'compact': compact.network(64, 32, 4, 3),
    'span': span.network(48, 4, 3, True, False),
    'esrgan-6': esrgan.network('body', [2, 2], 64, 6, 32, 3),
    'esrgan-23': esrgan.network('body', [2, 2], 64, 23, 32, 3),
}


class Module(torch.nn.Module):
    def __init__(self, net, function):
        super().__init__()
        self.net, self.function = net, function

    def forward(self, picture):
        return self.function(self.net, picture)


def read_safetensors(path):
    data = open(path, 'rb').read()
    (length,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + length])
    header.pop('__metadata__', None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry['data_offsets'])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        tensors[name] = flat.reshape(entry['shape'])
    return tensors


if __name__ == '__main__':
    folder, side = sys.argv[1], int(sys.argv[2])
    for name, function in NETWORKS.items():
        net = Net(0)
        net.weights = read_safetensors(os.path.join(folder, name + '.safetensors'))
        torch.onnx.export(Module(net, function), torch.rand(1, 3, side, side),
                          os.path.join(folder, name + '.onnx'), opset_version=13)
