import json

def save(names):
    with open("requirements.txt", "a") as f:
        f.writelines(n + "\n" for n in names)
    print(json.dumps(names))
