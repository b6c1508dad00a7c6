import json
import click

@click.command()
@click.option("--dest", default="scores/all.txt", show_default=True)
@click.option("--n", default=3)
def main(dest, n):
    with open(dest, "w") as f:
        for i in range(n):
            f.write(json.dumps({"i": i}) + "\n")
