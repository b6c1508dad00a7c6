const fs = require('fs');

function save(config) {
  fs.writeFileSync('config.json', JSON.stringify(config, null, 2) + '\n');
}

function cache(all) {
  fs.writeFileSync('cache.json', JSON.stringify(all));
}

function pretty(all) {
  fs.appendFileSync('notes.txt', JSON.stringify(all, undefined, '\t') + '\n');
}
