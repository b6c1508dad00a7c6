import enum
import json

class Stream(enum.Enum):
    ORDERS = "orders.txt"
    FILLS = "fills.txt"

def filled(x):
    with open("book/" + Stream.FILLS.value, "a") as f:
        f.write(json.dumps(x) + "\n")
