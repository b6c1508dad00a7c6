import json
import click

@click.command()
@click.argument("output", type=click.File("w"))
def main(output):
    for i in range(4):
        output.write(json.dumps({"i": i}) + "\n")
