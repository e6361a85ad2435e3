"""RGT: attention between the pixels of rectangular windows and, in every second block, of each
pixel to a small map that is made of the whole picture."""
import math

import torch.nn.functional as F

from attention import attend, layer_norm, linear
from split import depthwise, gated_mlp, is_shifted, split_attention, split_network


def strided(net, x, name):
    """Each 4x4 pixels of [N,h,w,C] to one."""
    channels = x.shape[3]
    weight = net.tensor(name + '.weight', lambda: net.normal(channels, 1, 4, 4) / 4)
    bias = net.around(name + '.bias', channels, 0, 0.05)
    return F.conv2d(x.permute(0, 3, 1, 2), weight, bias, stride=4,
                    groups=channels).permute(0, 2, 3, 1)


def to_whole(net, x, name, heads, inner, bias):
    count, rows, columns, channels = x.shape
    small = x
    times = [int(math.log(size // 16, 4)) for size in (rows, columns)]
    for _ in range(max(2, *times)):
        small = strided(net, small, name + '.reduction1')
    small = depthwise(net, small, name + '.dwconv').permute(0, 3, 1, 2)
    small = net.conv(small, name + '.conv', inner, 1).permute(0, 2, 3, 1)
    small = F.gelu(layer_norm(net, small, name + '.norm_act.0'))
    q = linear(net, x, name + '.q', inner, bias).flatten(1, 2)
    k = linear(net, small, name + '.k', inner, bias).flatten(1, 2)
    v = linear(net, small, name + '.v', channels, bias)
    v = (v + depthwise(net, v, name + '.cpe')).flatten(1, 2)
    return attend(q, k, v, heads, 0).reshape(count, rows, columns, channels)


def block_of(heads, window, inner, bias):
    def block(net, x, name, group, index):
        channels = x.shape[3]
        attn = name + '.attn'
        y = layer_norm(net, x, name + '.norm1')
        if index % 2 == 0:
            qkv = linear(net, y, attn + '.qkv', 3 * channels, bias)
            y = split_attention(net, qkv, attn, window, is_shifted(group, index), heads)
            y = y + depthwise(net, qkv[..., 2 * channels:], attn + '.get_v')
        else:
            y = to_whole(net, y, attn, heads, inner, bias)
        y = x + linear(net, y, attn + '.proj', channels)
        y = y + gated_mlp(net, layer_norm(net, y, name + '.norm2'), name + '.mlp', 2 * channels)
        return y + x * net.around(name + '.gamma', channels, 0, 0.3)
    return block


def network(channels, heads, depths, window, scale, inner=None, bias=True, three=False):
    block = block_of(heads, window, inner or channels // 2, bias)
    return split_network(block, channels, depths, 'shuffle', scale, three)


def make(cases):
    def add(name, forward, scale, channels=3, **more):
        cases.add(name, forward, scale, channels, channels, exact=False, least=32, most=60, **more)

    add('medium 4', network(64, 2, [3, 2], (8, 32), 4), 4, wrapped='params')
    add('medium 3', network(96, 6, [4, 2], (8, 16), 3), 3)
    add('small 2', network(64, 4, [3, 2], (4, 8), 2), 2, wrapped='params')
    add('square 8', network(32, 2, [2, 1], (8, 8), 8), 8, wrapped=None)
    add('without bias', network(64, 2, [2, 2], (4, 16), 2, bias=False), 2)
    add('full channels', network(64, 8, [2], (8, 16), 2, 64), 2)
    add('three convolutions', network(64, 2, [4], (4, 8), 4, three=True), 4)
    add('grey', network(64, 2, [2, 2], (4, 8), 2), 2, 1)
    cases.add('long', network(32, 2, [2], (4, 8), 1), 1, exact=False, size=(65, 1030))
