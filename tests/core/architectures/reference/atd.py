"""ATD: pixels that attend to a dictionary, to their window and to those of their category."""
import math

import torch
import torch.nn.functional as F

from attention import (attend, layer_norm, linear, map_of, norm_map, relative_bias, shift_mask,
                       windows_of)
from residual import MEAN
from swinir import one_or_three, reconstruct


class Layer:
    def __init__(self, net, name, window, heads, category, hidden, few, kernel, bias):
        self.net, self.name, self.window, self.heads = net, name, window, heads
        self.category, self.hidden, self.few = category, hidden, few
        self.kernel, self.bias = kernel, bias

    def linear(self, x, name, outputs):
        return linear(self.net, x, self.name + name, outputs, self.bias)

    def of_tokens(self, x, dictionary):
        tokens = dictionary.shape[1]
        queries = F.normalize(self.linear(x, 'attn_atd.wq', self.few), dim=-1)
        keys = F.normalize(self.linear(dictionary, 'attn_atd.wk', self.few), dim=-1)
        scale = self.net.around(self.name + 'attn_atd.scale', tokens, 0.5, 0.4).clamp(0, 1)
        scores = queries @ keys.transpose(1, 2) * (1 + scale * math.log(tokens))
        shares = scores.softmax(-1)
        return shares @ self.linear(dictionary, 'attn_atd.wv', x.shape[-1]), shares

    def of_category(self, qkv, shares):
        count, channels = qkv.shape[1], qkv.shape[2] // 3
        scale = self.net.tensor(self.name + 'attn_aca.logit_scale',
                                lambda: torch.full((1, 1), math.log(2.0)))
        scale = min(math.exp(scale.item()), 100)
        made = torch.zeros(qkv.shape[0], count, channels)
        order = torch.sort(shares.argmax(-1), stable=True)[1][0].tolist()
        size = min(count, self.category)
        for first in range(0, count, size):
            group = order[first:first + size]
            others = order[::-1][:size - len(group)]
            q, k, v = qkv[:, group + others].chunk(3, -1)
            apart = lambda x: x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            scores = apart(q) @ apart(k).transpose(-2, -1) * scale
            y = (scores.softmax(-1) @ apart(v)).transpose(1, 2).flatten(2)
            made[:, group] = y[:, :len(group)]
        return self.linear(made, 'attn_aca.proj', channels)

    def of_window(self, qkv, shift):
        window, (count, rows, columns, channels) = self.window, qkv.shape
        bias, _ = relative_bias(self.net, self.name + 'attn_win.relative_position_bias_table',
                                window, window, self.heads)
        if shift:
            qkv = qkv.roll((-shift, -shift), (1, 2))
            bias = bias + shift_mask(rows, columns, window, window, shift, shift)
        q, k, v = windows_of(qkv, window, window).chunk(3, -1)
        y = linear(self.net, attend(q, k, v, self.heads, bias), self.name + 'attn_win.proj',
                   channels // 3)
        y = map_of(y, count, rows, columns, window, window)
        return y.roll((shift, shift), (1, 2)) if shift else y

    def mixed(self, x):
        net, name = self.net, self.name + 'convffn.'
        y = F.gelu(linear(net, layer_norm(net, x, self.name + 'norm2'), name + 'fc1', self.hidden))
        around = net.conv(y.permute(0, 3, 1, 2), name + 'dwconv.depthwise_conv.0', self.hidden,
                          self.kernel, groups=self.hidden)
        return x + linear(net, y + F.gelu(around).permute(0, 2, 3, 1), name + 'fc2', x.shape[-1])

    def run(self, x, dictionary, shift, is_last):
        net, (count, rows, columns, channels) = self.net, x.shape
        y = layer_norm(net, x, self.name + 'norm1').flatten(1, 2)
        qkv = self.linear(y, 'wqkv', 3 * channels)
        of_tokens, shares = self.of_tokens(y, dictionary)
        of_category = self.of_category(qkv, shares)
        x = x + (of_tokens + of_category).view(x.shape)
        x = self.mixed(x + self.of_window(qkv.view(count, rows, columns, -1), shift))
        if is_last:
            return x, dictionary
        tokens = dictionary.shape[1]
        weight = net.around(self.name + 'norm3.weight', tokens, 1, 0.1)
        bias = net.around(self.name + 'norm3.bias', tokens, 0, 0.1)
        masks = F.instance_norm(shares.transpose(1, 2), weight=weight, bias=bias).softmax(-1)
        keep = torch.sigmoid(net.tensor(self.name + 'sigma', lambda: net.normal(tokens, 1)))
        return x, keep * dictionary + (1 - keep) * (masks @ x.flatten(1, 2))


def symmetric(x, multiple):
    below, right = -x.shape[2] % multiple, -x.shape[3] % multiple
    x = torch.cat([x, x.flip(2)[:, :, :below]], 2)
    return torch.cat([x, x.flip(3)[:, :, :, :right]], 3)


def network(channels, heads, depths, window, upsampler, scale, tokens=12, few=4, category=256,
            kernel=5, ratio=2, outputs=3, three=False, bias=True, normed=True, centred=True):
    def forward(net, picture):
        mean = MEAN if centred and picture.shape[1] == 3 else 0
        if not centred:
            net.tensor('no_norm', lambda: torch.zeros(1))
        net.tensor('relative_position_index_SA',
                   lambda: torch.zeros(window ** 2, window ** 2, dtype=torch.long))
        padded = symmetric(picture, window) - mean
        head = net.conv(padded, 'conv_first', channels)
        x = norm_map(net, head, 'patch_embed.norm') if normed else head
        for i, depth in enumerate(depths):
            name = f'layers.{i}.residual_group.'
            dictionary = net.tensor(name + 'td', lambda: net.normal(tokens, channels))[None]
            y = x.permute(0, 2, 3, 1)
            for k in range(depth):
                layer = Layer(net, f'{name}layers.{k}.', window, heads, category, ratio * channels,
                              few, kernel, bias)
                y, dictionary = layer.run(y, dictionary, window // 2 if k % 2 else 0,
                                          k == depth - 1)
            x = x + one_or_three(net, y.permute(0, 3, 1, 2), f'layers.{i}.conv', three)
        x = head + one_or_three(net, norm_map(net, x, 'norm'), 'conv_after_body', three)
        x = reconstruct(net, x, upsampler, scale, 16, outputs)
        x = (padded + x if upsampler == 'none' else x) + mean
        return x[:, :, :scale * picture.shape[2], :scale * picture.shape[3]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, **{'least': 17, 'most': 26, **more})

    add('classical 2', network(24, 3, [3, 2], 8, 'shuffle', 2), 2)
    add('classical 3', network(16, 2, [2], 4, 'shuffle', 3, kernel=3), 3)
    add('classical 4', network(16, 4, [2, 2], 8, 'shuffle', 4, bias=False), 4)
    add('light 2', network(48, 4, [2, 2], 8, 'direct', 2, category=128, ratio=1), 2)
    add('direct 4', network(24, 4, [2], 8, 'direct', 4), 4)
    add('real 4', network(16, 4, [2, 1], 8, 'nearest', 4, three=True), 4)
    add('denoising', network(16, 2, [3], 4, 'none', 1, normed=False), 1)
    add('grey', network(16, 2, [2], 8, 'direct', 2, outputs=1), 2, inputs=1, outputs=1)
    add('off centre', network(16, 2, [2], 8, 'shuffle', 2, centred=False), 2)
    add('small', network(16, 2, [2], 8, 'direct', 2), 2, least=5, most=8)
