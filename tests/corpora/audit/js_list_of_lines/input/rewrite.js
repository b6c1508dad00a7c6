const fs = require('fs');

function prune(rows) {
  const kept = rows.filter((row) => row.ok);
  fs.writeFileSync('queue.jsonl', kept.map((row) => JSON.stringify(row)).join('\n') + '\n');
}
