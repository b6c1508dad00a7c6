import argparse
import json

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output-file", default="predictions.txt")
    parser.add_argument("--model", default="small")
    args = parser.parse_args()
    with open(args.output_file, "w") as f:
        for i in range(3):
            f.write(json.dumps({"i": i, "m": args.model}) + "\n")
