"""SPAN: six blocks whose result weighs itself; in training each convolution is four."""
import torch
import torch.nn.functional as F


def expanded(net, x, name, outputs):
    inputs = x.shape[1]
    inner = F.pad(x, (1, 1, 1, 1))
    inner = net.conv(inner, name + '.conv.0', 2 * inputs, 1)
    inner = net.conv(inner, name + '.conv.1', 2 * outputs, 3, pad=0)
    inner = net.conv(inner, name + '.conv.2', outputs, 1)
    # What evaluation leaves behind, stale.
    net.tensor(name + '.eval_conv.weight', lambda: net.normal(outputs, inputs, 3, 3))
    net.tensor(name + '.eval_conv.bias', lambda: net.normal(outputs))
    return inner + net.conv(x, name + '.sk', outputs, 1, gain=0.5)


def folded(net, x, name, outputs):
    return net.conv(x, name + '.eval_conv', outputs)


def network(features, scale, channels, is_folded, has_mean):
    convolve = folded if is_folded else expanded

    def block(net, x, name):
        one = convolve(net, x, name + '.c1_r', features)
        two = convolve(net, F.silu(one), name + '.c2_r', features)
        three = convolve(net, F.silu(two), name + '.c3_r', features)
        return (three + x) * (torch.sigmoid(three) - 0.5), one

    def forward(net, picture):
        x = picture
        if has_mean:
            mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
            x = (x - mean) * 255.0
        else:
            net.tensor('no_norm', lambda: torch.zeros(1))
        head = convolve(net, x, 'conv_1', features)
        x = head
        results = []
        for i in range(1, 7):
            x, inner = block(net, x, f'block_{i}')
            results.append(x)
        tail = convolve(net, x, 'conv_2', features)
        x = net.conv(torch.cat([head, tail, results[0], inner], 1), 'conv_cat', features, 1)
        return F.pixel_shuffle(net.conv(x, 'upsampler.0', channels * scale * scale), scale)
    return forward


def make(cases):
    features = lambda: cases.choice(8, 16, 28, 48)
    cases.add('trained 4', network(features(), 4, 3, False, True), 4)
    cases.add('trained 2', network(features(), 2, 3, False, False), 2, wrapped='params')
    cases.add('folded 4', network(features(), 4, 3, True, True), 4)
    cases.add('folded 1', network(features(), 1, 3, True, False), 1, wrapped=None)
    cases.add('grey 3', network(features(), 3, 1, False, False), 3, 1, 1)
