"""Real-CUGAN: two U-Nets whose convolutions do not pad, round them a picture's reflection."""
import torch
import torch.nn.functional as F

from network import leaky


def conv(net, x, name, outputs):
    return net.conv(x, name, outputs, 3, gain=1.4, pad=0)


def halved(net, x, name):
    count = x.shape[1]
    weight = net.tensor(name + '.weight',
                        lambda: net.normal(count, count, 2, 2) * 0.7 / count ** 0.5)
    return leaky(F.conv2d(x, weight, net.around(name + '.bias', count, 0, 0.05), 2), 0.1)


def transposed(net, x, name, outputs, kernel, stride, padding):
    spread = (1.4 * stride / kernel) / x.shape[1] ** 0.5
    weight = net.tensor(name + '.weight',
                        lambda: spread * net.normal(x.shape[1], outputs, kernel, kernel))
    return F.conv_transpose2d(x, weight, net.around(name + '.bias', outputs, 0, 0.05), stride,
                              padding)


def doubled(net, x, name):
    return leaky(transposed(net, x, name, x.shape[1], 2, 2, 0), 0.1)


def twice(net, x, name, middle, outputs, weighed=True):
    x = leaky(conv(net, x, name + '.conv.0', middle), 0.1)
    x = leaky(conv(net, x, name + '.conv.2', outputs), 0.1)
    if not weighed:
        return x
    gate = F.relu(net.conv(x.mean((2, 3), keepdim=True), name + '.seblock.conv1', outputs // 8, 1))
    return x * torch.sigmoid(net.conv(gate, name + '.seblock.conv2', outputs, 1, gain=4))


def less(x, border):
    return x[:, :, border:-border, border:-border]


def shallow(net, x, wide, outputs, kernel):
    first = twice(net, x, 'unet1.conv1', wide // 2, wide, False)
    y = twice(net, halved(net, first, 'unet1.conv1_down'), 'unet1.conv2', 2 * wide, wide)
    y = less(first, 4) + doubled(net, y, 'unet1.conv2_up')
    y = leaky(conv(net, y, 'unet1.conv3', wide), 0.1)
    padding = {4: 3, 5: 2}[kernel]
    return transposed(net, y, 'unet1.conv_bottom', outputs, kernel, kernel - 2, padding)


def deep(net, x, wide):
    first = twice(net, x, 'unet2.conv1', wide // 2, wide, False)
    second = twice(net, halved(net, first, 'unet2.conv1_down'), 'unet2.conv2', wide, 2 * wide)
    y = twice(net, halved(net, second, 'unet2.conv2_down'), 'unet2.conv3', 4 * wide, 2 * wide)
    y = less(second, 4) + doubled(net, y, 'unet2.conv3_up')
    y = doubled(net, twice(net, y, 'unet2.conv4', wide, wide), 'unet2.conv4_up')
    y = leaky(conv(net, less(first, 16) + y, 'unet2.conv5', wide), 0.1)
    return conv(net, y, 'unet2.conv_bottom', x.shape[1])


def reflected(x, border, multiple):
    below, right = -x.shape[2] % multiple, -x.shape[3] % multiple
    return F.pad(x, (border, border + right, border, border + below), mode='reflect')


def network(scale, wide=16, pro=False, fast=False):
    def forward(net, picture):
        height, width = picture.shape[2:]
        x = picture
        if pro:
            net.tensor('pro', lambda: torch.zeros(1))
            x = x * 0.7 + 0.15
        base = F.interpolate(x, scale_factor=float(scale), mode='nearest')
        if fast:
            below, right = -height % 4, -width % 4
            x = F.pad(x, (0, right, 0, below), mode='reflect') if below or right else x
            x = F.pixel_unshuffle(F.pad(x, (38, 38, 38, 38), mode='reflect'), 2)
        elif scale == 3:
            x = reflected(x, 14, 4)
        else:
            x = reflected(x, 19 if scale == 4 else 18, 2)
        ends = scale == 4 or fast
        first = shallow(net, x, wide, wide if ends else picture.shape[1], 5 if scale == 3 else 4)
        x = deep(net, first, wide) + less(first, 20)
        if ends:
            x = F.pixel_shuffle(less(net.conv(x, 'conv_final', 12, 3, pad=0), 1), 2)
            x = x[:, :, :scale * height, :scale * width] + base
        x = x[:, :, :scale * height, :scale * width]
        return (x - 0.15) / 0.7 if pro else x
    return forward


def make(cases):
    def add(name, forward, scale, least=22, most=30, **more):
        cases.add(name, forward, scale, exact=False, least=least, most=most, wrapped=None, **more)

    add('2', network(2), 2)
    add('2 of other sizes', network(2, 24), 2, most=41)
    add('2 pro', network(2, pro=True), 2)
    add('3', network(3), 3)
    add('3 pro', network(3, pro=True), 3)
    add('4', network(4), 4)
    add('4 pro', network(4, pro=True), 4)
    add('2 fast', network(2, fast=True), 2, least=39, most=50)
    add('2 grey', network(2), 2, inputs=1, outputs=1)
    add('4 from grey', network(4), 4, inputs=1)
