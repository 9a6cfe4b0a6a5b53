import { afterAll, describe, expect, it } from 'vitest';
import { MasterUnderTest } from './master-under-test.js';

const nodes = 50;
const buckets = 1000;
const sizeBytesMax = 1_000_000;
const processorMsMax = 50;

describe('the /metrics page of a master with 50 nodes and 1,000 buckets', () => {
  let tested: MasterUnderTest | null = null;
  afterAll(() => tested?.close());

  it('stays below a megabyte and costs less than 50 ms', { timeout: 60_000 }, async () => {
    tested = await MasterUnderTest.start({ suspectAfterMs: 30_000, downAfterMs: 60_000 });
    const { master } = tested;
    for (let i = 0; i < nodes; i += 1) await tested.addNode({ heartbeatMs: 5_000, zone: `zone-${i % 3}` });
    const made = Array.from({ length: buckets }, (_, index) => tested!.createBucket(`bucket-${index}`));
    await Promise.all(made);

    const tries: number[] = [];
    let page = '';
    for (let i = 0; i < 10; i += 1) {
      const before = process.cpuUsage();
      page = await (await fetch(`http://127.0.0.1:${master.adminPort}/metrics`)).text();
      const { user, system } = process.cpuUsage(before);
      tries.push((user + system) / 1000);
    }
    expect(page).toMatch(new RegExp(`^aetherstore_master_buckets\\{.*\\} ${buckets}$`, 'm'));
    expect(page).toMatch(new RegExp(`^aetherstore_master_nodes\\{.*state="live".*\\} ${nodes}$`, 'm'));
    expect(Buffer.byteLength(page)).toBeLessThan(sizeBytesMax);
    // Of the processor, and the quickest: how busy the machine is has no part in it.
    expect(Math.min(...tries)).toBeLessThan(processorMsMax);
  });
});
