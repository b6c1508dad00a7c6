import json

def send(client):
    with open("photo.png", "rb") as f:
        return json.loads(client.post(f.read()).text)
