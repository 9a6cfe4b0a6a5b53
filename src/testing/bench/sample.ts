import { cpuMicros } from './measure.js';
import { runLoad, type LoadOptions, type LoadRequest, type LoadResult } from './load.js';

export interface Sample extends LoadResult {
  /** CPU of the watched processes over the run, by name, in microseconds a request. */
  cpuMicrosPerRequest: Record<string, number>;
  cpuMicrosTotal: number;
}

/** Runs a load and adds what the named processes spent on it. */
export async function sample(pidsByName: Record<string, number[]>, options: LoadOptions): Promise<Sample> {
  const spent = (): Record<string, number> =>
    Object.fromEntries(Object.entries(pidsByName).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + cpuMicros(pid), 0)]));
  const before = spent();
  const result = await runLoad(options);
  const after = spent();
  const perRequest = Object.fromEntries(
    Object.entries(after).map(([name, micros]) => [name, (micros - (before[name] ?? 0)) / Math.max(1, result.requests)]),
  );
  return { ...result, cpuMicrosPerRequest: perRequest, cpuMicrosTotal: Object.values(perRequest).reduce((sum, micros) => sum + micros, 0) };
}

const plainGet = (path: string): LoadRequest => ({ head: `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, body: null });

/** The same load on a reference server. */
export function samplePlain(server: { port: number; pid: number }, path: string, connections: number, durationMs: number): Promise<Sample> {
  return sample(
    { server: [server.pid] },
    {
      host: '127.0.0.1',
      port: server.port,
      connections,
      durationMs,
      requestsMax: Infinity,
      ratePerSecond: null,
      next: () => plainGet(path),
    },
  );
}
