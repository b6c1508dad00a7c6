import json
from pathlib import Path
import typer

app = typer.Typer()

@app.command()
def collect(out: Path = typer.Option(Path("collected/tweets.txt"), "--out")):
    with out.open("a") as f:
        f.write(json.dumps({}) + "\n")
