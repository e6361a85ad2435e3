"""ONNX files, field by field."""
import struct

from opcodes import floats

KIND = 'onnx'


def varint(value):
    value &= (1 << 64) - 1
    out = b''
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A whole number, or bytes."""
    if isinstance(value, int): return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, raw=b'', kind=1, more=b''):
    return (b''.join(field(1, size) for size in dims) + field(2, kind) + field(8, name) +
            (field(9, raw) if raw else b'') + more)


def attribute(name, value, number=3):
    return field(5, field(1, name) + field(number, value))


def node(op, inputs, outputs, *attributes, name=''):
    return field(1, b''.join(field(1, one) for one in inputs) +
                 b''.join(field(2, one) for one in outputs) + field(3, name) + field(4, op) +
                 b''.join(attributes))


def value(name, channels=3):
    dims = field(1, field(1, 1)) + field(1, field(1, channels)) + field(1, field(2, 'h'))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims + field(1, field(2, 'w')))))


def model(nodes, initializers=(), inputs=(value('in'),), outputs=(value('out'),), more=b''):
    graph = nodes + b''.join(field(5, one) for one in initializers)
    graph += b''.join(field(11, one) for one in inputs) + b''.join(field(12, one) for one in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(1, '') + field(2, 17)) + more


PADS = attribute('pads', b'\x01' * 4, 8)
CONV = node('Conv', ['in', 'w', 'b'], ['c'], PADS)
SHUFFLE = node('DepthToSpace', ['c'], ['out'], attribute('blocksize', 2),
               attribute('mode', 'CRD', 4))
WEIGHTS = [tensor('w', (12, 3, 3, 3), floats(324)), tensor('b', (12,), floats(12))]
GOOD = model(CONV + SHUFFLE, WEIGHTS)


def add_tensors(corpus):
    def add(name, first, words=''):
        corpus.add(KIND, 'tensor-%s.onnx' % name, model(CONV + SHUFFLE, [first, WEIGHTS[1]]),
                   'refused', words)
    shape, raw = (12, 3, 3, 3), floats(324)
    elsewhere = field(13, field(1, 'location') + field(2, '/etc/passwd')) + field(14, 1)
    add('elsewhere', tensor('w', shape, more=elsewhere), 'lies in another file')
    add('elsewhere-too', tensor('w', shape, raw, more=elsewhere), 'lies in another file')
    add('size-negative', tensor('w', (-12, 3, 3, 3), raw))
    add('size-2-62', tensor('w', (1 << 62, 4), raw))
    add('sizes-overflowing', tensor('w', (1 << 31, 1 << 31, 4), raw))
    add('sizes-of-nothing', tensor('w', (0, 2147483647, 2147483647, 2147483647)))
    add('larger', tensor('w', (13, 3, 3, 3), raw))
    add('nothing', tensor('w', shape))
    add('type-unknown', tensor('w', shape, raw, kind=77))
    add('type-text', tensor('w', shape, raw, kind=8))
    add('twice', tensor('b', shape, raw), 'twice')
    add('dimensions-many', tensor('w', (1,) * 100_000, raw))
    add('numbers-of-a-byte', tensor('w', shape, kind=7, more=field(7, bytes(50_000_000))),
        'than any network')
    add('numbers-one-by-one', tensor('w', shape, kind=7, more=b'\x38\x00' * 2_000_000),
        'than any network')
    add('name-long', tensor('w' * 20_000_000, shape, raw), 'than any network')
    add('name-escape', tensor('\x1b]0;owned\x07\x1b[2J', (5,), raw))
    add('name-no-utf8', tensor(b'\xff\xfe', (5,), raw))
    add('group-deep', tensor('w', shape, raw, more=b'\xa3\x06' * 1_000_000))


def add_graphs(corpus):
    def add(name, data, words=''):
        corpus.add(KIND, name + '.onnx', data, 'refused', words)
    add('nodes-of-nothing', model(CONV + b'\x0a\x00' * 5_000_000), 'more nodes')
    add('nodes-60000', model(CONV + node('Relu', ['c'], ['c']) * 60_000), 'more nodes')
    add('tensors-of-nothing', model(CONV, [b''] * 3_000_000), 'more tensors')
    add('attributes-of-nothing', model(node('Conv', ['in'], ['out'], b'\x2a\x00' * 5_000_000)),
        'than any network')
    add('inputs-of-nothing', model(field(1, b'\x0a\x00' * 5_000_000)), 'than any network')
    add('attribute-numbers', model(node('Conv', ['in'], ['out'],
                                        attribute('pads', bytes(30_000_000), 8))), 'than any network')
    add('attribute-text', model(node('Conv', ['in'], ['out'], attribute('a', 'x' * 30_000_000, 4))),
        'than any network')
    add('properties-of-nothing', model(CONV, more=b'\x72\x00' * 5_000_000), 'than any network')
    add('inputs-of-graph', model(CONV, inputs=[b''] * 2_000_000), 'than any network')
    add('name-long', model(node('Relu' * 1000, ['in'], ['out'])), 'very long name')
    add('op-escape', model(node('\x1b[2JRun\x07', ['in'], ['out'])))
    add('op-of-python', model(node('PyOp', ['in'], ['out'], attribute('module', 'os', 4),
                                   attribute('class_name', 'system', 4))))
    add('op-of-library', model(node('Run', ['in'], ['out'], field(7, '/tmp/owned.so'))))
    # Graphs within: a branch, a loop, a function.
    inner = field(5, field(1, 'body') + field(6, node('Relu', ['in'], ['x'])) + field(20, 5))
    for op in ('Loop', 'If', 'Scan'):
        add('op-' + op.lower(), model(node(op, ['in'], ['out'], inner)))
    deep = node('Relu', ['in'], ['x'])
    for _ in range(500): deep = node('If', ['in'], ['x'], field(5, field(6, deep)))
    add('graphs-deep', model(deep))
    add('function', model(node('F', ['in'], ['out'], field(7, 'mine')),
                          more=field(25, field(1, 'F') + node('F', ['in'], ['out']))))
    add('cycle', model(node('Relu', ['out'], ['x']) + node('Relu', ['x'], ['out'])))
    add('made-twice', model(node('Relu', ['in'], ['out']) * 2))
    add('from-nowhere', model(node('Relu', ['nothing'], ['out'])))
    add('input-twice', model(CONV + SHUFFLE, WEIGHTS, inputs=[value('in'), value('other')]))
    add('input-missing', model(CONV + SHUFFLE, WEIGHTS, inputs=[]))
    add('input-of-channels', model(CONV + SHUFFLE, WEIGHTS, inputs=[value('in', 1 << 40)],
                                   outputs=[]))
    double = b''.join(node('Concat', [a, a], [b], attribute('axis', 1)) for a, b in zip(
        ['in'] + ['d%d' % i for i in range(60)], ['d%d' % i for i in range(60)] + ['out']))
    add('concat-2-61', model(double))
    for name, factor in (('2-31', 1 << 31), ('negative', -2), ('nothing', 0), ('2-16', 1 << 16)):
        add('shuffle-' + name, model(node('DepthToSpace', ['in'], ['out'],
                                          attribute('blocksize', factor))))
    for name, pads in (('2-62', varint(1 << 62) * 4), ('negative', varint(-1) * 4), ('one', b'\x01'),
                       ('many', b'\x01' * 100_000)):
        add('pads-' + name, model(node('Conv', ['in', 'w', 'b'], ['c'], attribute('pads', pads, 8)) +
                                  SHUFFLE, WEIGHTS))
    for name, number in (('strides', 1 << 31), ('group', 1 << 31), ('group', -1)):
        add('conv-%s-%d' % (name, number & 1),
            model(node('Conv', ['in', 'w', 'b'], ['c'], PADS, attribute(name, number)) + SHUFFLE,
                  WEIGHTS))
    add('dilations', model(node('Conv', ['in', 'w', 'b'], ['c'], PADS,
                                attribute('dilations', varint(1 << 31) * 2, 8)) + SHUFFLE, WEIGHTS))
    for name, size in (('1e9', 1e9), ('nan', float('nan')), ('negative', -2.0)):
        scales = tensor('s', (4,), struct.pack('<4f', 1, 1, size, size))
        add('resize-' + name, model(node('Resize', ['in', '', 's'], ['out']), [scales]))


def add_bytes(corpus):
    def add(name, data, expected='refused'):
        corpus.add(KIND, name + '.onnx', data, expected)
    add('cut', GOOD[:-60])
    add('head-only', GOOD[:3])
    add('length-2-31', field(1, 8) + b'\x3a\xff\xff\xff\xff\x07')
    add('length-2-63', field(1, 8) + b'\x3a' + b'\xff' * 9 + b'\x01')
    add('varint-endless', field(1, 8) + b'\x3a' + b'\xff' * 1000)
    add('group-open', field(1, 8) + b'\x3b' * 2_000_000)
    add('field-zero', field(1, 8) + b'\x3a\x02\x02\x00')
    add('ir-2-62', field(1, 1 << 62) + GOOD[2:])
    # Whoever wrote it may have put any program beside: nobody asks for it.
    add('property', model(CONV + SHUFFLE, WEIGHTS,
                          more=field(14, field(1, 'run') + field(2, 'touch owned'))), 'loads')
    add('property-escape', model(CONV + SHUFFLE, WEIGHTS,
                                 more=field(14, field(1, '\x1b[2J') + field(2, '\x07'))), 'loads')
    add('unknown-fields', model(CONV + SHUFFLE, WEIGHTS, more=field(999, b'x' * 1_000_000)), 'loads')
    corpus.sparse(KIND, 'hole-1-gb.onnx', GOOD, 1 << 30, 'refused')
    corpus.sparse(KIND, 'hole-5-gb.onnx', GOOD, 5 << 30, 'refused')


def add_all(corpus):
    add_tensors(corpus)
    add_graphs(corpus)
    add_bytes(corpus)
