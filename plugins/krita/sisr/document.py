"""Enlarges a document or one of its layers.

The document is touched only when all pixels have come back, so that whatever ends the run before
leaves it as it was. Krita's Python cannot write pixels undoably, but it adds, removes and scales
undoably: each layer is replaced by a copy that holds the new pixels before it enters the document.
"""
import os
import shutil
import tempfile

from PyQt5.QtCore import QPointF, QRect

from . import colours, command
from .exchange import (Result, clear_pixels, copy_pixels, is_supported, pixel_bytes,
                       write_layer)
from .process import Cancelled, Failure, run

FILTER = "Bicubic"  # for what Krita scales itself
EXPORT_SHARE = 5  # percents of the progress
RUN_SHARE = 90


class Outcome:
    """document: the one that holds the result; undo_steps: how often Undo takes it back, 0 for a new
    document; enlarged: number of layers that the network enlarged; left_to_krita: names of paint
    layers that Krita scaled."""

    def __init__(self, document, enlarged, left_to_krita):
        self.document = document
        self.undo_steps = 0
        self.enlarged = enlarged
        self.left_to_krita = left_to_krita


def all_nodes(parent):
    """Every layer and mask below a node, in the order of the tree."""
    for node in parent.childNodes():
        yield node
        yield from all_nodes(node)


def paint_layers(document):
    """(layers for the network, those left to Krita's scaling). Empty layers are in neither;
    of an animated layer the API gives one frame only, while Krita scales them all."""
    chosen, left = [], []
    for node in all_nodes(document.rootNode()):
        if node.type() != "paintlayer" or node.bounds().isEmpty():
            continue
        if is_supported(node) and not node.animated():
            chosen.append(node)
        else:
            left.append(node)
    return chosen, left


def check_layer(node):
    """Throws Failure when a layer cannot be enlarged by itself."""
    if node is None:
        raise Failure("No layer is active.")
    if node.type() != "paintlayer":
        raise Failure("\"%s\" is not a paint layer. Choose a paint layer, or the whole document."
                      % node.name())
    if not is_supported(node):
        raise Failure("Layer \"%s\" is %s %s; only RGB and grey can be enlarged. Convert it by "
                      "Image > Convert Image Color Space." % (node.name(), node.colorModel(),
                                                             node.colorDepth()))
    if node.animated():
        raise Failure("Layer \"%s\" is animated; its frames cannot be reached." % node.name())
    if node.bounds().isEmpty():
        raise Failure("Layer \"%s\" is empty." % node.name())


def locked_layers(document, active, options):
    """Names of what the user has locked and a run would change: the active layer or all that go to
    the network, and the groups that these are in. A new document changes none."""
    if options.new_document:
        return []
    root = document.rootNode()
    names = []
    for node in paint_layers(document)[0] if options.whole_document else [active]:
        while node is not None and node != root:
            if node.locked() and node.name() not in names:
                names.append(node.name())
            node = node.parentNode()
    return names


def check_clones(document):
    """Throws Failure where replacing a layer would cut the clone layers that show it."""
    if any(node.type() == "clonelayer" for node in all_nodes(document.rootNode())):
        raise Failure("The document has clone layers, which would lose the layer that they show. "
                      "Choose \"a new document\".")


def layers_to_enlarge(document, active, options):
    """The layers that go to the network. Throws Failure for all that is known to fail before any
    work."""
    if not command.MIN_SCALE <= options.scale <= command.MAX_SCALE:
        raise Failure("The scale must be from %d to %d." % (command.MIN_SCALE, command.MAX_SCALE))
    if options.whole_document:
        layers, left = paint_layers(document)
        if not layers:
            raise Failure(colours.refusal(left))
    else:
        check_layer(active)
        layers = [active]
    if not options.new_document:
        check_clones(document)
    _check_room(layers, options.scale)
    return layers


def _check_room(layers, scale):
    """Throws Failure when the files of the results have no room."""
    needed = sum(layer.bounds().width() * layer.bounds().height() * pixel_bytes(layer)
                 for layer in layers) * scale * scale
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Failure("The result needs %.1f GB, and %s has room for %.1f GB."
                      % (needed / 1e9, folder, free / 1e9))


def enlarge(krita, document, active, options, program, progress):
    """Returns an Outcome. active: the layer, where options ask for one; program: path of the command;
    progress: called with 0 to 100, a false answer cancels. Throws Failure or Cancelled."""
    document.waitForDone()
    layers_to_enlarge(document, active, options)
    with tempfile.TemporaryDirectory(prefix="krita-sisr-") as folder:
        if options.whole_document:
            return _enlarge_document(krita, document, options, program, folder, progress)
        return _enlarge_layer(krita, document, active, options, program, folder, progress)


def _enlarge_document(krita, document, options, program, folder, progress):
    target = document.clone() if options.new_document else document
    try:
        layers, left = paint_layers(target)
        rects = [layer.bounds() for layer in layers]
        results = _run_network(krita, layers, rects, options, program, folder, progress)
        outcome = Outcome(target, len(layers), [layer.name() for layer in left])
        outcome.undo_steps += _scale_canvas(target, options)
        for layer, rect, path in zip(layers, rects, results):
            x, y = _scaled_corner(rect, options.scale)
            with Result(krita, path, layer) as result:
                if options.new_document:
                    _fill(layer, result, x, y)
                else:
                    outcome.undo_steps += _replace(target, layer, result, x, y)
        target.refreshProjection()
        target.waitForDone()
        if options.new_document:
            outcome.document = _reopen(krita, target, document, folder)
            outcome.undo_steps = 0
        return outcome
    finally:
        if options.new_document:
            target.setModified(False)
            target.close()


def _enlarge_layer(krita, document, layer, options, program, folder, progress):
    rect = layer.bounds()
    path, = _run_network(krita, [layer], [rect], options, program, folder, progress)
    with Result(krita, path, layer) as result:
        if options.new_document:
            return Outcome(_layer_document(krita, document, layer, result, options), 1, [])
        outcome = Outcome(document, 1, [])
        if layer.childNodes():  # the masks go along
            layer.scaleNode(QPointF(rect.x(), rect.y()), result.rect().width(),
                            result.rect().height(), FILTER)
            document.waitForDone()
            outcome.undo_steps += 1
        outcome.undo_steps += _replace(document, layer, result, rect.x(), rect.y())
    document.refreshProjection()
    document.waitForDone()
    return outcome


def _run_network(krita, layers, rects, options, program, folder, progress):
    """Paths of the enlarged pixels of each layer."""
    inputs, outputs = os.path.join(folder, "in"), os.path.join(folder, "out")
    os.mkdir(inputs)
    os.mkdir(outputs)
    names = ["%05d.tif" % i for i in range(len(layers))]
    for i, (layer, rect, name) in enumerate(zip(layers, rects, names)):
        if not progress(EXPORT_SHARE * i // len(layers)):
            raise Cancelled()
        write_layer(krita, layer, rect, os.path.join(inputs, name))
    words = command.arguments(program, options, inputs, outputs)
    run(words, folder, lambda percent: progress(EXPORT_SHARE + RUN_SHARE * percent // 100))
    if not progress(EXPORT_SHARE + RUN_SHARE):
        raise Cancelled()
    return [os.path.join(outputs, name) for name in names]


def _scaled_corner(rect, scale):
    return round(rect.x() * scale), round(rect.y() * scale)


def _scale_canvas(document, options):
    """Scales canvas and all layers by Krita; returns the undo steps that it took."""
    x_resolution, y_resolution = document.xRes(), document.yRes()
    guides = document.horizontalGuides(), document.verticalGuides()
    if options.keep_print_size:
        x_resolution *= options.scale
        y_resolution *= options.scale
    document.scaleImage(command.scaled(document.width(), options.scale),
                        command.scaled(document.height(), options.scale),
                        round(x_resolution), round(y_resolution), FILTER)
    document.waitForDone()
    # scaleImage takes whole numbers, and some versions round them to multiples of 72.
    steps = 1
    if abs(document.xRes() - x_resolution) > 1e-6:
        document.setXRes(x_resolution)
        steps += 1
    if abs(document.yRes() - y_resolution) > 1e-6:
        document.setYRes(y_resolution)
        steps += 1
    _scale_guides(document, guides, options.scale)
    return steps


def _scale_guides(document, guides, scale):
    """Guides are kept in points: with the print size kept they are right already."""
    for lines, now, put in zip(guides, (document.horizontalGuides(), document.verticalGuides()),
                               (document.setHorizontalGuides, document.setVerticalGuides)):
        wanted = [line * scale for line in lines]
        if any(abs(a - b) > 0.01 for a, b in zip(wanted, now)):
            put(wanted)


def _fill(layer, result, x, y):
    """Replaces all pixels of a layer, not undoably."""
    before = layer.bounds()
    after = QRect(x, y, result.rect().width(), result.rect().height())
    if not after.contains(before):
        clear_pixels(layer, before)
    copy_pixels(result.layer(), result.rect(), layer, x, y)


def _replace(document, layer, result, x, y):
    """Puts a copy with new pixels in the place of a layer: same properties, masks and order. Returns
    the undo steps that it took."""
    active = document.activeNode()
    was_active = active is not None and active.uniqueId() == layer.uniqueId()
    copy = layer.duplicate()
    _fill(copy, result, x, y)
    layer.parentNode().addChildNode(copy, layer)
    layer.remove()
    document.waitForDone()
    if was_active:
        document.setActiveNode(copy)
    return 2


def _reopen(krita, scaled, original, folder):
    """The document by way of a file: a fresh one, whose history does not begin with our scaling."""
    path = os.path.join(folder, "result.kra")
    scaled.setBatchmode(True)
    if not scaled.saveAs(path):
        raise Failure("The result cannot be written to %s (is the disk full?)" % folder)
    document = krita.openDocument(path)
    if document is None:
        raise Failure("The result cannot be read again.")
    document.setFileName("")
    document.setName(original.name())
    document.setModified(True)
    return document


def _layer_document(krita, document, layer, result, options):
    factor = options.scale if options.keep_print_size else 1
    created = krita.createDocument(result.rect().width(), result.rect().height(), layer.name(),
                                   layer.colorModel(), layer.colorDepth(), layer.colorProfile(),
                                   document.xRes() * factor)
    target = created.rootNode().childNodes()[0]
    target.setName(layer.name())
    target.setOpacity(layer.opacity())
    target.setBlendingMode(layer.blendingMode())
    _fill(target, result, 0, 0)
    created.refreshProjection()
    created.waitForDone()
    created.setModified(True)
    return created
