import json

class Config:
    def save(self, path):
        with open(path, "w") as f:
            f.write(self.to_json() + "\n")

    def to_json(self):
        return json.dumps(self.__dict__, indent=2)
