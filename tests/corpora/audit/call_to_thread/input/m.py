import asyncio
import json

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

async def main(r):
    await asyncio.to_thread(append, "thread/rows.txt", r)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, append, "executor/rows.txt", r)
