"""DAT: attention between the pixels of rectangular windows and, in every second block, between
channels."""
import torch
import torch.nn.functional as F

from attention import layer_norm, linear
from split import depthwise, gated_mlp, is_shifted, split_attention, split_network


def normed(net, x, name):
    """Batch norm of [N,h,w,C]."""
    return net.batch_norm(x.permute(0, 3, 1, 2), name).permute(0, 2, 3, 1)


def pointwise(net, x, name, outputs):
    return net.conv(x.permute(0, 3, 1, 2), name, outputs, 1).permute(0, 2, 3, 1)


def channel_gate(net, x, name):
    squeezed = pointwise(net, x.mean((1, 2), keepdim=True), name + '.1', x.shape[3] // 8)
    return pointwise(net, F.gelu(normed(net, squeezed, name + '.2')), name + '.4',
                     x.shape[3]).sigmoid()


def spatial_gate(net, x, name):
    squeezed = normed(net, pointwise(net, x, name + '.0', x.shape[3] // 16), name + '.1')
    return pointwise(net, F.gelu(squeezed), name + '.3', 1).sigmoid()


def channel_attention(net, qkv, name, heads):
    count, rows, columns, channels = qkv.shape
    # [N, heads, d, pixels]
    q, k, v = (part.reshape(count, rows * columns, heads, -1).permute(0, 2, 3, 1)
               for part in qkv.chunk(3, -1))
    temperature = net.tensor(name + '.temperature', lambda: 1 + net.normal(heads, 1, 1).abs())
    scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * temperature
    return (scores.softmax(-1) @ v).permute(0, 3, 1, 2).reshape(count, rows, columns, -1)


def block_of(heads, window, ratio, bias):
    def block(net, x, name, group, index):
        channels = x.shape[3]
        qkv = linear(net, layer_norm(net, x, name + '.norm1'), name + '.attn.qkv', 3 * channels,
                     bias)
        attn = name + '.attn'
        convolved = depthwise(net, qkv[..., 2 * channels:], attn + '.dwconv.0')
        convolved = F.gelu(normed(net, convolved, attn + '.dwconv.1'))
        if index % 2 == 0:
            attended = split_attention(net, qkv, attn, window, is_shifted(group, index), heads)
            of_channels, of_pixels = convolved, attended
        else:
            attended = channel_attention(net, qkv, attn, heads)
            of_channels, of_pixels = attended, convolved
        channel = channel_gate(net, of_channels, attn + '.channel_interaction')
        spatial = spatial_gate(net, of_pixels, attn + '.spatial_interaction')
        if index % 2 == 0:
            y = attended * channel + convolved * spatial
        else:
            y = attended * spatial + convolved * channel
        x = x + linear(net, y, attn + '.proj', channels)
        return x + gated_mlp(net, layer_norm(net, x, name + '.norm2'), name + '.ffn',
                             int(ratio * channels))
    return block


def network(channels, heads, depths, window, upsampler, scale, ratio=2, bias=True, three=False):
    return split_network(block_of(heads, window, ratio, bias), channels, depths, upsampler, scale,
                         three)


def make(cases):
    def add(name, forward, scale, channels=3, **more):
        cases.add(name, forward, scale, channels, channels, exact=False, **more)

    add('medium 4', network(64, 2, [3, 1], (4, 16), 'shuffle', 4, 4), 4, wrapped='params')
    add('medium 3', network(96, 6, [4, 2], (8, 16), 'shuffle', 3, 4), 3)
    add('second 2', network(64, 4, [3], (4, 8), 'shuffle', 2), 2, wrapped='params', most=40)
    add('second 8', network(64, 2, [2, 1, 1], (16, 8), 'shuffle', 8), 8)
    add('light 4', network(64, 2, [5], (2, 8), 'direct', 4), 4, wrapped='params')
    add('light 2', network(96, 4, [3, 2], (8, 32), 'direct', 2), 2, wrapped=None, most=60)
    add('square 2', network(64, 2, [3], (8, 8), 'direct', 2, bias=False), 2)
    add('odd windows', network(64, 2, [3, 1], (5, 15), 'direct', 3, bias=False), 3, most=40)
    add('odd heads', network(48, 3, [3, 1], (4, 8), 'direct', 2), 2)
    add('narrow windows', network(64, 4, [4], (1, 6), 'shuffle', 2), 2)
    add('three convolutions', network(64, 2, [3], (4, 8), 'direct', 4, three=True), 4)
    add('enlarging nothing', network(64, 2, [2, 1], (4, 12), 'shuffle', 1, 2.5), 1)
    add('grey', network(32, 2, [2, 1], (4, 8), 'direct', 2), 2, 1)
    add('with alpha', network(64, 2, [1, 1], (4, 8), 'shuffle', 2), 2, 4)
