import json

class Door:
    def open(self, how):
        return json.dumps({"how": how})

def main():
    door = Door()
    door.open("a")
