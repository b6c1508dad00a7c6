import json

def log_episode(env, episode, info):
    path = f"rollouts/{env}/episode_{episode:04d}.jsonl"
    with open(path, "w") as f:
        for step in info:
            f.write(json.dumps(step) + "\n")
