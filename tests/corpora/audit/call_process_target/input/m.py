import json
from multiprocessing import Process

def worker(path, n):
    with open(path, "w") as f:
        for i in range(n):
            f.write(json.dumps({"i": i}) + "\n")

def main():
    Process(target=worker, args=("proc/a.txt", 3)).start()
    Process(target=worker, kwargs={"path": "proc/b.txt", "n": 3}).start()
