import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.js';
import { systemRandom } from '../base/random.js';
import { dial, type Upgraded } from './upgrade.js';

const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n';
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A peer that does what it is told once it has read the request, whose text it notes. */
async function peer(answer: (socket: Socket) => void, host = '127.0.0.1'): Promise<{ address: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    cleanups.push(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      requests.push(bytes.toString());
      answer(socket);
    });
  });
  server.listen(0, host);
  cleanups.push(() => server.close());
  await once(server, 'listening');
  return { address: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`, requests };
}

async function dialled(address: string, timeoutMs = 5000): Promise<Upgraded> {
  const upgraded = await dial(address, timeoutMs, systemClock);
  cleanups.push(() => upgraded.socket.destroy());
  return upgraded;
}

describe('a dialled connection', () => {
  it.each(['127.0.0.1', '::1'])('asks %s for the wire, by the name that it was given', async (host) => {
    const { address, requests } = await peer((socket) => socket.write(accepted), host);
    await dialled(address);
    expect(requests).toEqual([`GET /wire HTTP/1.1\r\nHost: ${address.slice(7)}\r\nConnection: Upgrade\r\nUpgrade: aether-wire/1\r\n\r\n`]);
  });

  it('gives the bytes that came with the answer, and all that follow, in whatever pieces they come', async () => {
    const bytes = systemRandom.bytes(3_000_000);
    const { address } = await peer((socket) => {
      socket.write(accepted.slice(0, 20));
      setTimeout(() => socket.write(`${accepted.slice(20)}first`), 20);
      setTimeout(() => socket.write(bytes.subarray(0, 1)), 40);
      setTimeout(() => socket.write(bytes.subarray(1)), 60);
    });
    const { head, hear } = await dialled(address);
    const pieces: Buffer[] = [];
    await new Promise<void>((resolve) => {
      let lengthBytes = 0;
      hear((piece) => {
        pieces.push(piece);
        lengthBytes += piece.length;
        if (lengthBytes === bytes.length) resolve();
      });
    });
    expect(head.toString()).toBe('first');
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  it.each([
    ['is refused', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'answered 404 instead of the wire'],
    ['meets something else', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'answered no HTTP instead of the wire'],
    ['is told without end', `HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(9000)}`, 'answered with too long a head'],
  ])('fails when it %s', async (_name, answer, reason) => {
    const { address } = await peer((socket) => socket.write(answer));
    await expect(dialled(address)).rejects.toThrow(reason);
  });

  it('fails when the peer hangs up, says nothing, or is not there', async () => {
    const hangsUp = await peer((socket) => socket.end());
    await expect(dialled(hangsUp.address)).rejects.toThrow('closed the connection');
    const silent = await peer(() => undefined);
    await expect(dialled(silent.address, 50)).rejects.toThrow('no connection within 50 ms');
    await expect(dialled('http://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });
});
