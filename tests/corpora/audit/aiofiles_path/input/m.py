import aiofiles
import json

async def save(row):
    async with aiofiles.open("async.out", mode="a") as f:
        await f.write(json.dumps(row))
        await f.write("\n")
