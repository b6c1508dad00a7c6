const fs = require('fs');
const ndjson = require('ndjson');

function save(rows) {
  const out = ndjson.stringify();
  out.pipe(fs.createWriteStream('dump/rows.data'));
  rows.forEach((row) => out.write(row));
  out.end();
}

function load(each) {
  fs.createReadStream('dump/rows.data').pipe(ndjson.parse()).on('data', each);
}
