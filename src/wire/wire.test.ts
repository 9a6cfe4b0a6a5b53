import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable, type Handlers, type WireClient } from './api.js';
import { createWireClient, type WireClientOptions } from './client.js';
import { attachWire, type WireServer, type WireServerOptions } from './server.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const secret = Buffer.from('a secret of the cluster');
const serverId = '11111111-1111-4111-8111-111111111111';
const id = '22222222-2222-4222-8222-222222222222';
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const echo: Handlers<'datanode'> = {
  ping: () => Promise.resolve({ head: { nodeId: serverId } }),
  async putChunk({ head, body, trailer }) {
    let lengthBytes = 0;
    let crc = 0;
    for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
      lengthBytes += bytes.length;
      crc = crc32c(bytes, crc);
    }
    const said = trailer();
    if (said.lengthBytes !== lengthBytes) throw new Refusal('chunk-length-wrong');
    return { head: { id: head.id, lengthBytes, crc32c: crc, nodeId: serverId } };
  },
  getChunk: ({ head }) =>
    Promise.resolve({
      head: { id: head.id, lengthBytes: 3, crc32c: 0, blockCount: 0, bodyStartBytes: 0, bodyEndBytes: 3 },
      body: [Buffer.from('abc')],
    }),
};

interface Rig {
  http: Server;
  wire: WireServer;
  address: string;
}

async function serve(options: Partial<WireServerOptions<'datanode'>> = {}, port = 0): Promise<Rig> {
  const http = createServer((_request, response) => response.end('plain'));
  const wire = attachWire(http, { role: 'datanode', id: serverId, boot: 1, secrets: () => [secret], handlers: echo, ...options }, parts);
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  cleanups.push(async () => {
    await wire.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return { http, wire, address: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

function connect(address: string, options: Partial<WireClientOptions> = {}): WireClient {
  const client = createWireClient(
    { address, role: 'gateway', id, boot: 1, expect: { role: 'datanode', id: serverId }, secrets: () => [secret], ...options },
    parts,
  );
  cleanups.push(() => client.close());
  return client;
}

describe('wire', () => {
  it('answers a call', async () => {
    const { address } = await serve();
    const { head } = await connect(address).call('ping', {}, { timeoutMs: 2000 });
    expect(head).toEqual({ nodeId: serverId });
  });

  it('carries a body with its trailer', async () => {
    const { address } = await serve();
    const call = connect(address).open(
      'putChunk',
      { id, kind: 'chunk', generation: 0, origin: { bucketId: null, key: null, partNumber: null, index: 0 } },
      { timeoutMs: 2000 },
    );
    const bytes = Buffer.alloc(5_000_000, 'x');
    call.write(bytes);
    call.end({ lengthBytes: bytes.length, crc32c: crc32c(bytes) });
    const { head } = await call.reply;
    expect(head.crc32c).toBe(crc32c(bytes));
    expect(head.lengthBytes).toBe(bytes.length);
  });

  it('rejects with Unreachable where nobody listens', async () => {
    await expect(connect('http://127.0.0.1:1').call('ping', {}, { timeoutMs: 2000 })).rejects.toThrow(Unreachable);
  });
});
