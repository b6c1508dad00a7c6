from models import Event

def load():
    with open("in.txt") as f:
        return [Event.model_validate_json(line) for line in f]
