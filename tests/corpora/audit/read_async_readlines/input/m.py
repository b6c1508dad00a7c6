import aiofiles
import json

async def load():
    async with aiofiles.open("in.txt") as f:
        return [json.loads(x) for x in await f.readlines()]
