"""Pickles that would run commands or code if anybody unpickled them."""
from opcodes import *  # pylint: disable=wildcard-import,unused-wildcard-import

KIND = 'pickle'


def payloads(canary):
    """name -> (a value's opcodes, whether the reader knows it for harmful, whether Python runs it).

    Each would make the file `canary`."""
    command = text('touch ' + canary)
    code = text("open('%s', 'w').close()" % canary)
    system = glob('os', 'system')
    memo = b'\x8c\x02os\x94\x8c\x06system\x94'
    return {
        'os-system': (call(system, command), True, True),
        'posix-system': (call(glob('posix', 'system'), command), True, True),
        'nt-system': (call(glob('nt', 'system'), command), True, False),
        'os-popen': (call(glob('os', 'popen'), command), True, False),
        'os-execl': (call(glob('os', 'execl'), text('/bin/sh'), text('sh'), text('-c'), command),
                     True, False),
        'eval': (call(glob('builtins', 'eval'), code), True, True),
        'exec': (call(glob('builtins', 'exec'), code), True, True),
        'old-exec': (call(glob('__builtin__', 'exec'), code), True, False),
        'compile': (call(glob('builtins', 'exec'),
                         call(glob('builtins', 'compile'), code, text('x'), text('exec'))),
                    True, True),
        'open-for-writing': (call(glob('builtins', 'open'), text(canary), text('w')), True, True),
        'import': (call(glob('builtins', '__import__'), text('antigravity')), True, False),
        'subprocess': (call(glob('subprocess', 'check_call'), listed(text('touch'), text(canary))),
                       True, True),
        'pty-spawn': (call(glob('pty', 'spawn'), listed(text('touch'), text(canary))), True, False),
        'runpy': (call(glob('runpy', '_run_code'), code, pairs()), True, True),
        'ctypes': (call(glob('ctypes', 'CDLL'), text(canary + '.so')), True, False),
        'shutil-copy': (call(glob('shutil', 'copyfile'), text('/etc/hostname'), text(canary)),
                        True, True),
        'stack-global': (stack_glob('os', 'system') + tup(command) + b'R', True, True),
        # The module and the name come out of the memo.
        'stack-global-of-memo': (memo + b'00h\x00h\x01\x93' + tup(command) + b'R', True, True),
        # ... or are texts of other kinds: with escapes, with quotes.
        'stack-global-escaped': (b'V\\u006fs\nV\\u0073ystem\n\x93' + tup(command) + b'R',
                                 False, True),
        'stack-global-quoted': (b"S'os'\nS'system'\n\x93" + tup(command) + b'R', True, True),
        'stack-global-bytes': (b'C\x02osC\x06system\x93' + tup(command) + b'R', True, False),
        # A dotted name reaches what another module has imported.
        'dotted': (stack_glob('shlex', 'os.system') + tup(command) + b'R', True, True),
        'dotted-twice': (stack_glob('logging', 'config.os.system') + tup(command) + b'R',
                         True, False),
        'inst': (b'(' + command + b'ios\nsystem\n', True, True),
        'obj': (b'(' + system + command + b'o', True, True),
        'newobj': (system + tup(command) + b'\x81', True, False),
        'newobj-ex': (system + tup(command) + b'}\x92', True, False),
        'partial': (call(call(glob('functools', 'partial'), system, command)), True, True),
        # Calls of what was made by calls, with no name that is known for harm.
        'getattr-chain': (call(call(glob('builtins', 'getattr'),
                                    call(glob('pkgutil', 'resolve_name'), text('os')),
                                    text('system')), command), False, True),
        'methodcaller': (call(call(glob('operator', 'methodcaller'), text('system'), command),
                              call(glob('pkgutil', 'resolve_name'), text('os'))), False, True),
        'timeit': (call(glob('timeit', 'timeit'), code, text('pass'), text('x')), False, False),
        'nested-pickle': (call(glob('_pickle', 'loads'),
                               b'B' + struct.pack('<I', len(proto(call(system, command)))) +
                               proto(call(system, command))), False, True),
        'torch-load': (call(glob('torch', 'load'), text(canary)), False, False),
        'torch-hub': (call(glob('torch.hub', 'load'), text('someone/thing'), text('x')),
                      False, False),
        'numpy-load': (call(glob('numpy', 'load'), text(canary), b'N', b'\x88'), False, False),
        'web': (call(glob('urllib.request', 'urlopen'), text('http://localhost:9/')), False, False),
        'socket': (call(glob('socket', 'create_connection'), tup(text('localhost'), number(9))),
                   True, False),
        # __setstate__ is set by one BUILD and called by the next.
        'build-setstate': (glob('argparse', 'Namespace') + b')\x81' +
                           pairs(('__setstate__', system)) + b'b' + command + b'b', True, True),
        'build-slots': (glob('argparse', 'Namespace') + b')\x81' +
                        tup(b'N', pairs(('__setstate__', system))) + b'b' + command + b'b',
                        True, True),
        'build-dict-class': (obj('their.code', 'Net', ('__reduce__', call(system, command))),
                             True, False),
        'as-key': (b'}' + call(system, command) + number(1) + b's', True, True),
        'in-set': (b'\x8f(' + call(system, command) + b'\x90', True, True),
        'popped': (call(system, command) + b'0N', True, True),
        'popped-to-mark': (b'(' + call(system, command) + b'1N', True, True),
        'in-frame': (b'\x95' + struct.pack('<Q', 1 << 60) + call(system, command), True, False),
        'only-named': (system, True, False),
    }


def placed(corpus, name, value, is_known):
    """One value at every place: by itself, and in checkpoints that are good but for it."""
    good, storages = good_items(), good_storages()
    add = corpus.add
    add(KIND, name + '-raw.pth', proto(value, 4), 'refused')
    add(KIND, name + '-alone-legacy.pth', legacy(value), 'refused')
    add(KIND, name + '-alone.pth', zipped(value), 'refused')
    # What is not known for harm becomes a value that nobody looks at.
    beside = 'refused' if is_known else 'loads'
    words = 'would do harm' if is_known else ''
    add(KIND, name + '-beside.pth', zipped(pairs(('params', good_dict()), ('x', value)), storages),
        beside, words)
    add(KIND, name + '-beside-legacy.pth',
        legacy(pairs(('x', value), ('params', good_dict())), storages), beside, words)
    swapped = [(key, value if key == 'body.2.weight' else made) for key, made in good]
    add(KIND, name + '-as-weight.pth', zipped(pairs(*swapped), storages), 'refused')


def add_places(corpus, canary):
    """One command at the places where a reader might not expect any."""
    harm = call(glob('os', 'system'), text('touch ' + canary))
    good, storages = good_dict(), good_storages()
    whole = proto(harm)
    no, add = 'would do harm', lambda *rest: corpus.add(KIND, *rest)
    add('place-hooks.pth', zipped(pairs(('a.weight', tensor(hooks=harm))), [('0', floats(6))]),
        'refused', no)
    add('place-storage-type.pth',
        zipped(pairs(('a.weight', tup(text('storage'), glob('os', 'system'), text('0'), text('cpu'),
                                      number(6)) + b'Q'))), 'refused', no)
    add('place-storage-key.pth',
        zipped(pairs(('a.weight', tup(text('storage'), glob('torch', 'FloatStorage'), harm,
                                      text('cpu'), number(6)) + b'Q'))), 'refused', no)
    add('place-persistent-line.pth', legacy(b'Pos.system\n' + good), 'refused', 'opcode')
    add('place-parameter.pth',
        zipped(pairs(('a.weight', call(glob('torch._utils', '_rebuild_parameter'), harm, b'\x88',
                                       call(ORDERED))))), 'refused', no)
    for function in ('_rebuild_from_type_v2', '_rebuild_from_type'):
        add('place-%s.pth' % function.strip('_'),
            zipped(pairs(('a.weight', call(glob('torch._tensor', function), glob('os', 'system'),
                                           glob('torch', 'Tensor'), tup(text('touch ' + canary)),
                                           b'N')))), 'refused', no)
    add('place-rebuild-type-unknown.pth',
        zipped(pairs(('a.weight', call(glob('torch._tensor', '_rebuild_from_type_v2'),
                                       glob('pkgutil', 'resolve_name'), glob('torch', 'Tensor'),
                                       tup(text('os')), b'N')))), 'refused', 'is not known')
    add('place-metadata-of-dict.pth', zipped(call(ORDERED) + pairs(('_metadata', harm)) + b'b' +
                                             good[1:]), 'refused', no)
    add('place-optimizer.pth',
        zipped(pairs(('params', good), ('optimizer', pairs(('state', pairs(('0', harm)))))),
               storages), 'refused', no)
    add('place-module.pth',
        zipped(obj('their.code', 'Net', ('_parameters', good), ('_forward_hooks', harm)), storages),
        'refused', no)
    add('place-code-of-module.pth',
        zipped(tup(text('module'), glob('their.code', 'Net'), text('x.py'), text('import os')) +
               b'Q0' + good, storages), 'loads')
    # The pickles before and behind the model's in an old file.
    add('place-magic.pth', legacy(good, storages, magic=whole), 'refused')
    add('place-version.pth', legacy(good, storages, version=whole), 'refused', no)
    add('place-system.pth', legacy(good, storages, system=whole), 'refused', no)
    add('place-keys.pth', legacy(good, storages, keys=whole), 'refused', no)
    add('place-behind.pth', legacy(good, storages) + whole, 'loads')
    # Entries of the archive that nobody asked for.
    extra = [('constants.pkl', whole), ('code/__torch__.py', b"import os; os.system('touch x')"),
             ('extra/run.pkl', whole), ('.data/serialization_id', whole), ('version', whole)]
    add('place-other-entries.pth', zipped(good, storages, extra=extra), 'loads')
    add('place-byteorder.pth', zipped(good, storages, extra=[('byteorder', whole)]), 'refused')
    # Behind the weights, in the bytes that hold them.
    weights = [(key, values + whole + bytes(-len(whole) % 4)) for key, values in storages]
    add('place-weights.pth', zipped(good, weights), 'loads')
    add('place-weights-legacy.pth', legacy(good, weights), 'loads')
    # Protocol 0 begins with no mark that models have.
    add('protocol-0-raw.pth', b"cos\nsystem\n(S'touch %s'\ntR." % canary.encode(), 'refused')
    add('protocol-0-beside.pth', zipped(b"(dp0\nS'x'\nios\nsystem\n" + good, whole=True), 'refused')
    for number_of_protocol in (0, 1, 3, 4, 5, 255):
        add('protocol-%d-told.pth' % number_of_protocol,
            zipped(pairs(('params', good), ('x', harm)), storages, number_of_protocol), 'refused',
            no)
    add('protocols-in-turn.pth',
        zipped(b'\x80\x00' + pairs(('x', b'\x80\x05' + harm), ('params', b'\x80\xff' + good)),
               storages), 'refused', no)
    for code, opcode in (('1', b'\x82\x01'), ('2', b'\x83\x01\x00'), ('4', b'\x84\x01\0\0\0')):
        add('ext%s.pth' % code, zipped(pairs(('params', good), ('x', opcode + b')R')), storages),
            'refused', 'opcode')
        add('ext%s-legacy.pth' % code, legacy(opcode + b')R'), 'refused', 'opcode')
    for name, opcode in (('next-buffer', b'\x97'), ('readonly-buffer', b'N\x98'),
                         ('unknown-opcode', b'\xff')):
        add(name + '.pth', zipped(pairs(('params', good), ('x', opcode)), storages), 'refused',
            'opcode')


def add_all(corpus):
    for name, (value, is_known, is_live) in payloads(corpus.canary).items():
        placed(corpus, name, value, is_known)
        if is_live:
            corpus.live.append(KIND + '/' + name + '-raw.pth')
    add_places(corpus, corpus.canary)
