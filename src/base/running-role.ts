/** Exit codes of `aetherstore`, beside 0. The first two are what a supervisor needs to tell apart. */
export const exitCodes = {
  /** Something else went wrong. */
  other: 1,
  /** Wrong configuration, or a volume that must not be used: starting again changes nothing. */
  refused: 2,
  /** The disk failed, or another master took over: nothing more may be written by this process. */
  ioFault: 70,
} as const;

export interface RoleFailure {
  exitCode: number;
  /** One line for the log. */
  reason: string;
}

/** A role of this process after its start: what `main.ts` holds in its hand. */
export interface RunningRole {
  /** The way of SIGTERM: unready, announce draining, finish what is under way, sync. Calling it again gives the same promise. */
  stop(): Promise<void>;
  /** Resolves when the role cannot go on by itself; it never does while all is well. */
  readonly failed: Promise<RoleFailure>;
}
