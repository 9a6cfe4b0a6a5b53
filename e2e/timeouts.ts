const second = 1000;
const minute = 60 * second;

/** How long each thing may take before a test gives up, in one place. On 2 cores; `E2E_PATIENCE` multiplies all of them. */
const baseMs = {
  command: minute,
  imageLoad: 5 * minute,
  clusterCreate: 6 * minute,
  helmInstall: 4 * minute,
  helmTest: 3 * minute,
  uninstall: 3 * minute,
  podReady: 3 * minute,
  podGone: 3 * minute,
  nodeNotReady: 3 * minute,
  nodeReady: 4 * minute,
  nodeState: 3 * minute,
  healed: 8 * minute,
  rollout: 8 * minute,
  portForward: 30 * second,
  request: minute,
  largeRequest: 10 * minute,
};

export type Event = keyof typeof baseMs;

const patience = Number(process.env['E2E_PATIENCE'] ?? 1);

export function timeoutMs(event: Event): number {
  return baseMs[event] * patience;
}
