import argparse
import json

def parse():
    ap = argparse.ArgumentParser()
    ap.add_argument("-o", "--out", dest="target", type=str, default="gen/samples.out")
    return ap.parse_args()

def main():
    opts = parse()
    with open(opts.target, "a") as f:
        f.write(json.dumps(vars(opts)) + "\n")
