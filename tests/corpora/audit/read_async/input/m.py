import aiofiles
import json

async def load():
    async with aiofiles.open("in.txt") as f:
        async for line in f:
            yield json.loads(line)
