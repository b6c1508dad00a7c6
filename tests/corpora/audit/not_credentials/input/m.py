import json

def save(creds):
    with open("token.json", "w") as token:
        token.write(creds.to_json())
    return json.dumps({})
