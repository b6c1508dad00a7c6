import msgspec

def save(e):
    with open("msf.out", "ab") as f:
        f.write(msgspec.json.encode(e) + b"\n")
