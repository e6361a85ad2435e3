"""SRFormer: SwinIR with permuted self-attention and a convolution between the linear layers."""
import torch
import torch.nn.functional as F

from attention import attend, layer_norm, linear, map_of, norm_map, relative_bias, windows_of
from network import pad_to
from residual import MEAN
from swinir import one_or_three, reconstruct


def fours(x, window):
    """Windows [n, L, C/4] to [n, L/4, C]: four neighbours' channels behind one another."""
    side = window // 2
    x = x.reshape(x.shape[0], side, 2, side, 2, -1)
    return torch.cat([x[:, :, v, :, u] for v in (0, 1) for u in (0, 1)], -1).flatten(1, 2)


def mask_of(rows, columns, window, shift):
    """[windows, 1, L, L/4]: which pixels and fours a roll brought together."""
    def regions(height, width, part, by):
        region = torch.zeros(1, height, width, 1)
        region[:, height - part:] += 3
        region[:, height - by:] += 3
        region[:, :, width - part:] += 1
        region[:, :, width - by:] += 1
        return windows_of(region, part, part)[..., 0]
    pixels = regions(rows, columns, window, shift)
    wide = regions(rows // 2, columns // 2, window // 2, shift - shift // 2)
    return torch.where(pixels[:, :, None] != wide[:, None, :], -100.0, 0.0)[:, None]


def attention(net, x, name, window, shift, heads, bias):
    count, rows, columns, channels = x.shape
    x = windows_of(x.roll((-shift, -shift), (1, 2)), window, window)
    q = linear(net, x, name + '.attn.q', channels, bias)
    kv = linear(net, x, name + '.attn.kv', channels // 2, bias)
    k, v = (fours(part, window) for part in kv.chunk(2, -1))
    side = window // 2
    small, index = relative_bias(net, name + '.attn.relative_position_bias_table', side, side,
                                 heads)
    repeat = lambda t: t.reshape(t.shape[:-2] + (side, 1, side, 1, side ** 2)).expand(
        t.shape[:-2] + (side, 2, side, 2, side ** 2)).reshape(t.shape[:-2] + (-1, side ** 2))
    net.tensor(name + '.attn.aligned_relative_position_index', lambda: repeat(index))
    added = repeat(small)
    if shift:
        mask = mask_of(rows, columns, window, shift)
        net.tensor(name + '.attn_mask', lambda: mask[:, 0].clone())
        added = added + mask
    y = linear(net, attend(q, k, v, heads, added), name + '.attn.proj', channels)
    return map_of(y, count, rows, columns, window, window).roll((shift, shift), (1, 2))


def block(net, x, name, window, shift, heads, hidden, bias):
    x = x + attention(net, layer_norm(net, x, name + '.norm1'), name, window, shift, heads, bias)
    y = F.gelu(linear(net, layer_norm(net, x, name + '.norm2'), name + '.mlp.fc1', hidden))
    convolved = net.conv(y.permute(0, 3, 1, 2), name + '.mlp.dwconv.depthwise_conv.0', hidden, 5,
                         groups=hidden, gain=3)
    y = y + F.gelu(convolved).permute(0, 2, 3, 1)
    return x + linear(net, y, name + '.mlp.fc2', x.shape[-1])


def network(channels, heads, depths, window, upsampler, scale, three=False, ratio=2, normed=True,
            bias=True, shifted=True):
    def forward(net, picture):
        mean = MEAN if picture.shape[1] == 3 else 0
        padded = pad_to(picture, window) - mean
        head = net.conv(padded, 'conv_first', channels)
        x = norm_map(net, head, 'patch_embed.norm') if normed else head
        for i, depth in enumerate(depths):
            y = x.permute(0, 2, 3, 1)
            for k in range(depth):
                y = block(net, y, f'layers.{i}.residual_group.blocks.{k}', window,
                          window // 2 if k % 2 and shifted else 0, heads, int(ratio * channels),
                          bias)
            x = x + one_or_three(net, y.permute(0, 3, 1, 2), f'layers.{i}.conv', three)
        x = head + one_or_three(net, norm_map(net, x, 'norm'), 'conv_after_body', three)
        x = reconstruct(net, x, upsampler, scale, 16, picture.shape[1])
        if upsampler == 'none':
            x = padded + x
        x = x + mean
        return x[:, :, :scale * picture.shape[2], :scale * picture.shape[3]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, least=17, **more)

    add('classical 4', network(24, 6, [2, 3], 8, 'shuffle', 4), 4)
    add('classical 3', network(16, 2, [2], 12, 'shuffle', 3, bias=False), 3, wrapped='params')
    add('odd shift 2', network(16, 4, [2, 2], 6, 'shuffle', 2, ratio=1.5), 2)
    add('light 2', network(20, 2, [2, 1], 16, 'direct', 2), 2, wrapped='params')
    add('light 4', network(12, 3, [4], 4, 'direct', 4, normed=False), 4, wrapped=None)
    add('real 4', network(24, 3, [2, 2], 10, 'nearest', 4, three=True), 4)
    add('not shifted 2', network(16, 2, [2], 8, 'shuffle', 2, shifted=False), 2)
    add('grey denoising', network(16, 2, [2], 4, 'none', 1), 1, inputs=1, outputs=1)
