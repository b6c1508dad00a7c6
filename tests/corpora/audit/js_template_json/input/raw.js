const fs = require('fs');

function raw(id, ms) {
  fs.appendFileSync('raw.log', `{"id":"${id}","ms":${ms}}\n`);
}

function css(name, value) {
  fs.appendFileSync('out.css', `.${name} { color: ${value} }\n`);
}

function block(name) {
  fs.appendFileSync('gen.js', `{ console.log(${name}) }\n`);
}
