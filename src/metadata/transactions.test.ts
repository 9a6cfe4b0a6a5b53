import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { auditMetadata } from '../testing/audit-metadata.js';
import { HostileStore } from '../testing/hostile-driver.js';
import { LocalStore } from '../testing/local-store.js';
import { SeededRandom } from '../testing/seeded-random.js';
import { dump, type StoreUnderTest } from '../testing/store-under-test.js';
import { transactionSuite } from '../testing/transaction-suite.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-transactions-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a scenario to its end; answers the rows that it leaves. */
async function endOf(store: StoreUnderTest, scenario: (store: StoreUnderTest) => Promise<void>) {
  try {
    await scenario(store);
    expect(auditMetadata(store.rows)).toEqual([]);
    return dump(store.rows);
  } finally {
    store.close();
  }
}

describe.each(Object.entries(transactionSuite))('%s', (area, scenarios) => {
  it.each(Object.entries(scenarios))('%s', async (sentence, scenario) => {
    const path = join(folder, `${area}-${Object.keys(scenarios).indexOf(sentence)}.db`);
    const expected = await endOf(new LocalStore(path), scenario);
    for (const seed of ['a', 'b', 'c']) {
      expect(await endOf(new HostileStore(new SeededRandom(`${sentence} ${seed}`)), scenario)).toEqual(expected);
    }
  });
});
