"""Parts of transformers: windows of pixels that attend to each other. Maps are [N,h,w,C]."""
import torch
import torch.nn.functional as F


def linear(net, x, name, outputs, bias=True):
    inputs = x.shape[-1]
    weight = net.tensor(name + '.weight', lambda: net.normal(outputs, inputs) / inputs ** 0.5)
    return F.linear(x, weight, net.around(name + '.bias', outputs, 0, 0.05) if bias else None)


def layer_norm(net, x, name, epsilon=1e-5):
    count = x.shape[-1]
    return F.layer_norm(x, (count,), net.around(name + '.weight', count, 1, 0.1),
                        net.around(name + '.bias', count, 0, 0.1), epsilon)


def norm_map(net, x, name, epsilon=1e-5):
    """Layer norm over the channels of [N,C,h,w]."""
    return layer_norm(net, x.permute(0, 2, 3, 1), name, epsilon).permute(0, 3, 1, 2)


def mlp(net, x, name, hidden):
    return linear(net, F.gelu(linear(net, x, name + '.fc1', hidden)), name + '.fc2', x.shape[-1])


def windows_of(x, height, width):
    count, rows, columns, channels = x.shape
    x = x.reshape(count, rows // height, height, columns // width, width, channels)
    return x.transpose(2, 3).reshape(-1, height * width, channels)


def map_of(windows, count, rows, columns, height, width):
    x = windows.reshape(count, rows // height, columns // width, height, width, -1)
    return x.transpose(2, 3).reshape(count, rows, columns, -1)


def relative_bias(net, name, height, width, heads):
    """The table `name`, and what it adds for each pair of pixels of a window: [heads, L, L]."""
    spread = (2 * height - 1, 2 * width - 1)
    table = net.tensor(name, lambda: 0.3 * net.normal(spread[0] * spread[1], heads))
    area = height * width
    bias = torch.zeros(heads, area, area)
    index = torch.zeros(area, area, dtype=torch.long)
    for a in range(area):
        for b in range(area):
            down = a // width - b // width + height - 1
            across = a % width - b % width + width - 1
            index[a, b] = down * spread[1] + across
            bias[:, a, b] = table[index[a, b]]
    return bias, index


def attend(q, k, v, heads, bias):
    """q, k, v: [n, L, C]; bias: added to the scores, [heads, L, L] or with a window's number."""
    apart = lambda x: x.reshape(x.shape[0], x.shape[1], heads, -1).permute(0, 2, 1, 3)
    q, k, v = apart(q), apart(k), apart(v)
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5 + bias
    return (scores.softmax(-1) @ v).permute(0, 2, 1, 3).flatten(2)


def shift_mask(rows, columns, height, width, down, across):
    """[windows, 1, L, L]: -100 between pixels that a roll brought together."""
    region = torch.zeros(1, rows, columns, 1)
    number = 0
    for y in (slice(0, -height), slice(-height, -down), slice(-down, None)):
        for x in (slice(0, -width), slice(-width, -across), slice(-across, None)):
            region[:, y, x] = number
            number += 1
    ids = windows_of(region, height, width)[..., 0]
    return torch.where(ids[:, None, :] != ids[:, :, None], -100.0, 0.0)[:, None]


def swin_block(net, x, name, window, shift, heads, hidden, extra=None,
               buffers=True):
    count, rows, columns, channels = x.shape
    y = layer_norm(net, x, name + '.norm1')
    bias, index = relative_bias(net, name + '.attn.relative_position_bias_table', window, window,
                                heads)
    if buffers:
        net.tensor(name + '.attn.relative_position_index', lambda: index)
    if shift:
        y = y.roll((-shift, -shift), (1, 2))
        mask = shift_mask(rows, columns, window, window, shift, shift)
        if buffers:
            net.tensor(name + '.attn_mask', lambda: mask[:, 0].clone())
        bias = bias + mask
    q, k, v = linear(net, windows_of(y, window, window), name + '.attn.qkv',
                     3 * channels).chunk(3, -1)
    y = linear(net, attend(q, k, v, heads, bias), name + '.attn.proj', channels)
    y = map_of(y, count, rows, columns, window, window)
    if shift:
        y = y.roll((shift, shift), (1, 2))
    x = x + y
    if extra is not None:
        x = x + extra
    return x + mlp(net, layer_norm(net, x, name + '.norm2'), name + '.mlp', hidden)
