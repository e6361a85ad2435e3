"""Pickles that want memory, time or a place outside their data, and names that lie to a terminal."""
from opcodes import *  # pylint: disable=wildcard-import,unused-wildcard-import

KIND = 'pickle'
MOST = 1 << 62


def growing():
    """name -> a value's opcodes: what grows or nests without end."""
    doubling = b']' + b'q\x01h\x01\x86' * 60
    lists = b']q\x00' + b''.join(b']q' + bytes([i + 1]) + b'(' + (b'h' + bytes([i])) * 100 + b'e'
                                 for i in range(20))
    put_many = b''.join(b'Nr' + struct.pack('<I', i) + b'0' for i in range(600_000))
    some_pairs = listed(*(tup(number(i), b'N') for i in range(30_000)))
    return {
        'marks': b'(' * 2_000_000,
        'nones': b'N' * 2_000_000,
        'lists': b']' * 2_000_000,
        'dicts': b'}' * 2_000_000,
        'tuples-in-tuples': b')' + b'\x85' * 350_000,
        'dicts-in-dicts': b'}' * 100_000 + b'N' + b's' * 99_999,
        'duplicates': b'N' + b'2' * 2_000_000,
        'doubling': doubling,
        'hundredfold': lists + b'}(' + text('a') + b'h\x14u',
        'memo-keys': put_many + b'N',
        'memo-recalled': b'Nq\x00' + b'h\x00' * 2_000_000,
        'memo-memoize': b'N' + b'\x94' * 3_000_000,
        'list-in-itself': b']q\x00h\x00a',
        'dict-in-itself': b'}q\x00' + text('a') + b'h\x00s',
        'tuple-in-itself': b'(]q\x00tq\x010h\x00h\x01a0h\x01',
        'object-in-itself': glob('a', 'b') + b')\x81q\x00}' + text('_modules') + b'h\x00sb',
        'modules-in-themselves': glob('a', 'b') + b')\x81q\x00}q\x01' + text('_modules') +
                                 b'}q\x02(' + b''.join(text('part%d' % i) + b'h\x00'
                                                       for i in range(40)) + b'usb',
        'pairs-again-and-again': b']q\x000' + some_pairs + b'q\x010' +
                                 (ORDERED + b'h\x01\x85R0') * 20_000 + b'N',
        'globals': b''.join(glob('module%06d' % i, 'x' * 400) + b'0' for i in range(20_000)) + b'N',
        'storages': (storage() + b'0') * 110_000 + b'N',
        'tensors': storage() + b'q\x000' + tup(number(6)) + b'q\x010' +
                   glob('torch._utils', '_rebuild_tensor') + b'q\x020' +
                   b'h\x02(h\x00K\x00h\x01h\x01tR0' * 110_000 + b'N',
        'calls-in-calls': b''.join(glob('torch._tensor', '_rebuild_from_type_v2') + b'('
                                   for _ in range(50)) + b'N' + b'tR' * 50,
    }


def lying():
    """name -> opcodes that speak of more than there is, or of nothing."""
    huge = b'\xff' * 8
    return {
        'text-8-of-all': b'\x8d' + huge,
        'text-8-of-exabytes': b'\x8d' + struct.pack('<Q', 1 << 60),
        'text-8-overflowing': b'\x8d' + struct.pack('<Q', (1 << 64) - 9),
        'bytes-8-of-exabytes': b'\x8e' + struct.pack('<Q', 1 << 60),
        'bytearray-of-exabytes': b'\x96' + struct.pack('<Q', 1 << 60),
        'text-of-4-gb': b'X\xff\xff\xff\xff',
        'bytes-of-4-gb': b'B\xff\xff\xff\xff',
        'text-of-minus-1': b'T\xff\xff\xff\xff',
        'long-of-minus-1': b'\x8b\xff\xff\xff\xff',
        'long-of-2-gb': b'\x8b\xff\xff\xff\x7f',
        'long-of-255': b'\x8a\xff' + b'\x80' * 255,
        'long-of-nothing': b'\x8a\x00',
        'decimal-of-a-million': b'L' + b'9' * 1_000_000 + b'L\n',
        'int-that-is-none': b'Iten\n',
        'float-that-is-none': b'Ften\n',
        'line-without-end': b'V' + b'a' * 100_000,
        'empty-text-lines': b'S\n',
        'mark-only': b'(',
        'tuple-without-mark': b't',
        'mark-popped-twice': b'N(11',
        'mark-below-the-stack': b'N(00t',
        'memo-that-is-not': b'j\xff\xff\xff\x7f',
        'memo-of-a-word': b'Ngseven\n',
        'memo-of-minus-1': b'Np-1\n',
        'set-on-nothing': b'NNNs',
        'append-to-a-number': b'K\x01K\x01a',
        'build-of-nothing': b'b',
        'pairs-of-one': b'}(' + text('a') + b'u',
        'reduce-a-number': b'K\x01)R',
        'global-of-numbers': b'K\x01K\x02\x93',
        'global-without-names': b'c\n\n',
        'global-of-600': glob('a' * 600, 'b'),
    }


def wrong_tensors():
    """name -> a tensor that does not fit its 6 numbers."""
    utils = glob('torch._utils', '_rebuild_tensor')
    return {
        'outside': tensor(shape=(7,)),
        'outside-by-offset': tensor(shape=(2,), offset=5),
        'outside-by-stride': tensor(shape=(2, 2), strides=(5, 1)),
        'offset-negative': tensor(offset=-1),
        'offset-overflowing': tensor(offset=(1 << 63) - 1),
        'stride-negative': tensor(strides=(-3, 1)),
        'stride-overflowing': tensor(strides=((1 << 63) - 1, 1)),
        'size-negative': tensor(shape=(-2, 3), strides=(3, 1)),
        'size-overflowing': tensor(shape=(MOST, 4), strides=(1, 1)),
        'sizes-overflowing': tensor(shape=(1 << 32, 1 << 32), strides=(0, 0)),
        'size-of-a-text': call(utils, storage(), number(0), tup(text('a')), tup(number(1))),
        'sizes-of-other-count': tensor(shape=(2, 3), strides=(1,)),
        'dimensions-17': tensor(shape=(1,) * 17, strides=(1,) * 17),
        'dimensions-10000': tensor(shape=(1,) * 10_000, strides=(1,) * 10_000),
        'expanded-to-2-40': tensor(shape=(1 << 40,), strides=(0,)),
        'expanded-by-all': tensor(shape=(1 << 10,) * 4, strides=(0,) * 4),
        'empty-beside-2-62': tensor(shape=(0, MOST, MOST), strides=(1, 1, 1)),
        'storage-of-no-type': tensor(kind='ImpossibleStorage'),
        'storage-of-exabytes': call(utils, storage(count=2_000_000_000), number(0),
                                    sizes((2_000_000_000,)), sizes((1,))),
        'storage-that-is-not': tensor(key='missing'),
        'storage-called-up': tensor(key='../../../../etc/passwd'),
        'storage-called-long': tensor(key='k' * 65),
        'storage-as-number': call(utils, number(0), number(0), sizes((1,)), sizes((1,))),
        'storage-of-two-words': call(utils, tup(text('storage'), text('x')) + b'Q', number(0),
                                     sizes((1,)), sizes((1,))),
        'storage-id-a-word': call(utils, text('storage') + b'Q', number(0), sizes((1,)),
                                  sizes((1,))),
        'arguments-none': call(utils),
        'arguments-a-dict': utils + b'}R',
        'v3-of-two': call(glob('torch._utils', '_rebuild_tensor_v3'), storage(), number(0)),
    }


def add_amplified(corpus):
    """Few bytes that are many tensors: each alone is allowed."""
    def views(count, shape, strides, key_count):
        begin = (storage(count=key_count) + b'q\x000' + sizes(shape) + b'q\x010' + sizes(strides) +
                 b'q\x020' + glob('torch._utils', '_rebuild_tensor') + b'q\x030')
        return begin + pairs(*(('t%d.weight' % i, b'h\x03(h\x00K\x00h\x01h\x02tR')
                               for i in range(count)))
    one, many = [('0', floats(1))], [('0', floats(16_384))]
    for name, value, storages in (
            ('expanded', views(2_000, (1 << 20,), (0,), 1), one),
            ('expanded-rows', views(2_000, (1 << 10, 1 << 10), (0, 0), 1), one),
            ('shared', views(50_000, (16_384,), (1,), 16_384), many)):
        corpus.add(KIND, 'amplified-%s.pth' % name, zipped(value, storages, packed=True), 'refused',
                   'more than')
        corpus.add(KIND, 'amplified-%s-legacy.pth' % name, legacy(value, storages), 'refused',
                   'more than')


def add_names(corpus):
    """Tensors whose names want something of the terminal or of whoever goes through them."""
    storages = [('0', floats(6))]
    for name, key in (('escape', '\x1b]0;owned\x07\x1b[2Jx.weight'), ('line', 'x\ny.weight'),
                      ('return', 'good\rx.weight'), ('nul', 'x\x00y.weight'),
                      ('no-utf8', b'\xff\xfe\x80.weight'), ('c1', '\x9b31mx.weight'),
                      ('format', '%n%s%x.weight'), ('long', 'x' * 3_000_000 + '.weight'),
                      ('path', '../../../../tmp/x.weight')):
        corpus.add(KIND, 'name-%s.pth' % name,
                   zipped(pairs((key, tensor())), storages), 'refused')
        harmful = pairs((key, call(glob('their.code', 'make'))))
        corpus.add(KIND, 'name-%s-of-object.pth' % name, zipped(harmful, storages), 'refused')
    deep = tensor()
    for _ in range(22):
        deep = pairs(('G.' * 256, deep))
    corpus.add(KIND, 'name-of-wrappers-deep.pth', zipped(deep, storages), 'refused')
    one = tensor() + b'q\x000'
    corpus.add(KIND, 'name-of-wrappers.pth',
               zipped(one + pairs(*(('G.' * 240 + str(i) + '.weight', b'h\x00')
                                    for i in range(30_000))), storages, packed=True), 'refused')
    # A module's parts in one another: each name is made of all above it.
    body = b'}q\x00(' + b''.join(text(chr(97 + i) * 500) + b'N' for i in range(20)) + b'u'
    for _ in range(5):
        part = obj('a', 'b', ('_modules', body))
        body = part + b'q\x000}(' + b''.join(text(chr(97 + i) * 500) + b'h\x00'
                                             for i in range(16)) + b'u'
    corpus.add(KIND, 'name-of-modules.pth', zipped(obj('a', 'b', ('_modules', body)), storages,
                                                   packed=True), 'refused')


def add_old(corpus):
    """What only the form before PyTorch 1.6 has: counts between the weights."""
    good, storages = good_dict(), good_storages()
    add = lambda *rest: corpus.add(KIND, *rest)
    plain = legacy(good, storages)
    begin = len(legacy(good, storages)) - sum(8 + len(values) for _, values in storages)
    for name, count in (('all', (1 << 64) - 1), ('overflowing', 1 << 62), ('exabytes', 1 << 60),
                        ('one-more', len(storages[0][1]) // 4 + 1)):
        add('count-%s.pth' % name, plain[:begin] + struct.pack('<Q', count) + plain[begin + 8:],
            'refused')
    many = proto(listed(*[text('0')] * 400_000))
    add('keys-many.pth', legacy(tensor_dict(), [], keys=many) + bytes(8 * 400_000), 'refused')
    add('keys-long.pth', legacy(good, storages, keys=proto(listed(text('0' * 5_000_000)))),
        'refused')
    add('keys-of-nothing.pth', legacy(good, storages, keys=proto(b'N')), 'refused')
    add('cut.pth', plain[:-1], 'refused', 'truncated')
    add('magic-only.pth', MAGIC, 'refused', 'truncated')
    for size in (1, 100):
        corpus.sparse(KIND, 'text-of-%d-gb.pth' % size,
                      MAGIC + VERSION + SYSTEM + b'\x80\x04\x8d' + struct.pack('<Q', size << 30),
                      (size << 30) + 1000, 'refused', 'truncated')


def tensor_dict():
    return pairs(('a.weight', tensor()))


def add_all(corpus):
    good, storages = good_dict(), good_storages()
    for name, value in growing().items():
        corpus.add(KIND, 'bomb-%s.pth' % name, zipped(value, packed=True), 'refused')
        corpus.add(KIND, 'bomb-%s-legacy.pth' % name, legacy(value), 'refused')
        if len(value) > 1_000_000: continue
        corpus.add(KIND, 'bomb-%s-beside.pth' % name,
                   zipped(pairs(('params', good), ('x', value)), storages), 'either')
    for name, value in lying().items():
        corpus.add(KIND, 'lie-%s.pth' % name, zipped(value), 'refused')
        corpus.add(KIND, 'lie-%s-legacy.pth' % name, legacy(value), 'refused')
    for name, value in wrong_tensors().items():
        made = pairs(('a.weight', value))
        corpus.add(KIND, 'tensor-%s.pth' % name, zipped(made, [('0', floats(6))]), 'refused')
        corpus.add(KIND, 'tensor-%s-legacy.pth' % name, legacy(made, [('0', floats(6))]), 'refused')
    corpus.add(KIND, 'stop-at-once.pth', zipped(b''), 'refused')
    corpus.add(KIND, 'empty-pickle.pth', zipped(b'', whole=True), 'refused')
    add_amplified(corpus)
    add_names(corpus)
    add_old(corpus)
