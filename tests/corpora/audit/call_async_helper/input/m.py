import json
import aiofiles

async def append(path, record):
    async with aiofiles.open(path, "a") as f:
        await f.write(json.dumps(record) + "\n")

async def main():
    await append("aio/rows.txt", {})
