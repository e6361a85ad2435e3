"""PLKSR and RealPLKSR: local mixing, a large kernel on some channels, attention by pixel."""
import torch
import torch.nn.functional as F

from network import enlarge
from sampled import sampled


def block(net, x, name, real, part, kernel, mixers, attention, norm, cross):
    features = x.shape[1]
    y = x
    if norm == 'channels':
        y = net.channel_norm(y, name + '.layer_norm')
    mixer = name + ('.channel_mixer.' if real else '.channe_mixer.')
    y = net.conv(y, mixer + '0', 2 * features, mixers[0])
    y = F.mish(y) if real else F.gelu(y)
    y = net.conv(y, mixer + '2', features, mixers[1])
    first, rest = y[:, :part], y[:, part:]
    if cross:
        tall, wide, small = (kernel, kernel // 3), (kernel // 3, kernel), (kernel // 3,) * 2
        total = 0
        for kind, size in (('mn', tall), ('nm', wide), ('nn', small)):
            weight = net.tensor(f'{name}.lk.{kind}_conv.weight',
                                lambda: net.normal(part, part, *size) / (9 * kernel))
            bias = net.around(f'{name}.lk.{kind}_conv.bias', part, 0, 0.05)
            total = total + F.conv2d(first, weight, bias, padding=(size[0] // 2, size[1] // 2))
        first = total
    else:
        first = net.conv(first, name + '.lk.conv', part, kernel)
    y = torch.cat([first, rest], 1)
    if attention:
        y = y * torch.sigmoid(net.conv(y, name + '.attn.f.0', features))
    y = net.conv(y, name + '.refine', features, 1)
    if norm == 'groups':
        y = net.group_norm(y, name + '.norm', 4)
    return x + y


def network(real, features, blocks, part, kernel, scale, mixers=(3, 3), attention=True, norm=None,
            head='shuffle', cross=False):
    def forward(net, picture):
        x = net.conv(picture, 'feats.0', features)
        for i in range(1, blocks + 1):
            x = block(net, x, f'feats.{i}', real, part, kernel, mixers, attention, norm, cross)
        last = blocks + (2 if real else 1)  # a dropout has a number
        x = net.conv(x, f'feats.{last}', 3 * scale * scale)
        if head == 'sampled':
            x = x + picture.repeat_interleave(scale * scale, 1)
            return sampled(net, x, 'to_img', 3, scale, 3 if scale % 2 else 4, scale != 1)
        return F.pixel_shuffle(x, scale) + enlarge(picture, scale)
    return forward


def make(cases):
    sizes = lambda: (cases.choice(8, 16), cases.number(1, 3), cases.choice(4, 8),
                     cases.choice(5, 9, 17))
    for scale in (2, 4):
        cases.add(f'real {scale}', network(True, *sizes(), scale, norm='groups'), scale,
                  exact=False, known='realplksr')
    cases.add('real without attention',
              network(True, *sizes(), 1, attention=False, norm='groups'), 1, exact=False,
              known='realplksr', wrapped='params')
    cases.add('real norm by pixel', network(True, *sizes(), 2, norm='channels'), 2,
              known='realplksr')
    for scale in (2, 3, 4):
        cases.add(f'sampled {scale}',
                  network(True, *sizes(), scale, norm='groups', head='sampled'), scale,
                  exact=False, known='realplksr')
    cases.add('sampled by pixel',
              network(True, *sizes(), 4, norm='channels', head='sampled'), 4, exact=False,
              known='realplksr')
    cases.add('plain', network(False, *sizes(), 4, (3, 1)), 4, wrapped=None)
    cases.add('inverted', network(False, *sizes(), 2, (1, 3)), 2)
    cases.add('doubled', network(False, *sizes(), 3), 3)
    cases.add('cross', network(False, 16, 2, 8, 17, 2, (3, 1), cross=True), 2)
