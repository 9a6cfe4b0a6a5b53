import type { ProcessCluster } from '../process-cluster.js';
import type { SeededRandom } from '../seeded-random.js';

export interface NemesisOptions {
  cluster: ProcessCluster;
  random: SeededRandom;
  /** Between two kills, and from a kill to the new start; drawn below these. */
  pauseMsMax: number;
  downMsMax: number;
  /** By name; counted on. */
  kills: Map<string, number>;
}

/** Kills random processes with SIGKILL and starts them again, until told to stop; then all run. */
export async function runNemesis(options: NemesisOptions, signal: AbortSignal): Promise<void> {
  const { cluster, random, kills } = options;
  const pause = (msMax: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, random.fraction() * msMax));
  // Everybody has a turn before anybody has a second one.
  let turns: string[] = [];
  while (!signal.aborted) {
    await pause(options.pauseMsMax);
    if (turns.length === 0) turns = [...cluster.names];
    const [name] = turns.splice(random.between(0, turns.length - 1), 1);
    const { end } = cluster.process(name!);
    if (end !== null) throw new Error(`${name} ended by itself: ${JSON.stringify(end)}\n${cluster.report()}`);
    await cluster.kill(name!);
    kills.set(name!, (kills.get(name!) ?? 0) + 1);
    await pause(options.downMsMax);
    cluster.start(name!);
    await cluster.whenReady(name!);
  }
}
