from json import dumps as to_text

def save(row):
    with open("alias.out", "a") as f:
        f.write(to_text(row) + "\n")
