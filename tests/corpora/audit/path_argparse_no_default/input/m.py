import argparse
import json

def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    args = p.parse_args()
    with open(args.out, "w") as f:
        for i in range(9):
            f.write(json.dumps(i) + "\n")
