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


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, known='onnx', exported=True, **more)

    add('compact', compact.network(16, 3, 4, 3), 4)
    add('compact grey', compact.network(8, 2, 2, 1, 'leaky'), 2, inputs=1, outputs=1)
    add('esrgan', esrgan.network('body', [2, 2], 16, 2, 8, 3), 4)
    add('span', span.network(12, 4, 3, True, True), 4)
    add('plksr', plksr.network(False, 16, 2, 8, 9, 2, (3, 1)), 2)
    add('realplksr', plksr.network(True, 16, 2, 8, 9, 3, attention=True), 3)
    add('rcan', residual.rcan('original', 16, 2, 2, 4, [2]), 2, exact=False)
    add('srgan', residual.srgan_trunk(16, 3, [2, 2]), 4)
    add('swift srgan', residual.swiftsrgan(16, 2, 2), 4)
    add('activations', activations, 2)
