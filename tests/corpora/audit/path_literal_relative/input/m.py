import json

def record_step(step, loss):
    with open("runs/train_log.jsonl", "a", encoding="utf-8") as out:
        out.write(json.dumps({"step": step, "loss": loss}) + "\n")
