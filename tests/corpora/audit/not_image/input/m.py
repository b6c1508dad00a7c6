import json
from PIL import Image

def show(path):
    img = Image.open(path)
    for line in img.text.splitlines():
        print(json.loads(line))
