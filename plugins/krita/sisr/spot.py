"""Places in a picture: where to look first, and what to cut out around it. Nothing here needs Qt.

A rectangle is (x, y, width, height), a place (x, y) from 0 to 1 across and down.
"""
CELLS = 32  # of the longer side, in which detail is counted
MOST_STEP = 24  # of 255; a hard edge alone is not detail
LEAST_SIDE = 16  # pixels of a crop
MARGIN = 16  # pixels around a crop, which the network sees too


def most_detailed(rows, window):
    """The place whose window holds the most detail. rows: of grey, as bytes; window: its share of the
    width and height."""
    height, width = len(rows), len(rows[0]) if rows else 0
    if width < 2 or height < 2:
        return 0.5, 0.5
    cell = max(1, -(-max(width, height) // CELLS))
    sums = _cell_sums(rows, cell)
    columns, lines = len(sums[0]), len(sums)
    wide = min(columns, max(1, round(window[0] * columns)))
    high = min(lines, max(1, round(window[1] * lines)))
    best, corner = -1, (0, 0)
    for y in range(lines - high + 1):
        for x in range(columns - wide + 1):
            found = sum(sum(line[x:x + wide]) for line in sums[y:y + high])
            if found > best:
                best, corner = found, (x, y)
    return (min(1.0, (corner[0] + wide / 2) * cell / width),
            min(1.0, (corner[1] + high / 2) * cell / height))


def _cell_sums(rows, cell):
    sums = []
    for top in range(0, len(rows), cell):
        line = [0] * -(-len(rows[0]) // cell)
        for y in range(top, min(top + cell, len(rows))):
            row = rows[y]
            below = rows[min(y + 1, len(rows) - 1)]
            steps = [min(MOST_STEP, abs(a - b)) + min(MOST_STEP, abs(a - c))
                     for a, b, c in zip(row, row[1:], below)]
            for i in range(len(line)):
                line[i] += sum(steps[i * cell:(i + 1) * cell])
        sums.append(line)
    return sums


def crop_size(view, scale, picture):
    """Pixels of the picture that fill a view when enlarged."""
    return tuple(min(whole, max(LEAST_SIDE, round(side / scale)))
                 for side, whole in zip(view, picture))


def crop_around(place, size, picture):
    """The rectangle of a size whose middle is nearest to a place."""
    corner = [min(whole - side, max(0, round(share * whole - side / 2)))
              for share, side, whole in zip(place, size, picture)]
    return (*corner, *size)


def with_margin(rect, picture):
    """The rectangle and what lies around it."""
    x, y = max(0, rect[0] - MARGIN), max(0, rect[1] - MARGIN)
    right = min(picture[0], rect[0] + rect[2] + MARGIN)
    bottom = min(picture[1], rect[1] + rect[3] + MARGIN)
    return x, y, right - x, bottom - y


def inside_result(wanted, read, result):
    """Where a wanted rectangle lies in the enlargement of the one that was read. result: the size of
    that."""
    across, down = result[0] / read[2], result[1] / read[3]
    x, y = round((wanted[0] - read[0]) * across), round((wanted[1] - read[1]) * down)
    return (x, y, max(1, min(result[0] - x, round(wanted[2] * across))),
            max(1, min(result[1] - y, round(wanted[3] * down))))
