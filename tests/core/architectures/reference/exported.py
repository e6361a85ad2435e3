"""Networks of several families as ONNX files that PyTorch writes."""
import torch.nn.functional as F

import compact
import esrgan
import plksr
import residual
import span
from network import enlarge


def activations(net, picture):
    """Each that a program has."""
    x = net.conv(picture, 'first', 8)
    for i, activate in enumerate((F.gelu, F.mish, F.silu, F.relu6, lambda x: x.tanh(),
                                  lambda x: x.sigmoid(), lambda x: F.leaky_relu(x, 0.3))):
        x = x + activate(net.conv(x, f'body.{i}', 8))
    parts = x.split([3, 5], 1)
    x = net.conv(x[:, 2:6], 'sliced', 3) - parts[0] / 3 + 0.25 * net.conv(parts[1], 'split', 3)
    x = F.interpolate(x, scale_factor=2.0, mode='bilinear', align_corners=False)
    return (x + enlarge(picture, 2)).clamp(0, 1)


def gated(net, picture):
    """Weighed by the means of its channels, as RCAN and RealCUGAN are."""
    x = net.conv(picture, 'first', 8)
    for i, mean in enumerate((x.mean((2, 3), keepdim=True), F.adaptive_avg_pool2d(x, 1))):
        gate = F.relu(net.conv(mean, f'gates.{i}.0', 4, 1))
        x = x * net.conv(gate, f'gates.{i}.1', 8, 1).sigmoid()
    return net.conv(x, 'last', 3)


def dense(net, picture):
    """A dense block of ESRGAN, and its way of enlarging."""
    x = esrgan.dense(net, net.conv(picture, 'first', 8), 'block', 4, '', False)
    x = F.leaky_relu(net.conv(enlarge(x, 2), 'up', 8), 0.2)
    return net.conv(x, 'last', 3)


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, known='onnx', exported=True, **more)

    add('compact', compact.network(16, 3, 4, 3), 4)
    add('compact grey', compact.network(8, 2, 2, 1, 'leaky'), 2, inputs=1, outputs=1)
    add('dense', dense, 2)
    add('msrresnet', residual.msrresnet(16, 2, [2, 2]), 4)
    add('span', span.network(12, 4, 3, True, True), 4)
    add('plksr', plksr.network(False, 16, 2, 8, 9, 2, (3, 1)), 2)
    add('realplksr', plksr.network(True, 16, 2, 8, 9, 3, attention=True), 3)
    add('gated', gated, 1, exact=False)
    add('srgan', residual.srgan_trunk(16, 3, [2, 2]), 4)
    add('swift srgan', residual.swiftsrgan(16, 2, 2), 4)
    add('activations', activations, 2)
