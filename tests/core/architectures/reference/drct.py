"""DRCT: groups of five of SwinIR's blocks, densely connected."""
import torch

from attention import norm_map, swin_block
from network import leaky, pad_to
from residual import MEAN
from swinir import reconstruct


def group(net, x, name, window, heads, growth, hidden, shifted):
    made = [x]
    channels = x.shape[1]
    for i in range(5):
        y = torch.cat(made, 1)
        width = y.shape[1]
        fit = heads - width % heads
        y = swin_block(net, y.permute(0, 2, 3, 1), f'{name}.swin{i + 1}', window,
                       window // 2 if i % 2 and shifted else 0, fit,
                       int(width * hidden) if i < 3 else width).permute(0, 3, 1, 2)
        y = net.conv(y, f'{name}.adjust{i + 1}', channels if i == 4 else growth, 1)
        if i == 4:
            return x + 0.2 * y
        made.append(leaky(y, 0.2))


def network(channels, heads, groups, window, growth, scale, hidden=2, normed=True,
            convolved=True, shifted=True):
    def forward(net, picture):
        mean = MEAN if picture.shape[1] == 3 else 0
        head = net.conv(pad_to(picture, window) - mean, 'conv_first', channels)
        x = norm_map(net, head, 'patch_embed.norm') if normed else head
        for i in range(groups):
            x = group(net, x, f'layers.{i}', window, heads, growth, hidden, shifted)
        x = norm_map(net, x, 'norm')
        x = head + (net.conv(x, 'conv_after_body', channels) if convolved else x)
        x = reconstruct(net, x, 'shuffle', scale, 16, picture.shape[1]) + mean
        return x[:, :, :scale * picture.shape[2], :scale * picture.shape[3]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, least=17, **more)

    add('normal 4', network(20, 4, 2, 8, 8, 4), 4, wrapped='params')
    add('fewer heads 2', network(24, 6, 2, 4, 4, 2, hidden=1), 2)
    add('wide 3', network(16, 4, 1, 16, 4, 3, normed=False, convolved=False), 3, wrapped=None)
    add('not shifted 4', network(16, 2, 1, 8, 4, 4, shifted=False), 4)
    add('grey 1', network(16, 4, 1, 7, 8, 1), 1, inputs=1, outputs=1)
