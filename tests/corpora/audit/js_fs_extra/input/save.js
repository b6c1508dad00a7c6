const fse = require('fs-extra');

async function keep(rows) {
  const body = rows.map(JSON.stringify).join('\n');
  await fse.outputFile('archive/rows.jsonl', body);
  await fse.writeJson('archive/meta.json', { count: rows.length });
}
