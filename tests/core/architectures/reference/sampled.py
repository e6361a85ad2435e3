"""Enlargement by learned places, for plksr and mosr."""
import torch
import torch.nn.functional as F


def sampled(net, x, name, outputs, scale, groups, has_end=True):
    count, channels, height, width = x.shape
    places = 2 * groups * scale * scale
    offset = net.conv(x, name + '.offset', places, 1, gain=0.5)
    scope = torch.sigmoid(net.conv(x, name + '.scope', places, 1, bias=False))
    # Each pixel becomes scale x scale, which lie evenly in it.
    inside = (torch.arange(scale) - (scale - 1) / 2) / scale
    start = torch.stack([inside.repeat(scale), inside.repeat_interleave(scale)])  # x, then y
    start = start[:, None, :].repeat(1, groups, 1).reshape(1, places, 1, 1)
    net.tensor(name + '.init_pos', lambda: start.clone())
    moved = (offset * scope * 0.5 + start).reshape(count, 2, groups, scale, scale, height, width)
    x_places = moved[:, 0] + torch.arange(width) + 0.5
    y_places = moved[:, 1] + (torch.arange(height) + 0.5)[:, None]
    grid = torch.stack([2 * x_places / width - 1, 2 * y_places / height - 1], -1)
    # [count, groups, row in pixel, column in pixel, y, x, 2] to rows of the enlarged picture
    grid = grid.permute(0, 1, 4, 2, 5, 3, 6).reshape(count * groups, scale * height,
                                                     scale * width, 2)
    apart = x.reshape(count * groups, channels // groups, height, width)
    taken = F.grid_sample(apart, grid, mode='bilinear', padding_mode='border',
                          align_corners=False)
    taken = taken.reshape(count, channels, scale * height, scale * width)
    return net.conv(taken, name + '.end_conv', outputs, 1) if has_end else taken
