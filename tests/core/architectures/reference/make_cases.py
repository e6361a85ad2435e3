"""make_cases.py FOLDER SEED FAMILY...: for each family, cases of random sizes and weights. A case is
a folder with the model as new.pth, old.pth and model.safetensors, and a picture and what the
network makes of it in case.safetensors."""
import importlib
import sys

from network import Cases

if __name__ == '__main__':
    folder, seed = sys.argv[1], int(sys.argv[2])
    for family in sys.argv[3:]:
        importlib.import_module(family).make(Cases(folder, family, seed))
