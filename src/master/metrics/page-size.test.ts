import { afterAll, describe, expect, it } from 'vitest';
import { MasterUnderTest } from '../../testing/master-under-test.js';

const nodes = 50;
const buckets = 1000;
const sizeBytesMax = 1_000_000;

describe('the /metrics page of a master with 50 nodes and 1,000 buckets', () => {
  let tested: MasterUnderTest | null = null;
  afterAll(() => tested?.close());

  it('stays below a megabyte', { timeout: 60_000 }, async () => {
    tested = await MasterUnderTest.start({ suspectAfterMs: 30_000, downAfterMs: 60_000 });
    const { master } = tested;
    for (let i = 0; i < nodes; i += 1) await tested.addNode({ heartbeatMs: 5_000, zone: `zone-${i % 3}` });
    const made = Array.from({ length: buckets }, (_, index) => tested!.createBucket(`bucket-${index}`));
    await Promise.all(made);

    const page = await (await fetch(`http://127.0.0.1:${master.adminPort}/metrics`)).text();
    expect(page).toMatch(new RegExp(`^aetherstore_master_buckets\\{.*\\} ${buckets}$`, 'm'));
    expect(page).toMatch(new RegExp(`^aetherstore_master_nodes\\{.*state="live".*\\} ${nodes}$`, 'm'));
    expect(Buffer.byteLength(page)).toBeLessThan(sizeBytesMax);
  });
});
