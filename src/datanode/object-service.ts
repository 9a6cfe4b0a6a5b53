import type { Volume } from '../chunks/volume.js';
import type { OpenReports } from './open-reports.js';
import type { Traffic } from './traffic.js';

/** What the REST API for objects stands on. */
export interface ObjectService {
  volume: Volume;
  traffic: Traffic;
  /** The tie to the master; null when the node works alone. */
  master: ObjectMaster | null;
  /** A block of this chunk was read and differs from its CRC. */
  onDamage: (id: string) => void;
}

/** What REST asks of the master. */
export interface ObjectMaster {
  reports: OpenReports;
  /** The sweep generation last heard. */
  generation(): number;
  /** Tells of an object that is stored here; rejects with a `Refusal`, `master-away` when it cannot be reached. */
  reportChunk(chunk: { id: string; lengthBytes: number; crc32c: number; generation: number }): Promise<void>;
}
