import json
import mmap

def load():
    with open("big.dat", "rb") as f:
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
            for line in iter(m.readline, b""):
                yield json.loads(line)
