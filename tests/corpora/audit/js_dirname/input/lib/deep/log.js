const fs = require('fs');
const path = require('path');

const FILE = path.resolve(__dirname, '..', '..', 'var', 'deep.jsonl');

module.exports = (e) => fs.promises.appendFile(FILE, JSON.stringify(e) + require('os').EOL);
