/** A number for a long run from the environment (`AETHER_TEST_…`), else the one for every day. */
export function testSetting(name: string, everyDay: number): number {
  const text = process.env[`AETHER_TEST_${name}`];
  const value = text === undefined ? everyDay : Number(text);
  if (!Number.isFinite(value)) throw new Error(`AETHER_TEST_${name} must be a number`);
  return value;
}

/** The seed of a run: given to repeat it, else new; tests print it. */
export function testSeed(): string {
  return process.env['AETHER_TEST_SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
}
