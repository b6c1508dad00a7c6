const fs = require('fs');
const readline = require('readline');

async function load(file) {
  const rl = readline.createInterface({ input: fs.createReadStream(file), crlfDelay: Infinity });
  const rows = [];
  for await (const line of rl) {
    if (line.trim()) rows.push(JSON.parse(line));
  }
  return rows;
}

async function count() {
  const rl = readline.createInterface({ input: fs.createReadStream('words.txt') });
  let n = 0;
  for await (const line of rl) n += line.length;
  return n;
}

load('history/turns.jsonl').then(count);
