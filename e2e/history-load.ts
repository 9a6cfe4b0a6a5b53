import { expect } from 'vitest';
import { Contents } from '../src/testing/history/contents.js';
import { judgeKey } from '../src/testing/history/linearizability.js';
import { Recorder } from '../src/testing/history/recorder.js';
import { Workload } from '../src/testing/history/workload.js';
import type { S3TestAnswer, S3TestRequest } from '../src/testing/s3-test-client.js';
import { S3TestClient } from '../src/testing/s3-test-client.js';
import { SeededRandom } from '../src/testing/seeded-random.js';
import { testSeed } from '../src/testing/test-settings.js';
import type { Doors, Release } from './release.js';

const clientsCount = 8;
const keysCount = 60;

/** What clients without any retry saw. */
export interface Seen {
  requests: number;
  /** No answer, or 5xx. */
  failed: number;
  /** The longest time in which no request succeeded. */
  pauseMs: number;
}

/** Looks at the answers of a client on their way. */
class WatchedClient extends S3TestClient {
  underWay = 0;
  onAnswer: (isGood: boolean) => void = () => undefined;

  override async request(request: S3TestRequest): Promise<S3TestAnswer> {
    this.underWay += 1;
    try {
      const answer = await super.request(request);
      this.onAnswer(answer.status < 500);
      return answer;
    } catch (error) {
      this.onAnswer(false);
      throw error;
    } finally {
      this.underWay -= 1;
    }
  }
}

/** Clients that read and write contested keys for as long as a test runs, and the judge of what they saw. */
export class HistoryLoad {
  readonly #recorder = new Recorder();
  readonly #workload: Workload;
  readonly #clients: readonly WatchedClient[];
  readonly #keys = Array.from({ length: keysCount }, (_, index) => `key/${index}`);
  readonly #seed: string;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();
  #seen: Seen = { requests: 0, failed: 0, pauseMs: 0 };
  #lastGoodMs = performance.now();

  private constructor(clients: readonly WatchedClient[], bucket: string, seed: string) {
    this.#clients = clients;
    this.#seed = seed;
    for (const client of clients) client.onAnswer = (isGood) => this.#count(isGood);
    const random = new SeededRandom(seed);
    const contents = new Contents(seed);
    this.#workload = new Workload({ bucket, keys: this.#keys, clients, contents, recorder: this.#recorder, random });
  }

  static async start(release: Release, doors: Doors = {}): Promise<HistoryLoad> {
    const seed = testSeed();
    const clients = (await release.clientOptions(doors)).map((options) => new WatchedClient(options));
    // one of its own: the history of every key begins with nothing
    const bucket = `history-${seed}`;
    const made = await clients[0]!.request({ method: 'PUT', path: `/${bucket}` });
    expect(made.status).toBe(200);
    const load = new HistoryLoad(clients, bucket, seed);
    load.forget();
    load.#running = Promise.all(
      Array.from({ length: clientsCount }, async () => {
        while (!load.#isOver) await load.#workload.step();
      }),
    );
    return load;
  }

  /** Counts anew from here on. */
  forget(): void {
    this.#seen = { requests: 0, failed: 0, pauseMs: 0 };
    this.#lastGoodMs = performance.now();
  }

  get seen(): Seen {
    return { ...this.#seen, pauseMs: Math.max(this.#seen.pauseMs, performance.now() - this.#lastGoodMs) };
  }

  get acknowledged(): number {
    return this.#recorder.acknowledgedCount;
  }

  /** Requests that nobody has answered yet. */
  get underWay(): number {
    return this.#clients.reduce((sum, client) => sum + client.underWay, 0);
  }

  /** Ends the load, reads every key once more, and judges. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    for (const key of this.#keys) await this.#workload.get(key);
    const verdicts = this.#recorder.keys().map(([key, steps]) => ({ key, verdict: judgeKey(steps) }));
    const stories = verdicts.flatMap(({ key, verdict }) => (verdict.kind === 'violation' ? [`${key}: ${verdict.story}`] : []));
    for (const client of this.#clients) client.close();
    const { acknowledgedCount, unknown, unreadable } = this.#recorder;
    console.log(JSON.stringify({ seed: this.#seed, acknowledgedCount, unknown, unreadable, violations: stories.length }));
    expect([...this.#recorder.violations, ...stories]).toEqual([]);
    expect(verdicts.filter(({ verdict }) => verdict.kind === 'undecided')).toEqual([]);
    expect(acknowledgedCount).toBeGreaterThan(100);
  }

  #count(isGood: boolean): void {
    const nowMs = performance.now();
    this.#seen.requests += 1;
    if (!isGood) this.#seen.failed += 1;
    else {
      this.#seen.pauseMs = Math.max(this.#seen.pauseMs, nowMs - this.#lastGoodMs);
      this.#lastGoodMs = nowMs;
    }
  }
}
