const fs = require('fs');

function log(e) {
  fs.appendFileSync('half.jsonl', JSON.stringify(e) + '\n');
}

function unfinished( {
  if (x {
