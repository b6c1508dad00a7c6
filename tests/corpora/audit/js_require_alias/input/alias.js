const { promises: fsp } = require('fs');
const { stringify } = JSON;
const p = require('path');

module.exports = async (base, e) => {
  const file = p.join(base, 'events', 'all.jsonl');
  await fsp.appendFile(file, stringify(e) + '\n');
};
