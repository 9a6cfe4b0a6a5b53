const KiB = 1024;
const MiB = 1024 * KiB;

/** Every bound of the wire in one place. Both sides of a connection count on the ones marked (both). */
export const wireLimits = {
  /** The longest JSON head of a frame before the peer has proven itself, and after. */
  unprovenHeadBytes: 4 * KiB,
  headBytes: 8 * MiB,
  /** Body bytes in one frame; a body of up to this size travels in one frame (both). */
  frameBodyBytes: 256 * KiB,
  /** What a sender may send of one body ahead of its reader (both). Larger than a small body, so that one never waits. */
  windowBytes: MiB,
  /** Written to the socket at once; what is queued beyond waits until this has left. */
  batchBytes: MiB,
  /** Frames that wait for the socket without needing credit; above it a server stops reading from that peer. */
  waitingBytes: 32 * MiB,
  /** Body bytes that wait on one client connection; the call that goes beyond is refused (slow-down). */
  queuedBodyBytes: 256 * MiB,
  /** A server's own read-ahead of a reply body, per call. */
  replyAheadBytes: 256 * KiB,
  /** Calls under way on one connection, and calls that wait for a connection; more are refused (slow-down). */
  callsMax: 2048,
  /** Sockets that have upgraded and not yet proven themselves. */
  unprovenSocketsMax: 128,
  /** Peers whose highest boot a server remembers. */
  peersRememberedMax: 4096,
  /** For dialling, and again for both proofs. */
  handshakeMs: 3000,
  /** A peer that was silent since the last look is pinged; silent at more looks in a row, it counts as gone. */
  lookEveryMs: 5000,
  silentLooksMax: 2,
  /** A client proves itself again so often; a server closes a connection that is later than `reproofLateMs`. */
  reproofMs: 3_600_000,
  reproofLateMs: 5_400_000,
  /** How exactly a call's `timeoutMs` is kept. */
  deadlineTickMs: 25,
  /** How long `close` of a server waits for the calls under way. */
  closeGraceMs: 3000,
  redial: { firstDelayMs: 20, maxDelayMs: 1000 },
  /** Characters of a refusal's detail that travel. */
  detailCharsMax: 4096,
} as const;

export type WireLimits = {
  [Name in keyof typeof wireLimits]: (typeof wireLimits)[Name] extends number ? number : { firstDelayMs: number; maxDelayMs: number };
};
