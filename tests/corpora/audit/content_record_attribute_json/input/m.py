import json

def save(resp):
    payload = {"text": resp.text}
    data = json.dumps(payload).encode("utf-8")
    with open("bytes.out", "ab") as f:
        f.write(data)
        f.write(b"\n")
