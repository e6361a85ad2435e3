"""Pickles written opcode by opcode, and PyTorch's two containers round them.

Python's own pickler would refuse to write most of what is needed here.
"""
import struct
import zipfile
import io

STOP = b'.'


def proto(body, number=2):
    return b'\x80' + bytes([number]) + body + STOP


def text(words):
    words = words.encode() if isinstance(words, str) else words
    return b'X' + struct.pack('<I', len(words)) + words


def short_text(words):
    return b'\x8c' + bytes([len(words)]) + words.encode()


def number(value):
    return b'J' + struct.pack('<i', value)


def long(value, size=8):
    return b'\x8a' + bytes([size]) + value.to_bytes(size, 'little', signed=value < 0)


def glob(module, name):
    return b'c' + module.encode() + b'\n' + name.encode() + b'\n'


def stack_glob(module, name):
    """STACK_GLOBAL of protocol 4, whose name may have dots."""
    return short_text(module) + short_text(name) + b'\x93'


def tup(*items):
    return b'(' + b''.join(items) + b't'


def listed(*items):
    return b'](' + b''.join(items) + b'e'


def pairs(*items):
    return b'}(' + b''.join(text(key) + value for key, value in items) + b'u'


def call(function, *arguments):
    return function + tup(*arguments) + b'R'


ORDERED = glob('collections', 'OrderedDict')


def obj(module, name, *attributes):
    """NEWOBJ, then BUILD."""
    return glob(module, name) + b')\x81' + pairs(*attributes) + b'b'


def storage(key='0', kind='FloatStorage', count=6):
    return tup(text('storage'), glob('torch', kind), text(key), text('cpu'), number(count)) + b'Q'


def sizes(values):
    return tup(*(number(v) if abs(v) < 1 << 31 else long(v) for v in values))


def strides_of(shape):
    step, strides = 1, []
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return strides


def tensor(key='0', shape=(2, 3), strides=None, offset=0, kind='FloatStorage', hooks=None,
           function='_rebuild_tensor_v2'):
    place = number(offset) if abs(offset) < 1 << 31 else long(offset)
    return call(glob('torch._utils', function), storage(key, kind), place, sizes(shape),
                sizes(strides_of(shape) if strides is None else strides), b'\x89',
                call(ORDERED) if hooks is None else hooks)


# ---- a small model that is good: Compact, twice as large

FEATURES = 4
GOOD_SHAPES = [('body.0.weight', (FEATURES, 3, 3, 3)), ('body.0.bias', (FEATURES,)),
               ('body.1.weight', (FEATURES,)),
               ('body.2.weight', (FEATURES, FEATURES, 3, 3)), ('body.2.bias', (FEATURES,)),
               ('body.3.weight', (FEATURES,)),
               ('body.4.weight', (12, FEATURES, 3, 3)), ('body.4.bias', (12,))]


def count_of(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def floats(count, value=0.01):
    return struct.pack('<f', value) * count


def good_storages():
    return [(str(i), floats(count_of(shape))) for i, (_, shape) in enumerate(GOOD_SHAPES)]


def good_items():
    return [(name, tensor(str(i), shape)) for i, (name, shape) in enumerate(GOOD_SHAPES)]


def good_dict():
    return pairs(*good_items())


# ---- containers

MAGIC = proto(b'\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19')
VERSION = proto(b'M\xe9\x03')
SYSTEM = proto(pairs(('protocol_version', b'M\xe9\x03'), ('little_endian', b'\x88')))


def legacy(body, storages=(), number_of_protocol=2, magic=MAGIC, version=VERSION, system=SYSTEM,
           keys=None):
    """The form before PyTorch 1.6. body: a value, without PROTO and STOP."""
    if keys is None:
        keys = proto(listed(*(text(key) for key, _ in storages)))
    data = b''.join(struct.pack('<Q', len(values) // 4) + values for _, values in storages)
    return magic + version + system + proto(body, number_of_protocol) + keys + data


def zipped(body, storages=(), number_of_protocol=2, extra=(), packed=False, whole=False):
    """The form of today. extra: (name, bytes) of further entries."""
    stream = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, 'w', method) as archive:
        archive.writestr(entry('data.pkl', method),
                         body if whole else proto(body, number_of_protocol))
        for name, values in [('data/' + key, values) for key, values in storages] + list(extra):
            archive.writestr(entry(name, method), values)
    return stream.getvalue()


def entry(name, method):
    """The same bytes whenever it is written."""
    info = zipfile.ZipInfo('archive/' + name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = method
    return info
