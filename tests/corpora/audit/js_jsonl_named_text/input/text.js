const fs = require('fs');

fs.writeFileSync('hello.jsonl', 'hello world\n');
fs.copyFileSync('a.jsonl', 'b.jsonl');
fs.unlinkSync('a.jsonl');
if (fs.existsSync('b.jsonl')) fs.renameSync('b.jsonl', 'c.jsonl');
