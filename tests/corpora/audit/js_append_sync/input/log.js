const fs = require('fs');

function record(event) {
  fs.appendFileSync('data/events.jsonl', JSON.stringify(event) + '\n');
}

module.exports = { record };
