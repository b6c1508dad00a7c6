const fs = require('fs');
const FILE = process.env.METRICS_FILE || 'var/metrics.jsonl';
const OTHER = process.env.OTHER_FILE;

exports.count = (name) => fs.appendFileSync(FILE, JSON.stringify({ name }) + '\n');
exports.other = (name) => fs.appendFileSync(OTHER, JSON.stringify({ name }) + '\n');
