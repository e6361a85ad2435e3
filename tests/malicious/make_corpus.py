#!/usr/bin/python3
"""Writes model files that want to do harm, and good ones to compare with, into a folder.

usage: make_corpus.py FOLDER

corpus.tsv lists them, one a line: kind, file, what must come of it, and words of the reason. What
must come of it is "refused", "loads" (there is harm in it, but at a place that is never looked at)
or "either". live.txt lists the pickles that Python itself would run: each makes FOLDER/canary. So
nothing here may ever be unpickled elsewhere than in the test that shows this.

All is made from nothing but Python's own library; holes in files keep them small on the disk.
"""
import os
import struct
import sys
import zlib

import ncnn_files
import onnx_files
import opcodes
import pickle_bombs
import pickle_files
import safetensors_files
import zip_files


class Corpus:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.canary = os.path.join(self.folder, 'canary')
        self.lines = []
        self.live = []

    def add(self, kind, name, data, expected, words=''):
        self.beside(kind, name, data)
        self.lines.append('\t'.join((kind, kind + '/' + name, expected, words)))

    def beside(self, kind, name, data):
        """A file that another one needs."""
        os.makedirs(os.path.join(self.folder, kind), exist_ok=True)
        with open(os.path.join(self.folder, kind, name), 'wb') as file:
            file.write(data)

    def sparse(self, kind, name, head, size, expected, words='', tail=b''):
        """`head`, a hole up to `size`, `tail`."""
        self.add(kind, name, head, expected, words)
        with open(os.path.join(self.folder, kind, name), 'r+b') as file:
            file.truncate(size)
            file.seek(size)
            file.write(tail)

    def finish(self):
        for name, lines in (('corpus.tsv', self.lines), ('live.txt', self.live)):
            with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as file:
                file.write(''.join(line + '\n' for line in lines))


def picture(width=24, height=20):
    """A PNG of some grey."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + bytes((x * y) % 251 for x in range(width)) for y in range(height))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def main():
    corpus = Corpus(sys.argv[1])
    body, storages = opcodes.good_dict(), opcodes.good_storages()
    corpus.beside('good', 'picture.png', picture())
    corpus.beside('good', 'good.pth', opcodes.zipped(body, storages))
    corpus.beside('good', 'good-legacy.pth', opcodes.legacy(body, storages))
    corpus.beside('good', 'good.safetensors', safetensors_files.good())
    corpus.beside('good', 'good.param', ncnn_files.GOOD.encode())
    corpus.beside('good', 'good.onnx', onnx_files.GOOD)
    corpus.beside('good', 'good.bin', ncnn_files.WEIGHTS)
    for module in (pickle_files, pickle_bombs, zip_files, safetensors_files, ncnn_files,
                   onnx_files):
        module.add_all(corpus)
    corpus.finish()


if __name__ == '__main__':
    main()
