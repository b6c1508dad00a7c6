import asyncio
import json

async def drain(queue):
    with open("queue.out", "a") as f:
        while True:
            item = await queue.get()
            f.write(json.dumps(item) + "\n")
            f.flush()
