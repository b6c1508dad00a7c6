import json

def lines():
    with open("ret/in.txt") as f:
        return f.readlines()

def main():
    for x in lines():
        print(json.loads(x))
