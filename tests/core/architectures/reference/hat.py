"""HAT: SwinIR's blocks with convolutions beside the attention, and windows that overlap."""
import torch
import torch.nn.functional as F

from attention import attend, layer_norm, linear, map_of, mlp, norm_map, swin_block, windows_of
from network import pad_to
from residual import MEAN
from swinir import reconstruct

def convolved(net, x, name, compress, squeeze):
    """The branch beside the attention, of a map [N,h,w,C]."""
    channels = x.shape[-1]
    y = layer_norm(net, x, name + '.norm1').permute(0, 3, 1, 2)
    inner = name + '.conv_block.cab.'
    y = F.gelu(net.conv(y, inner + '0', channels // compress))
    y = net.conv(y, inner + '2', channels, gain=20)
    gate = F.relu(net.conv(y.mean((2, 3), keepdim=True), inner + '3.attention.1',
                           channels // squeeze, 1))
    gate = torch.sigmoid(net.conv(gate, inner + '3.attention.3', channels, 1))
    return 0.01 * (y * gate).permute(0, 2, 3, 1)


def overlapping_bias(net, name, window, seen, heads):
    """[heads, window^2, seen^2]"""
    side = window + seen - 1
    table = net.tensor(name, lambda: 0.3 * net.normal(side * side, heads))
    rows = []
    for y in range(window):
        for x in range(window):
            places = [(v - y + window - seen + 1) * side + u - x + window - seen + 1
                      for v in range(seen) for u in range(seen)]
            rows.append(table[torch.tensor(places)])
    return torch.stack(rows).permute(2, 0, 1)


def overlapping_block(net, x, name, window, seen, heads, hidden):
    count, rows, columns, channels = x.shape
    y = linear(net, layer_norm(net, x, name + '.norm1'), name + '.qkv', 3 * channels)
    around = (seen - window) // 2
    wide = F.pad(y[..., channels:], (0, 0, around, around, around, around))
    looked_at = torch.cat([wide[:, v:v + seen, u:u + seen].reshape(count, seen * seen, -1)
                           for v in range(0, rows, window) for u in range(0, columns, window)])
    bias = overlapping_bias(net, name + '.relative_position_bias_table', window, seen, heads)
    y = attend(windows_of(y[..., :channels], window, window), looked_at[..., :channels],
               looked_at[..., channels:], heads, bias)
    y = linear(net, map_of(y, count, rows, columns, window, window), name + '.proj', channels)
    x = x + y
    return x + mlp(net, layer_norm(net, x, name + '.norm2'), name + '.mlp', hidden)


def network(channels, heads, depths, window, seen, scale, compress=3, squeeze=8, ratio=2,
            normed=True, convolved_ends=True):
    def end(net, x, name):
        return net.conv(x, name, channels) if convolved_ends else x

    def forward(net, picture):
        mean = MEAN if picture.shape[1] == 3 else 0
        net.tensor('relative_position_index_SA',
                   lambda: torch.zeros(window ** 2, window ** 2, dtype=torch.long))
        net.tensor('relative_position_index_OCA',
                   lambda: torch.zeros(window ** 2, seen ** 2, dtype=torch.long))
        head = net.conv(pad_to(picture - mean, window), 'conv_first', channels)
        x = norm_map(net, head, 'patch_embed.norm') if normed else head
        for i, depth in enumerate(depths):
            y = x.permute(0, 2, 3, 1)
            for k in range(depth):
                name = f'layers.{i}.residual_group.blocks.{k}'
                y = swin_block(net, y, name, window, window // 2 if k % 2 else 0, heads[i],
                               ratio * channels, convolved(net, y, name, compress, squeeze),
                               buffers=False)
            y = overlapping_block(net, y, f'layers.{i}.residual_group.overlap_attn', window, seen,
                                  heads[i], ratio * channels)
            x = x + end(net, y.permute(0, 3, 1, 2), f'layers.{i}.conv')
        x = head + end(net, norm_map(net, x, 'norm'), 'conv_after_body')
        x = reconstruct(net, x, 'shuffle', scale, 16, picture.shape[1]) + mean
        return x[:, :, :scale * picture.shape[2], :scale * picture.shape[3]]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, least=17, **more)

    add('normal 4', network(24, [6, 6], [2, 2], 8, 12, 4), 4)
    add('small 2', network(24, [3], [3], 4, 6, 2, compress=24, squeeze=24), 2, wrapped='params')
    add('other heads 3', network(24, [2, 4], [2, 1], 8, 12, 3, squeeze=5), 3)
    add('odd windows 4', network(16, [4], [2], 7, 11, 4, ratio=4, normed=False), 4, wrapped=None)
    add('wide 8', network(16, [2], [2], 4, 8, 8), 8)
    add('unconvolved 2', network(16, [2], [2], 4, 4, 2, convolved_ends=False), 2)
    add('grey 1', network(16, [2], [2], 4, 6, 1), 1, inputs=1, outputs=1)
