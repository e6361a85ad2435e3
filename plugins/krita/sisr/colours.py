"""What is said of layers that the network cannot take. Nothing here needs Qt or Krita: layers are asked
for their names and colour models only."""

NAMES = {"CMYKA": "CMYK", "LABA": "Lab", "XYZA": "XYZ", "YCBCRA": "YCbCr"}
MOST_NAMES = 5  # of layers in a sentence


def list_names(names):
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (" and %d more" % more if more > 0 else "")


def _reason(layer):
    return "animated" if layer.animated() else \
        "in " + NAMES.get(layer.colorModel().upper(), layer.colorModel())


def note(left):
    """What becomes of these layers where others go to the network, or ""."""
    by_reason = {}
    for layer in left:
        by_reason.setdefault(_reason(layer), []).append(layer.name())
    return "\n".join("Krita scales %s, which %s %s: the network takes only still layers in RGB and grey."
                     % (list_names(names), "is" if len(names) == 1 else "are", reason)
                     for reason, names in by_reason.items())


def refusal(left):
    """Why a document has nothing for the network. left: its paint layers, all of no use."""
    text = "The document holds no paint layer in RGB or grey"
    models = sorted({_reason(layer) for layer in left if not layer.animated()})
    if not models:
        return text + "."
    return text + ": it is %s. Convert it by Image > Convert Image Color Space first, and back " \
        "afterwards." % " and ".join(models)
