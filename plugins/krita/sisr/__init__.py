"""Super-resolution for Krita: Tools > Scripts > "Super-resolution..."."""
from krita import Krita

from .extension import SuperResolution

Krita.instance().addExtension(SuperResolution(Krita.instance()))
