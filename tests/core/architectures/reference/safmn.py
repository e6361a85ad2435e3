"""SAFMN: features weighed by themselves as seen at several scales."""
import torch
import torch.nn.functional as F

from network import pad_to


def modulated(net, x, name, levels):
    size = x.shape[2:]
    parts = []
    for level, part in enumerate(x.chunk(levels, 1)):
        seen = F.adaptive_max_pool2d(part, [side // 2 ** level for side in size])
        seen = net.conv(seen, f'{name}.mfr.{level}', part.shape[1], 3, groups=part.shape[1])
        parts.append(F.interpolate(seen, size=size, mode='nearest'))
    return F.gelu(net.conv(torch.cat(parts, 1), name + '.aggr', x.shape[1], 1, gain=3)) * x


def block(net, x, name, ratio, levels):
    x = x + modulated(net, net.channel_norm(x, name + 'norm1'), name + 'safm', levels)
    y = net.conv(net.channel_norm(x, name + 'norm2'), name + 'ccm.ccm.0', ratio * x.shape[1])
    return x + net.conv(F.gelu(y), name + 'ccm.ccm.2', x.shape[1], 1)


def network(channels, blocks, ratio, scale, levels=4):
    def forward(net, picture):
        height, width = picture.shape[2:]
        head = net.conv(pad_to(picture, 2 ** (levels - 1)), 'to_feat', channels)
        x = head
        for i in range(blocks):
            x = block(net, x, f'feats.{i}.', ratio, levels)
        x = net.conv(x + head, 'to_img.0', picture.shape[1] * scale ** 2)
        return F.pixel_shuffle(x, scale)[:, :, :scale * height, :scale * width]
    return forward


def grouped(channels, depths, ratio, unshuffle, levels=4):
    def forward(net, picture):
        height, width = picture.shape[2:]
        x = F.pixel_unshuffle(pad_to(picture, unshuffle << (levels - 1)), unshuffle)
        head = net.conv(x, 'to_feat.1', channels)
        x = head
        for i, depth in enumerate(depths):
            y = x
            for k in range(depth):
                y = block(net, y, f'feats.{i}.layers.{k}.', ratio, levels)
            x = x + net.conv(y, f'feats.{i}.conv', channels)
        x = net.conv(x + head, 'to_img.0', channels * unshuffle ** 2)
        x = net.conv(F.pixel_shuffle(x, unshuffle), 'to_img.2', picture.shape[1])
        return x[:, :, :height, :width]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, **{'least': 9, 'most': 30, **more})

    add('2', network(16, 3, 2, 2), 2)
    add('3', network(12, 2, 2, 3), 3)
    add('4', network(24, 2, 2, 4), 4, wrapped='params')
    add('1', network(8, 2, 3, 1), 1, wrapped=None)
    add('grouped', grouped(16, [2, 1], 2, 2), 1, least=17)
    add('grouped without unshuffling', grouped(8, [2], 2, 1), 1)
