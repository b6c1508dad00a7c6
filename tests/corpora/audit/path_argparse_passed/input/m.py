import argparse
import json

def run(args):
    with open(args.log, "a") as f:
        f.write(json.dumps({"ok": True}) + "\n")

if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--log", default="logs/run.txt")
    run(p.parse_args())
