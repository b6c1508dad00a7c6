import json
import click

@click.command()
@click.option("-o", "--out-file", "out_file", default="dump.lines")
def main(out_file):
    with open(out_file, "a") as f:
        f.write(json.dumps({}) + "\n")
