"""SwinIR: groups of shifted-window blocks, each group ended by convolutions."""
import torch
import torch.nn.functional as F

from attention import norm_map, swin_block
from network import enlarge, leaky, pad_to
from residual import MEAN, steps


def one_or_three(net, x, name, three):
    channels = x.shape[1]
    if not three:
        return net.conv(x, name, channels)
    x = leaky(net.conv(x, name + '.0', channels // 4), 0.2)
    x = leaky(net.conv(x, name + '.2', channels // 4, 1), 0.2)
    return net.conv(x, name + '.4', channels)


def reconstruct(net, x, upsampler, scale, channels, outputs):
    """Features to a picture, as SwinIR and those after it do."""
    if upsampler == 'direct':
        return F.pixel_shuffle(net.conv(x, 'upsample.0', outputs * scale ** 2), scale)
    if upsampler == 'none':
        return net.conv(x, 'conv_last', outputs)
    x = leaky(net.conv(x, 'conv_before_upsample.0', channels), 0.01)
    if upsampler == 'shuffle':
        x = steps(net, x, 'upsample.', {1: [], 2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2]}[scale])
    else:
        for i in range({2: 1, 4: 2}[scale]):
            x = leaky(net.conv(enlarge(x, 2), f'conv_up{i + 1}', channels), 0.2)
        x = leaky(net.conv(x, 'conv_hr', channels), 0.2)
    return net.conv(x, 'conv_last', outputs)


def network(channels, heads, depths, window, upsampler, scale, three=False, unshuffle=1,
            outputs=3, ratio=2, normed=True):
    def forward(net, picture):
        mean = MEAN if picture.shape[1] == 3 else 0
        span = 255.0 if window == 7 else 1.0
        x = (pad_to(picture, window * unshuffle) - mean) * span
        padded = x
        if unshuffle > 1:
            x = F.pixel_unshuffle(x, unshuffle)
        head = net.conv(x, 'conv_first.1' if unshuffle > 1 else 'conv_first', channels)
        x = norm_map(net, head, 'patch_embed.norm') if normed else head
        for i, depth in enumerate(depths):
            y = x.permute(0, 2, 3, 1)
            for k in range(depth):
                y = swin_block(net, y, f'layers.{i}.residual_group.blocks.{k}', window,
                               window // 2 if k % 2 else 0, heads, ratio * channels)
            x = x + one_or_three(net, y.permute(0, 3, 1, 2), f'layers.{i}.conv', three)
        x = head + one_or_three(net, norm_map(net, x, 'norm'), 'conv_after_body', three)
        x = reconstruct(net, x, upsampler, scale, 16, outputs)
        if upsampler == 'none':
            x = padded + x
        x = x / span + mean
        scaled = scale // unshuffle
        return x[:, :, :scaled * picture.shape[2], :scaled * picture.shape[3]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, least=17, **more)

    add('classical 2', network(24, 3, [2, 3], 4, 'shuffle', 2), 2)
    add('classical 3', network(16, 2, [2], 8, 'shuffle', 3), 3)
    add('classical 4', network(16, 4, [2, 2], 8, 'shuffle', 4), 4, wrapped='params')
    add('classical 8', network(16, 4, [2], 4, 'shuffle', 8), 8)
    add('light 2', network(20, 2, [2, 2], 8, 'direct', 2), 2, wrapped='params')
    add('light 4', network(20, 2, [4], 4, 'direct', 4), 4)
    add('real 4', network(24, 3, [2, 2], 8, 'nearest', 4), 4)
    add('real 2', network(24, 3, [2], 8, 'nearest', 2), 2)
    add('large real 4', network(32, 4, [2, 2], 8, 'nearest', 4, three=True), 4)
    add('grey denoising', network(16, 2, [2, 2], 8, 'none', 1, outputs=1), 1, inputs=1, outputs=1)
    add('denoising', network(16, 2, [2], 4, 'none', 1, normed=False, ratio=4), 1, wrapped=None)
    add('against jpeg', network(24, 4, [2, 2], 7, 'none', 1), 1, wrapped='params')
    add('unshuffled', network(16, 2, [2], 4, 'shuffle', 4, unshuffle=2), 2)
