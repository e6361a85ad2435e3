"""Residual networks: EDSR, RCAN, MSRResNet, the layouts of SRGAN, Swift-SRGAN and DnCNN."""
import torch
import torch.nn.functional as F

from network import leaky, pad_to

MEAN = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)


def steps(net, x, prefix, factors):
    for i, factor in enumerate(factors):
        x = net.conv(x, f'{prefix}{2 * i}', x.shape[1] * factor * factor)
        x = F.pixel_shuffle(x, factor)
    return x


def shift(net, x, name, sign):
    """The mean as the authors' convolution of 1x1, not quite DIV2K's."""
    net.tensor(name + '.weight', lambda: torch.eye(3).view(3, 3, 1, 1))
    net.tensor(name + '.bias', lambda: sign * 250.0 * MEAN.flatten())
    return F.conv2d(x, net.weights[name + '.weight'], net.weights[name + '.bias'])


def edsr(keys, features, blocks, factors, residual=1.0, has_mean=True):
    basicsr = keys == 'basicsr'
    inner = 'body.{}.conv{}' if basicsr else 'body.{}.body.{}'

    def forward(net, picture):
        x = picture
        if basicsr:
            x = (x - MEAN) * 255.0
        elif has_mean:
            x = shift(net, x * 255.0, 'sub_mean', -1)
        head = net.conv(x, 'conv_first' if basicsr else 'head.0', features)
        x = head
        for i in range(blocks):
            y = F.relu(net.conv(x, inner.format(i, 1 if basicsr else 0), features))
            x = x + residual * net.conv(y, inner.format(i, 2), features)
        x = net.conv(x, 'conv_after_body' if basicsr else f'body.{blocks}', features) + head
        x = steps(net, x, 'upsample.' if basicsr else 'tail.0.', factors)
        x = net.conv(x, 'conv_last' if basicsr else 'tail.1', picture.shape[1])
        if basicsr:
            return x / 255.0 + MEAN
        return shift(net, x, 'add_mean', 1) / 255.0 if has_mean else x
    return forward


def rcan(keys, features, groups, blocks, squeeze, factors, unshuffle=1, has_mean=True):
    basicsr = keys == 'basicsr'
    group = 'body.{}.residual_group.' if basicsr else 'body.{}.body.'
    part = '.rcab.' if basicsr else '.body.'
    attend = ('3.attention.1', '3.attention.3') if basicsr else ('3.conv_du.0', '3.conv_du.2')

    def block(net, x, name):
        y = F.relu(net.conv(x, name + part + '0', features))
        y = net.conv(y, name + part + '2', features)
        gate = F.relu(net.conv(y.mean((2, 3), keepdim=True), name + part + attend[0], squeeze, 1))
        return x + y * torch.sigmoid(net.conv(gate, name + part + attend[1], features, 1))

    def forward(net, picture):
        height, width = picture.shape[2:]
        x = pad_to(picture, unshuffle)
        if basicsr:
            x = (x - MEAN) * 255.0
        elif has_mean:
            x = shift(net, x * 255.0, 'sub_mean', -1)
        first = 'head.1' if unshuffle > 1 else 'head.0'
        head = net.conv(F.pixel_unshuffle(x, unshuffle), 'conv_first' if basicsr else first,
                        features)
        x = head
        for i in range(groups):
            y = x
            for k in range(blocks):
                y = block(net, y, group.format(i) + str(k))
            end = f'body.{i}.conv' if basicsr else group.format(i) + str(blocks)
            x = net.conv(y, end, features) + x
        x = net.conv(x, 'conv_after_body' if basicsr else f'body.{groups}', features) + head
        x = steps(net, x, 'upsample.' if basicsr else 'tail.0.', factors)
        x = net.conv(x, 'conv_last' if basicsr else 'tail.1', picture.shape[1])
        if basicsr:
            x = x / 255.0 + MEAN
        elif has_mean:
            x = shift(net, x, 'add_mean', 1) / 255.0
        scale = 1
        for factor in factors:
            scale *= factor
        scale //= unshuffle
        return x[:, :, :scale * height, :scale * width]
    return forward


def msrresnet(features, blocks, factors):
    def forward(net, picture):
        x = leaky(net.conv(picture, 'conv_first', features), 0.1)
        for i in range(blocks):
            y = F.relu(net.conv(x, f'body.{i}.conv1', features))
            x = x + net.conv(y, f'body.{i}.conv2', features)
        scale = 1
        for i, factor in enumerate(factors):
            x = net.conv(x, f'upconv{i + 1}', features * factor * factor)
            x = leaky(F.pixel_shuffle(x, factor), 0.1)
            scale *= factor
        x = net.conv(leaky(net.conv(x, 'conv_hr', features), 0.1), 'conv_last', picture.shape[1])
        large = F.interpolate(picture, scale_factor=float(scale), mode='bilinear',
                              align_corners=False)
        return x + large
    return forward


def srgan_blocks(features, blocks, doublings):
    def forward(net, picture):
        head = net.prelu(net.conv(picture, 'block1.0', features, 9), 'block1.1', 1)
        x = head
        for i in range(2, blocks + 2):
            y = net.batch_norm(net.conv(x, f'block{i}.conv1', features), f'block{i}.bn1')
            y = net.prelu(y, f'block{i}.prelu', 1)
            x = x + net.batch_norm(net.conv(y, f'block{i}.conv2', features), f'block{i}.bn2')
        trunk, end = f'block{blocks + 2}', f'block{blocks + 3}'
        x = net.batch_norm(net.conv(x, trunk + '.0', features), trunk + '.1') + head
        for i in range(doublings):
            x = F.pixel_shuffle(net.conv(x, f'{end}.{i}.conv', 4 * features), 2)
            x = net.prelu(x, f'{end}.{i}.prelu', 1)
        x = net.conv(x, f'{end}.{doublings}', picture.shape[1], 9)
        return (torch.tanh(x) + 1) / 2
    return forward


def srgan_trunk(features, blocks, factors):
    def forward(net, picture):
        head = net.prelu(net.conv(picture, 'conv1.0', features, 9), 'conv1.1', 1)
        x = head
        for i in range(blocks):
            name = f'trunk.{i}.rcb.'
            y = net.batch_norm(net.conv(x, name + '0', features, bias=False), name + '1')
            y = net.prelu(y, name + '2', 1)
            x = x + net.batch_norm(net.conv(y, name + '3', features, bias=False), name + '4')
        x = net.batch_norm(net.conv(x, 'conv2.0', features, bias=False), 'conv2.1') + head
        for i, factor in enumerate(factors):
            name = f'upsampling.{i}.upsample_block.'
            x = F.pixel_shuffle(net.conv(x, name + '0', features * factor * factor), factor)
            x = net.prelu(x, name + '2', 1)
        return net.conv(x, 'conv3', picture.shape[1], 9)
    return forward


def srgan_numbers(features, blocks, factors):
    def forward(net, picture):
        head = net.conv(picture, 'model.0', features)
        x = head
        for i in range(blocks):
            y = F.relu(net.conv(x, f'model.1.sub.{i}.res.0', features))
            x = x + net.conv(y, f'model.1.sub.{i}.res.2', features)
        x = net.conv(x, f'model.1.sub.{blocks}', features) + head
        for i, factor in enumerate(factors):
            x = net.conv(x, f'model.{3 * i + 2}', features * factor * factor)
            x = F.relu(F.pixel_shuffle(x, factor))
        last = 3 * len(factors) + 2
        return net.conv(F.relu(net.conv(x, f'model.{last}', features)), f'model.{last + 2}',
                        picture.shape[1])
    return forward


def swiftsrgan(features, blocks, doublings):
    def separable(net, x, name, outputs, kernel=3, bias=True):
        x = net.conv(x, name + '.depthwise', x.shape[1], kernel, bias, groups=x.shape[1])
        return net.conv(x, name + '.pointwise', outputs, 1, bias)

    def normed(net, x, name):
        return net.batch_norm(separable(net, x, name + '.cnn', features, bias=False), name + '.bn')

    def forward(net, picture):
        head = separable(net, picture, 'initial.cnn', features, 9)
        head = net.prelu(head, 'initial.act')
        x = head
        for i in range(blocks):
            y = net.prelu(normed(net, x, f'residual.{i}.block1'), f'residual.{i}.block1.act')
            x = x + normed(net, y, f'residual.{i}.block2')
            net.around(f'residual.{i}.block2.act.weight', features, 0.25, 0)
        x = normed(net, x, 'convblock') + head
        net.around('convblock.act.weight', features, 0.25, 0)
        for i in range(doublings):
            x = separable(net, x, f'upsampler.{i}.conv', 4 * features)
            x = net.prelu(F.pixel_shuffle(x, 2), f'upsampler.{i}.act')
        return (torch.tanh(separable(net, x, 'final_conv', picture.shape[1], 9)) + 1) / 2
    return forward


def dncnn(features, layers, has_norm, level=None):
    def forward(net, picture):
        x = picture
        if level is not None:
            x = torch.cat([x, torch.full_like(x[:, :1], level)], 1)
        x = F.relu(net.conv(x, 'model.0', features))
        at = 2
        for _ in range(layers - 2):
            x = net.conv(x, f'model.{at}', features)
            if has_norm:
                x = net.batch_norm(x, f'model.{at + 1}')
            x = F.relu(x)
            at += 3 if has_norm else 2
        x = net.conv(x, f'model.{at}', picture.shape[1])
        return picture - x if level is None else x
    return forward


def make(cases):
    few = lambda: (cases.choice(8, 12, 16), cases.number(1, 3))
    for keys in ('basicsr', 'authors'):
        cases.add(f'edsr {keys} 4', edsr(keys, *few(), [2, 2]), 4, known='edsr')
        cases.add(f'edsr {keys} 3', edsr(keys, *few(), [3]), 3, known='edsr', wrapped=None)
        cases.add(f'rcan {keys} 2', rcan(keys, *few(), 2, 4, [2]), 2, exact=False, known='rcan')
        cases.add(f'rcan {keys} 4', rcan(keys, *few(), 1, 2, [2, 2]), 4, exact=False,
                  known='rcan')
    cases.add('edsr grey', edsr('authors', *few(), [2], has_mean=False), 2, 1, 1, known='edsr')
    cases.add('edsr scaled', edsr('basicsr', *few(), [2], 0.1), 2, known='edsr',
              given={'sisr.res_scale': '0.1'})
    cases.add('rcan unshuffled', rcan('authors', *few(), 2, 4, [2, 2], 2), 2, exact=False,
              known='rcan')
    cases.add('rcan plain', rcan('authors', *few(), 1, 4, [2], has_mean=False), 2, exact=False,
              known='rcan')
    for factors in ([2], [3], [2, 2]):
        scale = 4 if len(factors) == 2 else factors[0]
        cases.add(f'msrresnet {scale}', msrresnet(*few(), factors), scale, known='msrresnet')
        cases.add(f'srgan trunk {scale}', srgan_trunk(*few(), factors), scale, known='srgan',
                  wrapped='state_dict')
        cases.add(f'srgan numbers {scale}', srgan_numbers(*few(), factors), scale, known='srgan',
                  wrapped=None)
    cases.add('srgan blocks 4', srgan_blocks(*few(), 2), 4, known='srgan', wrapped=None)
    cases.add('srgan blocks 2', srgan_blocks(*few(), 1), 2, known='srgan', wrapped=None)
    cases.add('swiftsrgan 4', swiftsrgan(*few(), 2), 4, known='swiftsrgan', wrapped='model')
    cases.add('swiftsrgan 2', swiftsrgan(*few(), 1), 2, known='swiftsrgan', wrapped='model')
    cases.add('dncnn normed', dncnn(8, 5, True), 1, 1, 1, known='dncnn', wrapped=None)
    cases.add('dncnn colour', dncnn(8, 9, False), 1, known='dncnn', wrapped=None)
    cases.add('fdncnn', dncnn(8, 8, False, 15 / 255), 1, known='dncnn', wrapped=None)
