import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';

/** Everything a master can be told; units end the names. */
export interface MasterOptions {
  listenHost: string;
  /** REST and wire; 0 takes any free one. */
  port: number;
  /** Metrics and probes; 0 takes any free one. */
  adminPort: number;
  /** Folder of the metadata. */
  dataPath: string;
  /** The cluster id that was made with the secret; null: the first start of this database makes one. */
  clusterId: string | null;
  /** The cluster secrets, asked anew for each proof: the first is ours, all are accepted. */
  secrets: () => Buffer[];
  /** Accepted bearer tokens of the REST API, or null: no authentication. */
  restTokens: (() => readonly string[]) | null;
  /** Start although another master outbid this database before. */
  takeOver: boolean;
  replicationFactor: number;
  writeQuorum: number;
  heartbeatMs: number;
  suspectAfterMs: number;
  downAfterMs: number;
  repairDelayMs: number;
  repairYoungMs: number;
  startGraceMs: number;
  deleteGraceMs: number;
  lateReceiptMs: number;
  generationMs: number;
  /** Between two reports of a controller. */
  clusterReportMs: number;
}

export interface MasterParts {
  clock: Clock;
  random: Random;
  log: Log;
}
