const { createWriteStream } = require('fs');

const access = createWriteStream('./access.log', { flags: 'a' });

module.exports = function middleware(req, res, next) {
  access.write(JSON.stringify({ url: req.url, at: new Date() }) + '\n');
  next();
};
