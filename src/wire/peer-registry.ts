import type { Log } from '../base/log.js';
import { Refusal } from '../model/refusal.js';
import type { Lane, Peer } from './handshake.js';

interface Closable {
  destroy(reason: string): void;
}

interface KnownPeer {
  boot: number;
  process: string;
  /** Two processes have shown this boot. */
  isCloned: boolean;
  lanes: Map<Lane, { connection: Closable; openedAtMs: number }>;
}

/** Who may be connected: per id only its latest start, and per lane only its latest connection. */
export class PeerRegistry {
  readonly #peers = new Map<string, KnownPeer>();
  readonly #rememberedMax: number;
  readonly #log: Log;

  constructor(rememberedMax: number, log: Log) {
    this.#rememberedMax = rememberedMax;
    this.#log = log;
  }

  /**
   * Takes a proven connection in and drops the ones that it replaces, so that nothing queued on those can happen after
   * it. Throws `Refusal('boot-stale')`.
   */
  admit(connection: Closable, peer: Peer): void {
    const key = `${peer.role}/${peer.id}`;
    const known = this.#peers.get(key) ?? this.#remember(key, peer);
    if (peer.boot < known.boot) throw new Refusal('boot-stale', `Start ${known.boot} of ${peer.id} is known, this is ${peer.boot}.`);
    if (peer.boot > known.boot) {
      this.#dropAll(known, 'a later start of this peer has connected');
      Object.assign(known, { boot: peer.boot, process: peer.process, isCloned: false });
    }
    if (peer.process !== known.process) this.#otherProcess(known, peer);
    if (known.isCloned) throw new Refusal('boot-stale', `Two processes show start ${peer.boot} of ${peer.id}: the volume was cloned.`);
    const before = known.lanes.get(peer.lane);
    if (before !== undefined && before.openedAtMs > peer.openedAtMs) throw new Refusal('peer-unproven', 'A later connection is known.');
    known.lanes.set(peer.lane, { connection, openedAtMs: peer.openedAtMs });
    before?.connection.destroy('a later connection of this peer has taken over');
  }

  forget(connection: Closable, peer: Peer): void {
    const known = this.#peers.get(`${peer.role}/${peer.id}`);
    if (known?.lanes.get(peer.lane)?.connection === connection) known.lanes.delete(peer.lane);
  }

  /** Only a datanode has a volume that can be cloned; others restart under the same id and boot. */
  #otherProcess(known: KnownPeer, peer: Peer): void {
    if (peer.role === 'datanode') {
      known.isCloned = true;
      this.#log.error({ peer }, 'two processes show the same node id and boot number: a cloned volume; both are refused');
    }
    this.#dropAll(known, 'another process has connected under this id');
    known.process = peer.process;
  }

  #dropAll(known: KnownPeer, reason: string): void {
    for (const { connection } of known.lanes.values()) connection.destroy(reason);
    known.lanes.clear();
  }

  #remember(key: string, peer: Peer): KnownPeer {
    if (this.#peers.size >= this.#rememberedMax) this.#forgetOneAbsent();
    const known: KnownPeer = { boot: peer.boot, process: peer.process, isCloned: false, lanes: new Map() };
    this.#peers.set(key, known);
    return known;
  }

  #forgetOneAbsent(): void {
    for (const [key, { lanes }] of this.#peers) {
      if (lanes.size > 0) continue;
      this.#peers.delete(key);
      return;
    }
  }
}
