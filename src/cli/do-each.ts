import type { Context } from './context.js';
import { Failures } from './failures.js';
import type { EachShape } from './output.js';

export interface Work<Thing, Done> {
  /** How a thing is called when it fails. */
  name: (thing: Thing) => string;
  run: (thing: Thing) => Promise<Done>;
  shape: EachShape<Done>;
}

/** Works on one thing after the other and tells what became of each. A single thing is told as itself, and fails the command. */
export async function doEach<Thing, Done>(context: Context, things: readonly Thing[], work: Work<Thing, Done>): Promise<void> {
  const [only] = things;
  if (only !== undefined && things.length === 1) return context.output.one(await work.run(only), work.shape);
  const failures = new Failures(context);
  await context.output.each(doneEach(things, work, failures), work.shape);
  failures.report();
}

async function* doneEach<Thing, Done>(
  things: readonly Thing[],
  { name, run }: Work<Thing, Done>,
  failures: Failures,
): AsyncGenerator<Done> {
  for (const thing of things) {
    const done = await failures.guard(name(thing), () => run(thing));
    if (done !== null) yield done;
  }
}
