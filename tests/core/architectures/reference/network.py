"""A network that makes its random weights where its layers are first asked for them, and the files
that the tests read: the published layouts are then nothing but the names that a layer is given."""
import collections
import json
import os
import struct

import torch
import torch.nn.functional as F


class Net:
    def __init__(self, seed):
        self.random = torch.Generator().manual_seed(seed)
        self.weights = collections.OrderedDict()

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.random)

    def tensor(self, name, make):
        if name not in self.weights:
            self.weights[name] = make()
        return self.weights[name]

    def around(self, name, count, mean, deviation):
        """One number a channel."""
        return self.tensor(name, lambda: mean + deviation * self.normal(count))

    def conv(self, x, name, outputs, kernel=3, bias=True, groups=1, gain=1.0, pad=None):
        inputs = x.shape[1] // groups
        spread = gain / (inputs * kernel * kernel) ** 0.5
        weight = self.tensor(name + '.weight',
                             lambda: spread * self.normal(outputs, inputs, kernel, kernel))
        offset = self.around(name + '.bias', outputs, 0, 0.05) if bias else None
        return F.conv2d(x, weight, offset, padding=kernel // 2 if pad is None else pad,
                        groups=groups)

    def prelu(self, x, name, slopes=None):
        return F.prelu(x, self.around(name + '.weight', slopes or x.shape[1], 0.25, 0.1))

    def batch_norm(self, x, name):
        count = x.shape[1]
        weight = self.around(name + '.weight', count, 1, 0.1)
        bias = self.around(name + '.bias', count, 0, 0.1)
        mean = self.around(name + '.running_mean', count, 0, 0.1)
        variance = self.tensor(name + '.running_var',
                               lambda: 0.5 + torch.rand(count, generator=self.random))
        self.tensor(name + '.num_batches_tracked', lambda: torch.tensor(7))
        return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, 1e-5)

    def group_norm(self, x, name, groups):
        count = x.shape[1]
        return F.group_norm(x, groups, self.around(name + '.weight', count, 1, 0.1),
                            self.around(name + '.bias', count, 0, 0.1), 1e-5)

    def channel_norm(self, x, name):
        weight = self.around(name + '.weight', x.shape[1], 1, 0.1)
        bias = self.around(name + '.bias', x.shape[1], 0, 0.1)
        centred = x - x.mean(1, keepdim=True)
        deviation = (centred.square().mean(1, keepdim=True) + 1e-6).sqrt()
        return weight[:, None, None] * (centred / deviation) + bias[:, None, None]


def enlarge(x, factor):
    return F.interpolate(x, scale_factor=float(factor), mode='nearest')


def leaky(x, slope):
    return F.leaky_relu(x, slope)


def pad_to(x, multiple):
    if multiple == 1:
        return x  # no sizes that an exported graph would compute
    below = -x.shape[2] % multiple
    right = -x.shape[3] % multiple
    return F.pad(x, (0, right, 0, below), mode='reflect') if below or right else x


def write_safetensors(path, tensors, metadata):
    kinds = {torch.float32: 'F32', torch.float16: 'F16', torch.int64: 'I64'}
    header = {'__metadata__': metadata}
    data = b''
    for name, tensor in tensors.items():
        part = tensor.contiguous().numpy().tobytes()
        header[name] = {'dtype': kinds[tensor.dtype], 'shape': list(tensor.shape),
                        'data_offsets': [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


def export_onnx(path, net, forward, x):
    class Module(torch.nn.Module):
        def forward(self, picture):
            return forward(net, picture)

    # PyTorch 2 looks for functions of ONNX script by a package that this does not need: there are none.
    utils = getattr(getattr(torch.onnx, '_internal', None), 'onnx_proto_utils', None)
    if hasattr(utils, '_add_onnxscript_fn'):
        utils._add_onnxscript_fn = lambda model, functions: model
    sides = {2: 'height', 3: 'width'}
    torch.onnx.export(Module(), x, path, opset_version=13, input_names=['picture'],
                      output_names=['enlarged'], dynamic_axes={'picture': sides})


class Cases:
    """Writes each case into a folder of its own."""

    def __init__(self, folder, family, seed):
        self.folder = folder
        self.family = family
        self.seed = seed
        self.count = 0
        self.random = torch.Generator().manual_seed(seed)

    def number(self, least, most):
        return int(torch.randint(least, most + 1, (1,), generator=self.random))

    def choice(self, *values):
        return values[self.number(0, len(values) - 1)]

    @torch.no_grad()
    def add(self, name, forward, scale, inputs=3, outputs=3, exact=True, known=None, given=None,
            wrapped='params_ema', leftovers=(), least=5, most=20, size=None, exported=False):
        """forward(net, x): the network. known: the architecture's name, else the family's. given:
        metadata that the file of this case is read with. wrapped: the key of the state_dict in the
        .pth, or none. size: of the picture, else of `least` to `most` pixels a side. exported: an
        ONNX file beside the others, as PyTorch writes it."""
        self.count += 1
        net = Net(self.seed * 1000 + self.count)
        size = size or (self.number(least, most), self.number(least, most))
        x = torch.rand(1, inputs, *size, generator=self.random)
        expected = forward(net, x)
        assert expected.shape == (1, outputs, scale * size[0], scale * size[1]), expected.shape
        for leftover in leftovers:
            net.weights[leftover] = torch.zeros(1)
        folder = os.path.join(self.folder, self.family, name.replace(' ', '-'))
        os.makedirs(folder)
        weights = collections.OrderedDict((k, v.contiguous()) for k, v in net.weights.items())
        state = {wrapped: weights, 'iter': 5} if wrapped else weights
        torch.save(state, os.path.join(folder, 'new.pth'))
        torch.save(state, os.path.join(folder, 'old.pth'), _use_new_zipfile_serialization=False)
        write_safetensors(os.path.join(folder, 'model.safetensors'), weights, {'format': 'pt'})
        if exported:
            export_onnx(os.path.join(folder, 'model.onnx'), net, forward, x)
        told = {'id': known or self.family, 'scale': str(scale), 'inputs': str(inputs),
                'outputs': str(outputs), 'exact': 'yes' if exact else 'no'}
        told.update(('given.' + key, value) for key, value in (given or {}).items())
        write_safetensors(os.path.join(folder, 'case.safetensors'),
                          {'input': x, 'expected': expected.contiguous()}, told)
