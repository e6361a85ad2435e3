"""Networks that attend in rectangles of two shapes: what DAT and those after it do alike."""
import torch
import torch.nn.functional as F

from attention import attend, layer_norm, linear, map_of, norm_map, shift_mask, windows_of
from residual import MEAN
from swinir import one_or_three, reconstruct


def positions(net, name, height, width, heads, channels):
    """What a small network makes of the distances in a window, and the buffers beside it."""
    distances = torch.tensor([[float(y), float(x)] for y in range(1 - height, height)
                              for x in range(1 - width, width)])
    net.tensor(name + '.rpe_biases', lambda: distances)
    features = channels // 16
    x = linear(net, distances, name + '.pos.pos_proj', features)
    for part, outputs in ('pos1', features), ('pos2', features), ('pos3', heads):
        x = F.relu(layer_norm(net, x, f'{name}.pos.{part}.0'))
        x = linear(net, x, f'{name}.pos.{part}.2', outputs)
    area = height * width
    index = torch.zeros(area, area, dtype=torch.long)
    for a in range(area):
        for b in range(area):
            down = a // width - b // width + height - 1
            index[a, b] = down * (2 * width - 1) + a % width - b % width + width - 1
    net.tensor(name + '.relative_position_index', lambda: index)
    return x[index].permute(2, 0, 1)


def split_attention(net, qkv, name, window, is_shifted, heads):
    """qkv: [N,h,w,3C] to [N,h,w,C]: each half of the channels in windows of its own."""
    count, rows, columns, channels = qkv.shape
    channels //= 3
    multiple = max(window)
    below, right = -rows % multiple, -columns % multiple
    qkv = F.pad(qkv, (0, 0, 0, right, 0, below))
    made = []
    for half in (0, 1):
        height, width = window if half == 0 else window[::-1]
        first = half * (channels // 2)
        parts = [qkv[..., i * channels + first:][..., :channels // 2] for i in range(3)]
        bias = positions(net, f'{name}.attns.{half}', height, width, heads // 2, channels // 2)
        down, across = height // 2, width // 2
        if is_shifted:
            parts = [part.roll((-down, -across), (1, 2)) for part in parts]
            mask = shift_mask(rows + below, columns + right, height, width, down, across)
            net.tensor(f'{name}.attn_mask_{half}', lambda: mask[:, 0].clone())
            bias = bias + mask.repeat(count, 1, 1, 1)
        q, k, v = (windows_of(part, height, width) for part in parts)
        x = map_of(attend(q, k, v, heads // 2, bias), count, rows + below, columns + right,
                   height, width)
        if is_shifted:
            x = x.roll((down, across), (1, 2))
        made.append(x[:, :rows, :columns])
    return torch.cat(made, 3)


def depthwise(net, x, name):
    """Of [N,h,w,C]."""
    y = net.conv(x.permute(0, 3, 1, 2), name, x.shape[3], groups=x.shape[3])
    return y.permute(0, 2, 3, 1)


def gated_mlp(net, x, name, hidden):
    value, gate = F.gelu(linear(net, x, name + '.fc1', hidden)).chunk(2, -1)
    gate = depthwise(net, layer_norm(net, gate, name + '.sg.norm'), name + '.sg.conv')
    return linear(net, value * gate, name + '.fc2', x.shape[-1])


def is_shifted(group, index):
    if group % 2 == 0:
        return index > 0 and (index - 2) % 4 == 0
    return index % 4 == 0


def split_network(block, channels, depths, upsampler, scale, three=False):
    """block(net, x, name, group, index): of [N,h,w,C]."""
    def forward(net, picture):
        mean = MEAN if picture.shape[1] == 3 else 0
        head = net.conv(picture - mean, 'conv_first', channels)
        x = norm_map(net, head, 'before_RG.1')
        for i, depth in enumerate(depths):
            y = x.permute(0, 2, 3, 1)
            for k in range(depth):
                y = block(net, y, f'layers.{i}.blocks.{k}', i, k)
            x = x + one_or_three(net, y.permute(0, 3, 1, 2), f'layers.{i}.conv', three)
        x = head + one_or_three(net, norm_map(net, x, 'norm'), 'conv_after_body', three)
        return reconstruct(net, x, upsampler, scale, 16, picture.shape[1]) + mean
    return forward
