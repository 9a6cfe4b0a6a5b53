import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../base/log.js';
import { Refusal } from '../model/refusal.js';
import type { Peer } from './handshake.js';
import { PeerRegistry } from './peer-registry.js';

class Connection {
  closedFor: string | null = null;
  destroy(reason: string): void {
    this.closedFor = reason;
  }
}

const peer: Peer = { role: 'datanode', id: 'n', boot: 5, lane: 'small', process: 'a', openedAtMs: 100 };
let registry: PeerRegistry;

beforeEach(() => {
  registry = new PeerRegistry(3, silentLog);
});

function admit(changes: Partial<Peer> = {}): Connection {
  const connection = new Connection();
  registry.admit(connection, { ...peer, ...changes });
  return connection;
}

describe('the registry of peers', () => {
  it('keeps one connection per lane: the latest', () => {
    const bulk = admit({ lane: 'bulk' });
    const first = admit();
    const second = admit({ openedAtMs: 200 });
    expect(first.closedFor).not.toBeNull();
    expect([second.closedFor, bulk.closedFor]).toEqual([null, null]);
  });

  it('refuses a connection that was opened before the one it has', () => {
    const later = admit({ openedAtMs: 200 });
    expect(() => admit({ openedAtMs: 100 })).toThrow(Refusal);
    expect(later.closedFor).toBeNull();
  });

  it('closes both lanes of an earlier start and refuses it from then on', () => {
    const old = [admit({ lane: 'bulk' }), admit()];
    admit({ boot: 6, process: 'b', openedAtMs: 1 });
    expect(old.every((connection) => connection.closedFor !== null)).toBe(true);
    expect(() => admit({ openedAtMs: 300 })).toThrow(Refusal);
  });

  it('refuses an earlier start also while the later one is not connected', () => {
    const connection = admit({ boot: 6 });
    registry.forget(connection, { ...peer, boot: 6 });
    expect(() => admit({ boot: 5 })).toThrow(Refusal);
  });

  it('refuses both processes that show the same start of one volume, until a later start', () => {
    const original = admit();
    expect(() => admit({ process: 'clone' })).toThrow(Refusal);
    expect(original.closedFor).not.toBeNull();
    expect(() => admit()).toThrow(Refusal);
    expect(admit({ boot: 6 }).closedFor).toBeNull();
  });

  it('lets another process take over an id that has no volume', () => {
    const before = admit({ role: 'gateway' });
    const after = admit({ role: 'gateway', process: 'b', openedAtMs: 1 });
    expect([before.closedFor === null, after.closedFor]).toEqual([false, null]);
  });

  it('forgets absent peers first when it has seen too many', () => {
    const connected = admit({ id: 'a' });
    const absent = admit({ id: 'b', boot: 9 });
    registry.forget(absent, { ...peer, id: 'b' });
    admit({ id: 'c' });
    admit({ id: 'd' });
    expect(admit({ id: 'b', boot: 1 }).closedFor).toBeNull();
    expect(connected.closedFor).toBeNull();
  });
});
