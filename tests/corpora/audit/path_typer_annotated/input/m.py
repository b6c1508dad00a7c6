import json
from pathlib import Path
from typing import Annotated
import typer

def collect(out: Annotated[Path, typer.Option(help="file")] = Path("pages.out")):
    with out.open("a") as f:
        f.write(json.dumps({}) + "\n")
