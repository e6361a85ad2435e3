"""safetensors files whose headers contradict themselves, the file, or what a reader can bear."""
import json
import struct

from opcodes import GOOD_SHAPES, count_of, floats

KIND = 'safetensors'


def whole(header, data=b'', length=None):
    if not isinstance(header, bytes):
        header = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack('<Q', len(header) if length is None else length) + header + data


def of(*entries, metadata=None):
    """entries: (name, shape, begin, end), of float32."""
    header = {} if metadata is None else {'__metadata__': metadata}
    header.update({name: {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [begin, end]}
                   for name, shape, begin, end in entries})
    return header


def good(metadata=None):
    entries, data = [], b''
    for name, shape in GOOD_SHAPES:
        values = floats(count_of(shape))
        entries.append((name, shape, len(data), len(data) + len(values)))
        data += values
    return whole(of(*entries, metadata=metadata), data)


def tensor_text(name, shape='[1]', offsets='[0,4]', dtype='"F32"'):
    return '"%s":{"dtype":%s,"shape":%s,"data_offsets":%s}' % (name, dtype, shape, offsets)


def add_layouts(corpus):
    def add(name, header, size=8, words='damaged safetensors'):
        corpus.add(KIND, 'layout-%s.safetensors' % name, whole(header, bytes(size)), 'refused', words)
    add('overlap', of(('a', [1], 0, 4), ('b', [1], 0, 4)), 4)
    add('overlap-by-one', of(('a', [1], 0, 4), ('b', [1], 3, 7)))
    add('inside-another', of(('a', [4], 0, 16), ('b', [1], 4, 8)), 16)
    add('hole', of(('a', [1], 4, 8)))
    add('data-behind', of(('a', [1], 0, 4)))
    add('backwards', of(('a', [0], 4, 0)))
    add('beyond', of(('a', [4], 0, 16)))
    add('negative', of(('a', [1], -4, 0)))
    add('negative-size', of(('a', [-1], 0, 4)), 4)
    add('fraction', '{' + tensor_text('a', offsets='[0,4.0]') + '}', 4)
    add('exponent', '{' + tensor_text('a', shape='[1e0]') + '}', 4)
    add('2-64', of(('a', [1], (1 << 64) - 4, 1 << 64)))
    add('2-63', of(('a', [1], (1 << 63) - 4, 1 << 63)))
    add('2-63-less-1', of(('a', [1], (1 << 63) - 5, (1 << 63) - 1)))
    add('wraps', of(('a', [1], (1 << 64) - 1, 3)))
    add('shape-overflows', of(('a', [1 << 62, 4], 0, 0)), 0)
    add('shape-overflows-to-4', of(('a', [1 << 32, 1 << 32, 1], 0, 4)), 4)
    add('shape-of-texts', of(('a', ['1'], 0, 4)), 4)
    add('shape-of-lists', of(('a', [[1]], 0, 4)), 4)
    add('offsets-three', '{' + tensor_text('a', offsets='[0,4,4]') + '}', 4)
    add('offsets-none', '{' + tensor_text('a', offsets='[]') + '}', 4)
    add('dtype-unknown', '{' + tensor_text('a', dtype='"F128"') + '}', 4)
    add('dtype-number', '{' + tensor_text('a', dtype='32') + '}', 4)
    add('dtype-long', '{' + tensor_text('a', dtype='"%s"' % ('F' * 4_000_000)) + '}', 4)
    add('incomplete', '{"a":{"dtype":"F32"}}', 0)
    add('no-object', '{"a":7}', 0)
    # What is told twice is one thing to one reader and another to the next.
    add('twice', '{%s,%s}' % (tensor_text('a'), tensor_text('a')), 4, 'twice')
    add('twice-otherwise', '{%s,%s}' % (tensor_text('a', '[2]', '[0,8]'), tensor_text('a')), 4,
        'twice')
    add('twice-inside', '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4,
        'twice')
    add('twice-escaped', '{%s,%s}' % (tensor_text('a'), tensor_text('\\u0061')), 4, 'twice')
    add('twice-metadata', '{"__metadata__":{},"__metadata__":{"a":"b"},%s}' % tensor_text('a'), 4,
        'twice')
    add('metadata-number', '{"__metadata__":{"a":1},%s}' % tensor_text('a'), 4)
    add('metadata-list', '{"__metadata__":[],%s}' % tensor_text('a'), 4)
    add('metadata-deep', '{"__metadata__":{"a":{"b":{}}},%s}' % tensor_text('a'), 4)


def add_headers(corpus):
    def add(name, data, words=''):
        corpus.add(KIND, 'header-%s.safetensors' % name, data, 'refused', words)
    add('deep-lists', whole(b'{"a":' + b'[' * 1_000_000), 'too large')
    add('deep-objects', whole(b'{"a":' * 1_000_000), 'too large')
    add('deep-and-closed', whole(b'{"a":' + b'[' * 100_000 + b']' * 100_000 + b'}'), 'too large')
    add('numbers', whole(b'{"a":[' + b'1,' * 2_000_000 + b'1]}'), 'too large')
    add('keys', whole(b'{' + b','.join(b'"%d":1' % i for i in range(600_000)) + b'}'), 'too large')
    add('number-long', whole(b'{"a":' + b'9' * 5_000_000 + b'}'))
    add('number-infinite', whole(b'{"a":1e99999}'))
    add('key-long', whole('{%s}' % tensor_text('k' * 7_000_000), bytes(4)))
    add('cut', whole(b'{"a":'))
    add('behind', whole(b'{}  {}'))
    add('no-utf8', whole(b'{"\xff\xfe":1}'))
    add('surrogate', whole(b'{"\\ud800":1}'))
    add('nul', whole(b'{\0}'))
    add('empty', whole(b'{}'))
    add('comment', whole(b'{/**/}'))
    add('length-beyond', whole(b'{}', length=1000))
    for name, length in (('all', (1 << 64) - 1), ('wrapping', (1 << 64) - 8), ('2-63', 1 << 63),
                         ('4-gb', (1 << 32) - 1)):
        add('length-' + name, whole(b'{}', length=length))
    for megabytes in (7, 100, 4000):
        size = megabytes << 20
        for name, head in (('spaces', b'{'), ('of-nothing', b'{"')):
            # A hole is read as zeros.
            corpus.sparse(KIND, 'header-%s-%d-mb.safetensors' % (name, megabytes),
                          struct.pack('<Q', size) + head, size + 8, 'refused')
    corpus.add(KIND, 'header-spaces-7-mb-real.safetensors',
               whole(b'{%s' % tensor_text('a').encode() + b' ' * 7_000_000 + b'}', bytes(4)),
               'refused')
    many = ','.join(tensor_text('body.%d.weight' % i, '[0]', '[0,0]') for i in range(70_000))
    add('tensors-70000', whole('{%s}' % many))
    some = ','.join(tensor_text('t%d' % i, '[%s]' % ','.join(['1'] * 1000), '[%d,%d]' %
                                (4 * i, 4 * i + 4)) for i in range(400))
    add('dimensions-1000', whole('{%s}' % some, bytes(1600)))


def add_names(corpus):
    for name, key in (('escape', '\\u001b]0;owned\\u0007\\u001b[2J'), ('line', 'a\\nb'),
                      ('return', 'good\\rx'), ('nul', 'a\\u0000b'), ('c1', '\\u009b31m'),
                      ('turned', '\\u202egpj'), ('path', '../../../../etc/passwd'),
                      ('format', '%n%s')):
        corpus.add(KIND, 'name-%s.safetensors' % name, whole('{%s}' % tensor_text(key), bytes(4)),
                   'refused')
        corpus.add(KIND, 'name-%s-damaged.safetensors' % name,
                   whole('{%s}' % tensor_text(key, '[2]'), bytes(4)), 'refused')
    # What training programs put before every name is taken off, again and again.
    for name, prefix in (('wrappers', 'G.'), ('wrappers-module', 'module.')):
        long = prefix * (4_000_000 // len(prefix))
        corpus.add(KIND, 'name-%s.safetensors' % name,
                   whole('{%s}' % tensor_text(long + 'x.weight'), bytes(4)), 'refused')
        keys = (tensor_text(prefix * (400 // len(prefix)) + '%d.weight' % i, '[0]', '[0,0]')
                for i in range(15_000))
        corpus.add(KIND, 'name-%s-many.safetensors' % name, whole('{%s}' % ','.join(keys)),
                   'refused')


def add_metadata(corpus):
    """In a good model: what the text says is said again by the command."""
    for name, metadata, expected in (
            ('escape', {'sisr.name': '\x1b]0;owned\x07\x1b[2J', 'x\x1b[2J': 'a\nb\rc'}, 'loads'),
            ('long', {'note': 'x' * 5_000_000}, 'loads'),
            ('command', {'sisr.name': '$(touch owned)', 'format': '`touch owned`'}, 'loads'),
            ('path', {'sisr.name': '../../../owned'}, 'loads'),
            ('architecture', {'sisr.architecture': 'srresnet'}, 'refused'),
            ('architecture-path', {'sisr.architecture': '/tmp/owned.so'}, 'refused'),
            ('strength', {'sisr.architecture': 'srresnet', 'sisr.default_strength': '1e999'},
             'refused'),
            ('onnx-deep', {'onnx.graph': '[' * 3_000_000 + ']' * 3_000_000}, 'loads'),
            ('ncnn', {'ncnn.param': '7767517\n1 1\nInput a 0 1 b\n', 'format': 'ncnn'}, 'loads')):
        corpus.add(KIND, 'metadata-%s.safetensors' % name, good(metadata), expected)
    # Lists of layers, where nothing else says what the tensors are.
    graph = ('{"input":"a","output":"b","input_channels":3,"constants":{%s},"nodes":[%s]}')
    node = '{"op":"Identity","name":"","inputs":["a"],"outputs":["b"],"numbers":{},"words":{}}'
    for name, text in (('deep', '[' * 3_000_000 + ']' * 3_000_000), ('none', '7'),
                       ('no-json', '{"input":'), ('wrong', '{"input":7}'),
                       ('constants', graph % ('"a":[%s]' % ','.join(['1'] * 2_000_000), node)),
                       ('nodes', graph % ('', ','.join([node] * 80_000))),
                       ('itself', graph % ('', node.replace('"b"', '"a"')))):
        corpus.add(KIND, 'layers-onnx-%s.safetensors' % name,
                   whole(of(('a', [1], 0, 4), metadata={'onnx.graph': text}), bytes(4)), 'refused')
    corpus.add(KIND, 'layers-ncnn-cycle.safetensors',
               whole(of(('a', [1], 0, 4), metadata={
                   'ncnn.param': '7767517\n2 2\nInput in 0 1 data\nSwish a 1 1 y y\n'}), bytes(4)),
               'refused')


def add_all(corpus):
    add_layouts(corpus)
    add_headers(corpus)
    add_names(corpus)
    add_metadata(corpus)
