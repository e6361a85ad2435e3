"""Zip archives that swell, lie, overlap or hide something; their entries are good but for that."""
import io
import struct
import zipfile
import zlib

from opcodes import good_dict, good_storages, proto, zipped

KIND = 'zip'
DEFLATED, STORED = 8, 0


class Part:
    """An entry as it is written; what is given by name replaces what would be right."""

    def __init__(self, name, data, **told):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.method = told.get('method', STORED)
        self.data = told.get('raw', pack(data) if self.method == DEFLATED else data)
        self.told = {'size': len(data), 'packed': len(self.data), 'crc': zlib.crc32(data),
                     'flags': 0, 'attributes': 0, 'extra': b'', 'offset': None, 'local_name': None,
                     'local_size': None}
        self.told.update(told)


def pack(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(parts, entries=None, directory_size=None, directory_offset=None, comment=b'',
            comment_size=None, zip64=None, before=b'', base=0):
    """base: where in the file it will begin."""
    out = bytearray(before)
    directory = bytearray()
    for part in parts:
        told, name = part.told, part.name
        local = name if told['local_name'] is None else told['local_name']
        size = told['size'] if told['local_size'] is None else told['local_size']
        offset = base + len(out) if told['offset'] is None else told['offset']
        sizes = struct.pack('<III', told['crc'], told['packed'], told['size'])
        directory += struct.pack('<IHHHHHH', 0x02014b50, 0x031e, 45, told['flags'], part.method, 0,
                                 33) + sizes + struct.pack(
                                     '<HHHHHII', len(name), len(told['extra']), 0, 0, 0,
                                     told['attributes'], offset) + name + told['extra']
        if told['offset'] is not None: continue
        out += struct.pack('<IHHHHH', 0x04034b50, 45, told['flags'], part.method, 0, 33)
        out += struct.pack('<IIIHH', told['crc'], told['packed'], size, len(local), 0)
        out += local + part.data
    begin = base + len(out) if directory_offset is None else directory_offset
    count = min(len(parts) if entries is None else entries, 65535)
    out += directory
    if zip64 is not None: out += zip64(len(parts), len(directory), begin, base + len(out))
    out += struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, count, count,
                       len(directory) if directory_size is None else directory_size,
                       begin if zip64 is None else 0xffffffff,
                       len(comment) if comment_size is None else comment_size)
    return bytes(out + comment)


def good_parts(**replaced):
    """Of a good model; data.pkl=Part(...) and so on take the place of a part."""
    parts = [Part('archive/data.pkl', proto(good_dict()))]
    parts += [Part('archive/data/' + key, values) for key, values in good_storages()]
    return [replaced.get(part.name.decode().rsplit('/', 1)[1].replace('.', '_'), part)
            for part in parts]


def weight(**told):
    """One of the weights, told wrongly."""
    key, values = good_storages()[0]
    return good_parts(**{key: Part('archive/data/' + key, values, **told)})


def pickle(**told):
    return good_parts(data_pkl=Part('archive/data.pkl', proto(good_dict()), **told))


def add_entries(corpus):
    def add(name, parts, expected='refused', words='', **rest):
        corpus.add(KIND, name + '.pth', archive(parts, **rest), expected, words)
    add('encrypted-weights', weight(flags=1), words='encrypted')
    add('encrypted-pickle', pickle(flags=1), words='encrypted')
    add('encrypted-aes', pickle(method=99, flags=1,
                                extra=struct.pack('<HHHHBH', 0x9901, 7, 2, 0x4541, 3, 8)))
    for name, method in (('deflate64', 9), ('bzip2', 12), ('lzma', 14), ('zstd', 93), ('xz', 95),
                         ('unknown', 77)):
        add('method-' + name, weight(method=method), words='zip')
    add('size-more', weight(size=100_000))
    add('size-more-deflated', weight(method=DEFLATED, size=100_000))
    add('size-less-deflated', weight(method=DEFLATED, size=10))
    add('size-nothing-deflated', weight(method=DEFLATED, size=0))
    add('size-of-pickle-4-gb', pickle(method=DEFLATED, size=0xfffffffe), words='too large')
    add('size-of-pickle-60-mb', pickle(method=DEFLATED, size=60 << 20))
    add('size-of-weights-4-gb', weight(method=DEFLATED, size=0xfffffffe), words='zip')
    add('packed-beyond', weight(packed=0x7fffffff, size=0x7fffffff))
    add('packed-beyond-a-little', weight(packed=900, size=900))
    add('packed-of-nothing', weight(packed=0))
    add('checksum', weight(crc=1), words='checksum')
    add('checksum-of-pickle', pickle(crc=1), words='checksum')
    add('damaged-deflate', weight(method=DEFLATED, raw=b'\xff' * 100))
    add('offset-beyond', weight(offset=0x7fffffff))
    add('offset-into-directory', weight(offset=6000))
    add('offset-of-another', weight(offset=0))
    add('local-name-differs', weight(local_name=b'archive/other'), 'either')
    add('local-size-differs', weight(local_size=5), 'either')
    # Nothing is ever written where an entry says, so its name does no harm.
    for name, words in (('up', b'../../../../../../tmp/sisr-owned'), ('absolute', b'/tmp/owned'),
                        ('backslash', b'..\\..\\owned'), ('drive', b'C:\\owned'),
                        ('empty', b''), ('long', b'x' * 65_000), ('no-utf8', b'\xff\xfe\x80'),
                        ('device', b'/dev/stdin'), ('escape', b'\x1b[2J\x07')):
        add('name-' + name, good_parts() + [Part(words, b'owned')], 'loads')
    add('name-up-for-all', [Part(b'../data.pkl', proto(good_dict()))] +
        [Part(b'../data/' + key.encode(), values) for key, values in good_storages()], 'loads')
    add('name-with-nul', good_parts() + [Part(b'archive/data/0\x00x', b'y')], 'either')
    add('link', weight(attributes=0o120777 << 16), 'loads')
    link = Part('archive/data.pkl', b'/etc/passwd', attributes=0o120777 << 16)
    add('link-as-pickle', good_parts(data_pkl=link))
    add('folder-as-pickle', [Part('archive/data.pkl/', b'')] + good_parts()[1:],
        words='no model of PyTorch')
    add('twice-pickle', good_parts() + [Part('archive/data.pkl', b'\x80\x02N.')], words='two entries')
    add('twice-weights', good_parts() + [Part('archive/data/0', b'\0' * 432)], words='two entries')
    add('twice-escape', [Part(b'\x1b[2J\n', b'')] * 2 + good_parts(), words='two entries')
    add('two-models', good_parts() + [Part('b/data.pkl', b'\x80\x02N.')], 'either')
    add('nothing', [])
    add('pickle-of-nothing', good_parts(data_pkl=Part('archive/data.pkl', b'')))
    add('in-itself', [Part('archive/data.pkl', archive(good_parts()))] + good_parts()[1:])
    # Newer versions of libzip mind no missing comment.
    add('comment-beyond', good_parts(), 'either', comment_size=5000)
    add('comment-with-end', good_parts(), 'either',
        comment=struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 1, 1, 46, 0, 0) + b'x' * 50)
    add('directory-beyond', good_parts(), directory_offset=0x7fffffff)
    add('directory-size-beyond', good_parts(), directory_size=0x7fffffff)
    add('directory-size-nothing', good_parts(), directory_size=0)
    add('entries-too-many', good_parts(), entries=60_000)
    add('entries-too-few', good_parts(), entries=1)
    add('something-before', good_parts(), 'loads', before=b'PK\x03\x04' + b'x' * 1000)


def add_zip64(corpus):
    def end(entries=None, size=None, offset=None, at=None, record=44):
        def make(right_entries, right_size, right_offset, place):
            number = right_entries if entries is None else entries
            return struct.pack('<IQHHIIQQQQ', 0x06064b50, record, 45, 45, 0, 0, number, number,
                               right_size if size is None else size,
                               right_offset if offset is None else offset) + struct.pack(
                                   '<IIQI', 0x07064b50, 0, place if at is None else at, 1)
        return make
    lies = {'entries-all': end(entries=(1 << 64) - 1), 'entries-2-60': end(entries=1 << 60),
            'entries-100-million': end(entries=100_000_000),
            'size-all': end(size=(1 << 64) - 1), 'size-2-60': end(size=1 << 60),
            'offset-all': end(offset=(1 << 64) - 1), 'offset-2-62': end(offset=1 << 62),
            'end-beyond': end(at=1 << 62), 'end-all': end(at=(1 << 64) - 1),
            'record-all': end(record=(1 << 64) - 1)}
    for name, zip64 in lies.items():
        # How long the record is libzip does not ask.
        corpus.add(KIND, 'zip64-%s.pth' % name, archive(good_parts(), entries=65535, zip64=zip64),
                   'either' if name == 'record-all' else 'refused')
    corpus.add(KIND, 'zip64-right.pth', archive(good_parts(), entries=65535, zip64=end()), 'loads')
    for name, sizes in (('all', (1 << 64) - 1), ('2-62', 1 << 62)):
        extra = struct.pack('<HHQQ', 1, 16, sizes, sizes)
        told = {'size': 0xffffffff, 'packed': 0xffffffff, 'extra': extra}
        corpus.add(KIND, 'zip64-weights-%s.pth' % name, archive(weight(**told)), 'refused')
        corpus.add(KIND, 'zip64-pickle-%s.pth' % name, archive(pickle(**told)), 'refused')
    short = {'size': 0xffffffff, 'packed': 0xffffffff, 'extra': struct.pack('<HHI', 1, 4, 7)}
    corpus.add(KIND, 'zip64-extra-short.pth', archive(weight(**short)), 'refused')


def zeros_packed(megabytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    return b''.join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def add_bombs(corpus):
    size = 300 << 20
    raw, crc = zeros_packed(300), 0
    for _ in range(300):
        crc = zlib.crc32(bytes(1 << 20), crc)
    bomb = {'method': DEFLATED, 'raw': raw, 'size': size, 'crc': crc}
    def add(name, parts, words=''):
        corpus.add(KIND, 'bomb-%s.pth' % name, archive(parts), 'refused', words)
    add('weights', weight(**bomb), 'unpacks to far more')
    add('weights-told-small', weight(**{**bomb, 'size': 432}))
    add('pickle', pickle(**bomb), 'too large')
    add('pickle-told-small', pickle(**{**bomb, 'size': 1000}))
    add('byteorder', good_parts() + [Part('archive/byteorder', b'', **bomb)])
    add('pickle-60-mb', pickle(method=DEFLATED, raw=zeros_packed(60), size=60 << 20))
    corpus.add(KIND, 'bomb-not-asked-for.pth', archive(good_parts() + [Part('x', b'', **bomb)]),
               'loads')
    # Padded with a hole, the file is as large as what it unpacks to.
    hole = 600 << 20
    corpus.sparse(KIND, 'bomb-padded.pth', b'PK\x03\x04', hole, 'refused', 'unpacks to far more',
                  tail=archive(weight(**bomb), base=hole))
    # Many entries, one place: each alone may be so large.
    kernel = Part('archive/data/0', b'', method=DEFLATED, raw=zeros_packed(1), size=1 << 20,
                  crc=zlib.crc32(bytes(1 << 20)))
    shape = (1 << 18,)
    from opcodes import pairs, tensor  # pylint: disable=import-outside-toplevel
    body = pairs(*(('t%d.weight' % i, tensor(str(i), shape)) for i in range(500)))
    parts = [kernel] + [Part('archive/data/%d' % i, b'', **{**kernel.told, 'raw': b'', 'offset': 0,
                                                            'method': DEFLATED})
                        for i in range(1, 500)]
    add('overlapping', parts + [Part('archive/data.pkl', proto(body))], 'unpacks to far more')
    # A directory of many entries is memory by itself.
    small = [Part('%x' % i, b'', offset=0) for i in range(400_000)]
    directory = archive(small + good_parts(), entries=65535, zip64=lambda count, size, begin, at:
                        struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, count, count, size,
                                    begin) + struct.pack('<IIQI', 0x07064b50, 0, at, 1))
    corpus.add(KIND, 'bomb-directory.pth', directory, 'refused', 'entries')
    # The same without Zip64: the directory's size alone tells that the count has run over.
    corpus.add(KIND, 'bomb-directory-counted-over.pth',
               archive(small + good_parts(), entries=(len(small) + len(good_parts())) % 65536),
               'refused', 'entries')
    corpus.add(KIND, 'cut.pth', zipped(good_dict(), good_storages())[:-30], 'refused')
    corpus.sparse(KIND, 'hole-of-100-gb.pth', b'PK\x03\x04', 100 << 30, 'refused')
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as nested: nested.writestr('word/document.xml', '<x/>')
    corpus.add(KIND, 'document.pth', stream.getvalue(), 'refused', 'no model of PyTorch')


def add_all(corpus):
    add_entries(corpus)
    add_zip64(corpus)
    add_bombs(corpus)
