"""OmniSR: attention in windows and over a grid, between pixels and between channels."""
import torch
import torch.nn.functional as F

from attention import attend, layer_norm, linear, relative_bias

HEADS = 4


def pixels_of(x, window, grouping):
    """[N,C,h,w] to [N, groups, pixels, C], and how the groups lie."""
    count, channels, rows, columns = x.shape
    down, across = rows // window, columns // window
    if grouping == 'grid':
        x = x.reshape(count, channels, window, down, window, across)
        order = (0, 3, 5, 2, 4, 1)
    else:
        x = x.reshape(count, channels, down, window, across, window)
        order = (0, 2, 4, 3, 5, 1) if grouping == 'windows' else (0, 3, 5, 2, 4, 1)
    x = x.permute(*order)
    return x.flatten(3, 4).flatten(1, 2), (x.shape, order)


def map_of(groups, like, lie):
    shape, order = lie
    back = [order.index(axis) for axis in range(6)]
    return groups.reshape(shape).permute(*back).reshape(like.shape)


def between_pixels(net, x, name, window, grouping, placed):
    channels = x.shape[1]
    pixels, lie = pixels_of(x, window, grouping)
    y = layer_norm(net, pixels, name + '.norm')[0]
    bias = 0
    if placed:
        bias, _ = relative_bias(net, name + '.fn.rel_pos_bias.weight', window, window, HEADS)
    q, k, v = linear(net, y, name + '.fn.to_qkv', 3 * channels, False).chunk(3, -1)
    y = linear(net, attend(q, k, v, HEADS, bias), name + '.fn.to_out.0', channels, False)
    return map_of(pixels + y, x, lie)


def between_channels(net, x, name, window, grouping):
    channels = x.shape[1]
    y = net.conv(net.channel_norm(x, name + '.norm'), name + '.fn.qkv', 3 * channels, 1, False)
    y = net.conv(y, name + '.fn.qkv_dwconv', 3 * channels, 3, False, 3 * channels, gain=3)
    temperature = net.tensor(name + '.fn.temperature',
                             lambda: 3 + net.normal(HEADS, 1, 1))
    made = []
    for head in range(HEADS):
        part = lambda at: y[:, at * channels:(at + 1) * channels].chunk(HEADS, 1)[head]
        q, k, v = (pixels_of(part(at), window, grouping)[0] for at in range(3))
        alike = F.normalize(q, dim=2).transpose(2, 3) @ F.normalize(k, dim=2) * temperature[head]
        weighed = torch.einsum('ngcd,ngpd->ngpc', alike.softmax(-1), v)
        made.append(map_of(weighed, part(2), pixels_of(part(2), window, grouping)[1]))
    return x + net.conv(torch.cat(made, 1), name + '.fn.project_out', channels, 1, False)


def gated(net, x, name):
    channels = x.shape[1]
    y = net.conv(net.channel_norm(x, name + '.norm'), name + '.fn.project_in', 2 * channels, 1,
                 False)
    y = net.conv(y, name + '.fn.dwconv', 2 * channels, 3, False, 2 * channels)
    y = F.gelu(y[:, :channels]) * y[:, channels:]
    return x + net.conv(y, name + '.fn.project_out', channels, 1, False)


def inverted_residual(net, x, name):
    channels = x.shape[1]
    y = F.gelu(net.conv(x, name + '0', channels, 1))
    y = F.gelu(net.conv(y, name + '2', channels, 3, groups=channels))
    gate = F.silu(linear(net, y.mean((2, 3)), name + '4.gate.1', channels // 4, False))
    gate = torch.sigmoid(linear(net, gate, name + '4.gate.3', channels, False))
    return x + net.conv(y * gate[:, :, None, None], name + '5', channels, 1)


def block(net, x, name, window, placed):
    x = inverted_residual(net, x, name + '0.fn.')
    x = between_pixels(net, x, name + '2', window, 'windows', placed)
    x = gated(net, x, name + '4')
    x = between_channels(net, x, name + '5', window, 'windows')
    x = gated(net, x, name + '6')
    x = between_pixels(net, x, name + '8', window, 'grid', placed)
    x = gated(net, x, name + '10')
    x = between_channels(net, x, name + '11', window, 'phases')
    return gated(net, x, name + '12')


def spatial_attention(net, x, name):
    few = max(x.shape[1] // 4, 16)
    first = net.conv(x, name + '.conv1', few, 1)
    net.conv(first, name + '.conv2', few)
    y = F.conv2d(first, net.weights[name + '.conv2.weight'], net.weights[name + '.conv2.bias'], 2)
    y = net.conv(F.max_pool2d(y, 7, 3), name + '.conv3', few)
    y = F.interpolate(y, x.shape[2:], mode='bilinear', align_corners=False)
    y = y + net.conv(first, name + '.conv_f', few, 1)
    return x * torch.sigmoid(net.conv(y, name + '.conv4', x.shape[1], 1))


def network(channels, groups, blocks, window, scale, outputs=3, bias=True, placed=True):
    def forward(net, picture):
        height, width = picture.shape[2:]
        x = F.pad(picture, (0, -width % window, 0, -height % window))
        head = net.conv(x, 'input', channels, bias=bias)
        x = head
        for i in range(groups):
            y = x
            for k in range(blocks):
                y = block(net, y, f'residual_layer.{i}.residual_layer.{k}.layer.', window, placed)
            y = x + net.conv(y, f'residual_layer.{i}.residual_layer.{blocks}', channels, 1, bias)
            x = spatial_attention(net, y, f'residual_layer.{i}.esa')
        x = head + net.conv(x, 'output', channels, bias=bias)
        x = F.pixel_shuffle(net.conv(x, 'up.0', outputs * scale ** 2, bias=bias), scale)
        return x[:, :, :scale * height, :scale * width]
    return forward


def make(cases):
    def add(name, forward, scale, **more):
        cases.add(name, forward, scale, exact=False, **{'least': 17, **more})

    add('published 4', network(32, 2, 1, 8, 4), 4)
    add('published 2', network(16, 3, 1, 8, 2), 2, wrapped=None)
    add('several blocks 3', network(24, 1, 2, 4, 3), 3, wrapped='params')
    add('of large windows', network(16, 1, 1, 12, 2), 2)
    add('of odd windows', network(16, 1, 1, 5, 1), 1)
    add('without places', network(16, 2, 1, 8, 2, placed=False), 2)
    add('without biases', network(16, 1, 1, 8, 4, bias=False), 4)
    add('grey', network(12, 1, 1, 8, 2, outputs=1), 2, inputs=1, outputs=1)
    add('grey to colour', network(12, 1, 1, 8, 2), 2, inputs=1)
    add('of few pixels', network(16, 1, 1, 8, 2), 2, least=15)
