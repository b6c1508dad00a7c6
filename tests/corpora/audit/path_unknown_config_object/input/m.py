import json
from omegaconf import OmegaConf

cfg = OmegaConf.load("c.yaml")

def span(s):
    with open(cfg.logging.file, "a") as f:
        f.write(json.dumps(s) + "\n")
