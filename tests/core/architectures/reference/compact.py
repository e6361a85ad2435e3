"""SRVGGNetCompact: convolutions in a row, and the enlarged input added."""
import torch.nn.functional as F

from network import enlarge, leaky


def network(features, layers, scale, channels, activation='prelu'):
    def activate(net, x, name):
        if activation == 'prelu':
            return net.prelu(x, name)
        return F.relu(x) if activation == 'relu' else leaky(x, 0.1)

    def forward(net, picture):
        x = picture
        for i in range(layers + 1):
            x = activate(net, net.conv(x, f'body.{2 * i}', features), f'body.{2 * i + 1}')
        x = net.conv(x, f'body.{2 * layers + 2}', channels * scale * scale)
        return F.pixel_shuffle(x, scale) + enlarge(picture, scale)
    return forward


def make(cases):
    sizes = lambda: (cases.choice(8, 12, 24, 64), cases.number(1, 6))
    for scale in (1, 2, 3, 4):
        cases.add(f'prelu {scale}', network(*sizes(), scale, 3), scale,
                  wrapped=cases.choice('params', 'params_ema', None))
    cases.add('grey', network(*sizes(), 2, 1), 2, 1, 1)
    cases.add('relu', network(*sizes(), 4, 3, 'relu'), 4)
    cases.add('leaky', network(*sizes(), 2, 3, 'leaky'), 2,
              given={'sisr.activation': 'leakyrelu'})
