from pathlib import Path
STATE = Path("state")
TURNS = STATE / "turns.log"
