"""ncnn's .param files, each with a .bin beside it."""
import struct

from opcodes import floats

KIND = 'ncnn'
MAGIC = '7767517\n'
INPUT = 'Input in 0 1 data 0=0 1=0 2=3\n'
CONVOLUTION = 'Convolution c 1 1 data x 0=12 1=3 4=1 5=1 6=324\n'
SHUFFLE = 'PixelShuffle s 1 1 x out0 0=2\n'
WEIGHTS = struct.pack('<I', 0) + floats(324 + 12)


def layers(*lines, count=None):
    number = len(lines) if count is None else count
    return MAGIC + '%d %d\n' % (number, number) + ''.join(lines)


GOOD = layers(INPUT, CONVOLUTION, SHUFFLE)


def add_numbers(corpus, add):
    for name, count in (('negative', -1), ('10-9', 10 ** 9), ('2-31', 1 << 31), ('2-64', 1 << 64),
                        ('one-more', 4), ('nothing', 0), ('50000', 50_000)):
        add('count-' + name, layers(INPUT, CONVOLUTION, SHUFFLE, count=count), WEIGHTS)
    add('count-word', MAGIC + 'many many\n')
    add('count-hexadecimal', MAGIC + '0x3 0x3\n')
    for name, line in (('blobs-negative', 'Convolution c -1 -1 data x 0=12\n'),
                       ('blobs-10-9', 'Concat c 1000000000 1 data x\n'),
                       ('blobs-257', 'Concat c 257 1 ' + 'data ' * 257 + 'x\n'),
                       ('blobs-missing', 'Concat c 3 1 data\n'),
                       ('outputs-negative', 'Split c 1 -5 data\n')):
        add(name, layers(INPUT, line))
    for name, changed in (
            ('outputs-negative-of-weights', '0=-12 1=3 4=1 5=1 6=324'),
            ('outputs-nothing', '0=0 1=3 4=1 5=1 6=324'),
            ('outputs-2-31', '0=2147483647 1=3 4=1 5=1 6=324'),
            ('outputs-1e300', '0=1e300 1=3 4=1 5=1 6=324'), ('outputs-nan', '0=nan 1=3 6=324'),
            ('kernel-negative', '0=12 1=-3 4=1 5=1 6=324'), ('kernel-2-31', '0=12 1=2147483647 6=1'),
            ('kernel-overflowing', '0=65536 1=256 11=256 6=324'),
            ('size-negative', '0=12 1=3 4=1 5=1 6=-324'), ('size-nothing', '0=12 1=3 4=1 6=0'),
            ('size-2-31', '0=12 1=3 4=1 5=1 6=2147483640'), ('size-odd', '0=12 1=3 4=1 5=1 6=325'),
            ('size-inf', '0=12 1=3 4=1 5=1 6=inf'),
            ('dilation-2-30', '0=12 1=3 2=1073741824 4=1073741824 5=1 6=324'),
            ('dilation-negative', '0=12 1=3 2=-1 4=-1 5=1 6=324'),
            ('padding-2-31', '0=12 1=3 4=2147483647 5=1 6=324'),
            ('padding-negative', '0=12 1=3 4=-2147483647 5=1 6=324'),
            ('stride-nothing', '0=12 1=3 3=0 4=1 5=1 6=324'),
            ('activation-2-31', '0=12 1=3 4=1 5=1 6=324 9=2147483647'),
            ('activation-lists', '0=12 1=3 4=1 5=1 6=324 9=2 -23310=1,1e300'),
            ('key-negative', '0=12 1=3 4=1 5=1 6=324 -5=1'),
            ('key-2-31', '0=12 1=3 4=1 5=1 6=324 2147483648=1'),
            ('key-array-beyond', '0=12 1=3 4=1 5=1 6=324 -2147483648=1'),
            ('array-length-lies', '0=12 1=3 4=1 5=1 6=324 -23310=4,1'),
            ('array-length-negative', '0=12 1=3 4=1 5=1 6=324 -23310=-1'),
            ('array-length-2-31', '0=12 1=3 4=1 5=1 6=324 -23310=2147483647,1'),
            ('array-of-a-million', '0=12 1=3 4=1 5=1 6=324 -23310=1000001' + ',1' * 1_000_000),
            ('eight-bits', '0=12 1=3 4=1 5=1 6=324 8=1'),
            ('weights-computed', '0=12 1=3 4=1 5=1 6=324 19=1')):
        line = 'Convolution c 1 1 data x ' + changed + '\n'
        expected = 'either' if changed.endswith(',1e300') else 'refused'
        add(name, layers(INPUT, line, SHUFFLE), WEIGHTS, expected)
    add('groups-2-31', layers(INPUT, 'ConvolutionDepthWise c 1 1 data x 0=12 1=3 4=1 5=1 6=324 '
                              '7=2147483647\n', SHUFFLE), WEIGHTS)
    add('memory-2-93', layers(INPUT, 'MemoryData m 0 1 k 0=2147483647 1=2147483647 2=2147483647\n'))
    add('memory-negative', layers(INPUT, 'MemoryData m 0 1 k 0=-4\n'), floats(4))
    add('slopes-2-31', layers(INPUT, 'PReLU p 1 1 data out0 0=2147483647\n'), floats(3))


def add_graphs(corpus, add):
    def chain(count, line):
        names = ['data'] + ['b%d' % i for i in range(count - 1)] + ['out0']
        return layers(INPUT, *(line % (i, a, b)
                               for i, (a, b) in enumerate(zip(names, names[1:]))))
    add('cycle', layers(INPUT, 'Swish a 1 1 y x\n', 'Swish b 1 1 x y\n'))
    add('cycle-with-end', layers(INPUT, 'BinaryOp a 2 1 data y x 0=0\n', 'Split b 1 2 x y out0\n'))
    add('cycle-of-one', layers(INPUT, 'Swish a 1 1 out0 out0\n'))
    add('made-twice', layers(INPUT, 'Swish a 1 1 data out0\n', 'TanH b 1 1 data out0\n'))
    add('layers-of-one-name', layers(INPUT, CONVOLUTION, 'Convolution c 1 1 x y 0=3 1=1 6=36\n'),
        WEIGHTS * 3)
    add('input-twice', layers(INPUT, 'Input b 0 1 e\n', 'BinaryOp c 2 1 data e out0 0=0\n'))
    add('inputs-256', layers('Input in 0 256 ' + ' '.join('d%d' % i for i in range(256)) + '\n'))
    add('takes-what-comes-later', layers(INPUT, 'Swish a 1 1 later out0\n'))
    add('takes-nothing', layers(INPUT, 'Swish a 0 1 out0\n'))
    add('makes-nothing', layers(INPUT, 'Swish a 1 0 data\n'))
    add('results-many', layers(INPUT, 'Split s 1 256 data ' +
                               ' '.join('r%d' % i for i in range(256)) + '\n'))
    add('layer-unknown', layers(INPUT, 'Exec a 1 1 data out0 0=touch\n'))
    add('layer-path', layers(INPUT, '../../libowned.so a 1 1 data out0\n'))
    double = [INPUT] + ['Concat c%d 2 1 %s %s %s\n' % (i, a, a, b) for i, (a, b) in enumerate(
        zip(['data'] + ['d%d' % j for j in range(60)], ['d%d' % j for j in range(60)] + ['out0']))]
    add('concat-2-60', layers(*double))
    for times, expected in ((18, 'refused'), (13, 'loads')):
        cut = 'Crop r 1 1 d%d out0 -23309=1,0 -23310=1,3 -23311=1,0\n' % (times - 1)
        add('concat-2-%d' % times, layers(*double[:times + 1], cut), expected=expected)
    # Branches without a common measure: the picture's sides would be multiples of all.
    primes = [61, 59, 53, 47, 43, 41, 37, 31]
    places = ['data'] + ['p%d' % prime for prime in primes[:-1]] + ['out0']
    add('measures', layers(INPUT, *('Reorg r%d 1 1 %s q%d 0=%d\nPixelShuffle s%d 1 1 q%d %s 0=%d\n' %
                                    (n, a, n, n, n, n, b, n)
                                    for n, a, b in zip(primes, places, places[1:])),
                           count=1 + 2 * len(primes)))
    add('concat-of-256', layers(INPUT, *('Concat k%d 256 1 %s k%d\n' %
                                         (i, ' '.join(['data' if i == 0 else 'k%d' % (i - 1)] * 256),
                                          i) for i in range(4))))
    add('enlarge-2-20', chain(10, 'Interp i%d 1 1 %s %s 0=1 1=4.0 2=4.0\n'))
    add('enlarge-1e9', layers(INPUT, 'Interp i 1 1 data out0 0=1 1=1e9 2=1e9\n'))
    add('enlarge-negative', layers(INPUT, 'Interp i 1 1 data out0 0=1 1=-2 2=-2\n'))
    add('enlarge-64', layers(INPUT, 'Interp i 1 1 data out0 0=1 1=64.0 2=64.0\n'))
    add('enlarge-and-reduce', layers(INPUT, 'Interp a 1 1 data x 0=1 1=64.0 2=64.0\n',
                                     'Reorg b 1 1 x y 0=64\n', 'Interp c 1 1 y z 0=1 1=64.0 2=64.0\n',
                                     'Reorg d 1 1 z e 0=32\n',
                                     'Crop f 1 1 e out0 -23309=1,0 -23310=1,3 -23311=1,0\n'))
    for name, line in (('shuffle-2-31', 'PixelShuffle a 1 1 data out0 0=2147483647\n'),
                       ('shuffle-2-16', 'PixelShuffle a 1 1 data out0 0=65536\n'),
                       ('shuffle-negative', 'PixelShuffle a 1 1 data out0 0=-2\n'),
                       ('reorg-2-16', 'Reorg a 1 1 data out0 0=65536\n'),
                       ('slice-negative', 'Slice a 1 2 data x out0 -23300=2,-5,-233\n'),
                       ('slice-1e300', 'Slice a 1 2 data x out0 -23300=2,1e300,-233\n'),
                       ('crop-nan', 'Crop a 1 1 data out0 -23309=1,nan -23310=1,3 -23311=1,0\n'),
                       ('crop-2-31', 'Crop a 1 1 data out0 2=2147483647 3=-233 4=-233 5=2147483647\n'),
                       ('norm-groups', 'GroupNorm a 1 1 data out0 0=0 1=3\n'),
                       ('scale-nothing', 'Scale a 1 1 data out0 0=0\n')):
        add(name, layers(INPUT, line), floats(6))
    for count, expected in ((2_000, 'loads'), (9_000, 'loads'), (49_000, 'refused')):
        add('layers-%d' % count, chain(count, 'BinaryOp a%d 1 1 %s %s 0=2 1=1 2=1.0\n'),
            expected=expected)
    places = ['data'] + ['x%d' % i for i in range(999)] + ['out0']
    add('layers-two-ways', layers(INPUT, *('Eltwise e%s 2 1 %s %s %s 0=1 -23301=2,0.5,0.5\n' %
                                           (b, a, a, b) for a, b in zip(places, places[1:]))),
        expected='loads')


def add_texts(corpus, add):
    add('blob-of-5-mb', layers(INPUT, 'Swish a 1 1 data %s\n' % ('b' * 5_000_000)), expected='either')
    add('name-of-5-mb', layers(INPUT, 'Swish %s 1 1 data out0\n' % ('b' * 5_000_000)),
        expected='either')
    add('type-of-5-mb', layers(INPUT, '%s a 1 1 data out0\n' % ('B' * 5_000_000)))
    add('name-escape', layers(INPUT, 'Exec a\x1b]0;owned\x07\x1b[2J 1 1 data out0\n'))
    add('name-return', layers(INPUT, 'Exec\vgood a\f 1 1 data out0\n'))
    add('name-of-wrappers', layers(INPUT, 'PReLU %sa 1 1 data out0 0=3\n' % ('G.' * 1_000_000)),
        floats(3), 'either')
    add('nul', GOOD.replace('x', '\0'), WEIGHTS, 'either')
    add('one-line', MAGIC + '1 1 ' * 1_000_000)
    add('no-lines', MAGIC)
    add('magic-only', MAGIC.strip())
    add('magic-of-another', '7767516\n1 1\n' + INPUT)
    add('lines-empty', MAGIC + '3 3\n' + '\n' * 1_000_000)
    add('bin-empty', GOOD, b'')
    add('bin-short', GOOD, WEIGHTS[:-1])
    add('bin-long', GOOD, WEIGHTS + b'more')
    add('bin-8-bits', GOOD, struct.pack('<I', 0x000D4B38) + WEIGHTS[4:])
    add('bin-quantised', GOOD, struct.pack('<I', 7) + WEIGHTS[4:])
    add('bin-nan', GOOD, struct.pack('<I', 0) + floats(336, float('nan')))
    corpus.sparse(KIND, 'param-of-20-gb.param', MAGIC.encode() + b'3 3\n', 20 << 30, 'refused')
    corpus.add(KIND, 'bin-missing.param', GOOD.encode(), 'refused')


def add_all(corpus):
    def add(name, param, weights=b'', expected='refused'):
        corpus.beside(KIND, name + '.bin', weights)
        corpus.add(KIND, name + '.param', param.encode('latin-1'), expected)
    add_numbers(corpus, add)
    add_graphs(corpus, add)
    add_texts(corpus, add)
