/** Exit codes of `aether`. Scripts rely on them: a test freezes each. */
export const exitCode = {
  ok: 0,
  other: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  notFound: 3,
  denied: 4,
  /** Somebody else was faster, or a precondition does not hold. */
  conflict: 5,
  /** Of several things some failed. */
  partial: 6,
  /** Nobody answers, or not in time. */
  unreachable: 7,
  /** `status --exit-code`: the store is not healthy. */
  unhealthy: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
