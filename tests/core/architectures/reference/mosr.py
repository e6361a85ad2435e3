"""MoSR: gated blocks whose convolutions see a part of the channels each for itself."""
import torch
import torch.nn.functional as F

from sampled import sampled


def block(net, x, name, hidden, apart, kernel):
    wide = net.conv(net.channel_norm(x, name + '.norm'), name + '.fc1', 2 * hidden)
    gate, plain, inner = torch.split(wide, [hidden, hidden - apart, apart], 1)
    inner = net.conv(inner, name + '.conv', apart, kernel, groups=apart)
    y = F.mish(gate) * torch.cat([plain, inner], 1)
    return F.mish(net.conv(y, name + '.fc2', x.shape[1])) + (x - 0.5)


def network(features, blocks, hidden, apart, kernel, scale, head):
    def forward(net, picture):
        x = net.conv(picture, 'gblocks.0', features)
        for i in range(1, blocks + 1):
            x = block(net, x, f'gblocks.{i}', hidden, apart, kernel)
        x = F.mish(net.conv(x, f'gblocks.{blocks + 1}', 2 * features))
        x = F.mish(net.conv(x, f'gblocks.{blocks + 3}', features))
        x = net.conv(x, f'gblocks.{blocks + 5}', features, 1)
        side = F.mish(net.conv(picture, 'shortcut.block.0', features))
        side = F.mish(net.conv(side, 'shortcut.block.2', features))
        side = side + net.conv(picture, 'shortcut.conv11', features, 1)
        x = x + (side - 0.5)
        channels = picture.shape[1]
        if head == 'dys':
            return sampled(net, x, 'upsampler', channels, scale, 4)
        if head == 'gps':
            x = net.conv(x, 'upsampler.in_to_k', 8 * channels * scale * scale)
            x = x.reshape(x.shape[0], 8, -1, *x.shape[2:]).mean(1)
        else:
            x = net.conv(x, 'upsampler.0', channels * scale * scale)
        return F.pixel_shuffle(x, scale)
    return forward


def make(cases):
    def sizes():
        features = cases.choice(8, 16)
        return features, cases.number(1, 3), features * 3 // 2, features, cases.choice(5, 7)
    cases.add('ps 4', network(*sizes(), 4, 'ps'), 4)
    cases.add('ps 1', network(8, 2, 12, 8, 7, 1, 'ps'), 1, 1, 1)
    cases.add('gps 2', network(*sizes(), 2, 'gps'), 2)
    cases.add('gps 3 narrow', network(16, 2, 24, 8, 7, 3, 'gps'), 3)
    cases.add('dys 4', network(*sizes(), 4, 'dys'), 4, exact=False)
    cases.add('dys 2', network(*sizes(), 2, 'dys'), 2, exact=False)
