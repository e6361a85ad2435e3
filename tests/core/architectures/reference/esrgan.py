"""RRDBNet: dense blocks of five convolutions, three to a block, residuals of a fifth."""
import torch

from network import enlarge, leaky, pad_to
import torch.nn.functional as F


def dense(net, x, name, growth, tail, path):
    def convolve(number, parts, outputs):
        return net.conv(torch.cat(parts, 1), f'{name}.conv{number}{tail}', outputs)
    one = leaky(convolve(1, [x], growth), 0.2)
    two = leaky(convolve(2, [x, one], growth), 0.2)
    if path:
        two = two + net.conv(x, name + '.conv1x1', growth, 1, bias=False)
    three = leaky(convolve(3, [x, one, two], growth), 0.2)
    four = leaky(convolve(4, [x, one, two, three], growth), 0.2)
    if path:
        four = four + two
    return 0.2 * convolve(5, [x, one, two, three, four], x.shape[1]) + x


def network(keys, steps, features, blocks, growth, outputs, unshuffle=1, path=False,
            shuffled=False):
    """keys: 'numbers', 'trunk' or 'body'. steps: of the enlargement."""
    last = 2 + 3 * len(steps)
    names = {
        'numbers': ('model.0', 'model.1.sub.{}.RDB', f'model.1.sub.{blocks}', 'model.{}',
                    f'model.{last}', f'model.{last + 2}', '.0'),
        'trunk': ('conv_first', 'RRDB_trunk.{}.RDB', 'trunk_conv', 'upconv{}', 'HRconv',
                  'conv_last', ''),
        'body': ('conv_first', 'body.{}.rdb', 'conv_body', 'conv_up{}', 'conv_hr', 'conv_last',
                 ''),
    }[keys]
    first, block, trunk, up, high, end, tail = names

    def forward(net, picture):
        height, width = picture.shape[2:]
        x = F.pixel_unshuffle(pad_to(picture, unshuffle), unshuffle)
        head = net.conv(x, first, features)
        x = head
        for i in range(blocks):
            inner = x
            for part in '123':
                inner = dense(net, inner, block.format(i) + part, growth, tail, path)
            x = 0.2 * inner + x
        x = net.conv(x, trunk, features) + head
        for i, step in enumerate(steps):
            if shuffled:
                x = net.conv(x, up.format(3 * i + 2), features * step * step)
                x = leaky(F.pixel_shuffle(x, step), 0.2)
            else:
                name = up.format(3 * i + 3 if keys == 'numbers' else i + 1)
                x = leaky(net.conv(enlarge(x, step), name, features), 0.2)
        x = net.conv(leaky(net.conv(x, high, features), 0.2), end, outputs)
        scale = x.shape[2] // -(-height // unshuffle) // unshuffle
        return x[:, :, :height * scale, :width * scale]
    return forward


def make(cases):
    sizes = lambda: (cases.choice(8, 16, 20), cases.number(1, 3), cases.choice(4, 8))
    for keys in ('numbers', 'trunk', 'body'):
        cases.add(keys + ' 4', network(keys, [2, 2], *sizes(), 3), 4)
        cases.add(keys + ' 2', network(keys, [2], *sizes(), 3), 2, wrapped=None)
        cases.add(keys + ' 8', network(keys, [2, 2, 2], *sizes(), 1), 8, 1, 1, wrapped='params')
    cases.add('numbers 1', network('numbers', [], *sizes(), 3), 1)
    cases.add('numbers 16', network('numbers', [2] * 4, 8, 1, 4, 3), 16)
    cases.add('numbers 3', network('numbers', [3], *sizes(), 3), 3, given={'sisr.scale': '3'})
    cases.add('numbers mask', network('numbers', [2, 2], *sizes(), 4), 4, 4, 4)
    cases.add('numbers grey to colour', network('numbers', [2], *sizes(), 3), 2, 1, 3)
    cases.add('numbers shuffled', network('numbers', [2, 2], *sizes(), 3, shuffled=True), 4)
    cases.add('plus', network('numbers', [2, 2], *sizes(), 3, path=True), 4, wrapped=None)
    cases.add('unshuffled 2', network('body', [2, 2], *sizes(), 3, unshuffle=2), 2)
    cases.add('unshuffled 1', network('body', [2, 2], *sizes(), 3, unshuffle=4), 1)
