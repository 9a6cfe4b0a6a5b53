import { createServer } from 'node:http';

// The smallest node:http server: the reference H. Prints its port and serves until killed.
const body = Buffer.from('hello, world\n');
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)]);
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.stdout.write(`${address.port}\n`);
});
