import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.js';
import { answerEarly } from './early-answer.js';

const piece = Buffer.alloc(256 * 1024);
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A client that has been refused while most of its body was still to come. */
async function refusedClient(): Promise<{ clock: ManualClock; client: Socket; answer: () => string; errors: Error[] }> {
  const clock = new ManualClock();
  const server = createServer((request, response) => {
    answerEarly(request, response, clock);
    response.writeHead(403, { 'content-length': 2 }).end('no');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  cleanUps.push(() => {
    client.destroy();
    server.close();
  });
  const errors: Error[] = [];
  client.on('error', (error) => errors.push(error));
  let text = '';
  client.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  client.write('PUT /x HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n');
  client.write(piece);
  await once(client, 'end');
  return { clock, client, answer: () => text, errors };
}

describe('an answer before the end of the request', () => {
  it('reaches a client that goes on sending, and no reset does', async () => {
    const { client, answer, errors } = await refusedClient();
    for (let n = 0; n < 64; n += 1) {
      if (!client.write(piece)) await Promise.race([once(client, 'drain'), once(client, 'close')]);
    }
    expect(answer()).toMatch(/^HTTP\/1\.1 403 .*connection: close.*no$/is);
    expect(errors).toEqual([]);
    expect(client.destroyed).toBe(false);
  });

  it('ends the connection of a client that does not notice', async () => {
    const { clock, client } = await refusedClient();
    const closed = once(client, 'close').catch(() => undefined);
    const sending = setInterval(() => client.write(piece), 10);
    cleanUps.push(() => clearInterval(sending));
    clock.advance(2000);
    await closed;
    expect(client.destroyed).toBe(true);
  });
});
