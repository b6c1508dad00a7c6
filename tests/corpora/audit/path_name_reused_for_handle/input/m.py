import json

def main(output: str, rows):
    all_output = output + ".all"
    with open(all_output, "a") as all_output, open(output, "a") as output:
        for row in rows:
            print(json.dumps(row), file=all_output)
            print(json.dumps(row), file=output)
