import json

class Registry:
    _path = None

    @classmethod
    def setup(cls):
        cls._path = "registry/calls.jsonl"

    @classmethod
    def note(cls, call):
        with open(cls._path, "a") as f:
            f.write(json.dumps(call) + "\n")
