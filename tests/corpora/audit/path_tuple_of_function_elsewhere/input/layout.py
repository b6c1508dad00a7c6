from pathlib import Path

def layout(run):
    base = Path("exp") / run
    return base / "config.yaml", base / "log.txt", base / "ckpt"
