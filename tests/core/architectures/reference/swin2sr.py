"""Swin2SR: SwinIR with the blocks of Swin Transformer V2."""
import math

import torch
import torch.nn.functional as F

from attention import layer_norm, linear, map_of, mlp, norm_map, shift_mask, windows_of
from network import leaky, pad_to
from residual import MEAN, steps
from swinir import one_or_three, reconstruct

FACTORS = {2: [2], 3: [3], 4: [2, 2]}


def distance(places, window):
    scaled = 8.0 * places / (window - 1)
    return math.copysign(math.log2(abs(scaled) + 1) / 3, scaled)


def continuous_bias(net, name, window, heads, hidden):
    first = net.tensor(name + '.cpb_mlp.0.weight', lambda: net.normal(hidden, 2))
    offset = net.around(name + '.cpb_mlp.0.bias', hidden, 0, 0.5)
    second = net.tensor(name + '.cpb_mlp.2.weight',
                        lambda: 2 * net.normal(heads, hidden) / hidden ** 0.5)
    net.tensor(name + '.relative_coords_table',
               lambda: torch.zeros(1, 2 * window - 1, 2 * window - 1, 2))
    net.tensor(name + '.relative_position_index',
               lambda: torch.zeros(window ** 2, window ** 2, dtype=torch.long))
    pairs = torch.tensor([[[distance(a // window - b // window, window),
                            distance(a % window - b % window, window)]
                           for b in range(window ** 2)] for a in range(window ** 2)])
    bias = F.relu(pairs @ first.t() + offset) @ second.t()
    return 16 * torch.sigmoid(bias.permute(2, 0, 1))


def attention(net, x, name, window, shift, heads, bias):
    count, rows, columns, channels = x.shape
    x = windows_of(x.roll((-shift, -shift), (1, 2)), window, window)
    q, k, v = linear(net, x, name + '.qkv', 3 * channels, bias=False).chunk(3, -1)
    if bias:
        q = q + net.around(name + '.q_bias', channels, 0, 0.2)
        v = v + net.around(name + '.v_bias', channels, 0, 0.2)
    apart = lambda t: t.reshape(t.shape[0], t.shape[1], heads, -1).permute(0, 2, 1, 3)
    q, k, v = apart(q), apart(k), apart(v)
    cosine = (q @ k.transpose(-2, -1)) / (q.norm(dim=-1)[..., None] * k.norm(dim=-1)[:, :, None])
    # Around the most that a cosine may be multiplied by.
    scale = net.tensor(name + '.logit_scale', lambda: 4.6 + net.normal(heads, 1, 1))
    scores = cosine * scale.exp().clamp(max=100) + continuous_bias(net, name, window, heads, 32)
    if shift:
        mask = shift_mask(rows, columns, window, window, shift, shift)
        net.tensor(name[:-5] + '.attn_mask', lambda: mask[:, 0].clone())
        scores = scores + mask
    y = (scores.softmax(-1) @ v).permute(0, 2, 1, 3).flatten(2)
    y = linear(net, y, name + '.proj', channels)
    return map_of(y, count, rows, columns, window, window).roll((shift, shift), (1, 2))


def block(net, x, name, window, shift, heads, hidden, bias):
    y = attention(net, x, name + '.attn', window, shift, heads, bias)
    x = x + layer_norm(net, y, name + '.norm1')
    return x + layer_norm(net, mlp(net, x, name + '.mlp', hidden), name + '.norm2')


def features(net, head, groups, heads, depths, window, three, ratio, normed, bias, shifted):
    channels = head.shape[1]
    x = net.conv(head, 'patch_embed.proj', channels, 1)
    if normed:
        x = norm_map(net, x, 'patch_embed.norm')
    for i, depth in enumerate(depths):
        name = f'{groups}.{i}'
        y = x.permute(0, 2, 3, 1)
        for k in range(depth):
            y = block(net, y, f'{name}.residual_group.blocks.{k}', window,
                      window // 2 if k % 2 and shifted else 0, heads, ratio * channels, bias)
        y = one_or_three(net, y.permute(0, 3, 1, 2), name + '.conv', three)
        x = x + net.conv(y, name + '.patch_embed.proj', channels, 1)
    return norm_map(net, x, 'norm')


def over_bicubic(net, x, padded, scale, size):
    """With a small picture on the way, and the enlargement of the padded picture beside it."""
    outputs = padded.shape[1]
    large = F.interpolate(padded, size=(scale * size[0], scale * size[1]), mode='bicubic',
                          align_corners=False)
    x = leaky(net.conv(x, 'conv_before_upsample.0', 16), 0.01)
    x = leaky(net.conv(net.conv(x, 'conv_aux', outputs), 'conv_after_aux.0', 16), 0.01)
    x = steps(net, x, 'upsample.', FACTORS[scale])
    x = x[:, :, :scale * size[0], :scale * size[1]] + net.conv(large, 'conv_bicubic', 16)
    return net.conv(x, 'conv_last', outputs)


def with_details(net, x, scale, outputs, further):
    x = leaky(net.conv(x, 'conv_before_upsample.0', 16), 0.01)
    picture = net.conv(steps(net, x, 'upsample.', FACTORS[scale]), 'conv_last', outputs)
    channels = net.weights['conv_first.weight'].shape[0]
    head = leaky(net.conv(x, 'conv_first_hf.0', channels), 0.01)
    x = head + net.conv(further(head), 'conv_after_body_hf', channels)
    x = leaky(net.conv(x, 'conv_before_upsample_hf.0', 16), 0.01)
    x = steps(net, x, 'upsample_hf.', FACTORS[scale])
    return picture + net.conv(x, 'conv_last_hf', outputs)


def network(channels, heads, depths, window, upsampler, scale, three=False, ratio=2, normed=True,
            bias=True, shifted=True):
    def forward(net, picture):
        size, outputs = picture.shape[2:], picture.shape[1]
        mean = MEAN if outputs == 3 else 0
        span = 255.0 if window == 7 else 1.0
        padded = (pad_to(picture, window) - mean) * span
        inner = lambda x, groups: features(net, x, groups, heads, depths, window, three, ratio,
                                           normed, bias, shifted)
        head = net.conv(padded, 'conv_first', channels)
        x = head + one_or_three(net, inner(head, 'layers'), 'conv_after_body', three)
        if upsampler == 'bicubic':
            x = over_bicubic(net, x, padded, scale, size)
        elif upsampler == 'details':
            x = with_details(net, x, scale, outputs, lambda y: inner(y, 'layers_hf'))
        else:
            x = reconstruct(net, x, upsampler, scale, 16, outputs)
        if upsampler == 'none':
            x = padded + x
        x = x / span + mean
        return x[:, :, :scale * size[0], :scale * size[1]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, least=17, **more)

    add('classical 2', network(24, 3, [2, 3], 4, 'shuffle', 2), 2)
    add('classical 3', network(16, 2, [2], 8, 'shuffle', 3, bias=False), 3, wrapped='params')
    add('light 4', network(20, 2, [2, 2], 8, 'direct', 4, normed=False), 4, wrapped='params')
    add('real 4', network(16, 4, [2], 8, 'nearest', 4, three=True), 4)
    add('compressed 4', network(24, 3, [2, 2], 8, 'bicubic', 4), 4)
    add('compressed 2', network(16, 2, [2], 6, 'bicubic', 2), 2, wrapped=None)
    add('with details 2', network(16, 2, [2], 4, 'details', 2), 2)
    add('not shifted 2', network(16, 2, [2], 8, 'shuffle', 2, shifted=False), 2)
    add('against jpeg', network(16, 4, [2, 2], 7, 'none', 1, ratio=4), 1, wrapped='params')
    add('grey denoising', network(16, 2, [2], 4, 'none', 1), 1, inputs=1, outputs=1)
