const fs = require('fs');
const { Tail } = require('tail');

const tail = new Tail('live/feed.jsonl');
tail.on('line', (line) => handle(JSON.parse(line)));
