import msgspec

encoder = msgspec.json.Encoder()

def save(events):
    with open("ms.out", "wb") as f:
        for e in events:
            f.write(encoder.encode(e))
            f.write(b"\n")
    with open("ms2.out", "wb") as f:
        f.write(encoder.encode_lines(events))
