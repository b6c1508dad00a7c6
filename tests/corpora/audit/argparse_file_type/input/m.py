import argparse
import json

def main(rows):
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=argparse.FileType("w"), default="typed.out")
    args = p.parse_args()
    for row in rows:
        args.out.write(json.dumps(row) + "\n")
