#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { systemEnvironment } from './environment.js';
import { exitCode } from './exit-code.js';
import { runCli } from './program.js';

/* `aether`. The first Ctrl-C ends the work in an orderly way, the second at once. */

const interrupted = new AbortController();
setMaxListeners(0, interrupted.signal); // one per request under way
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interrupted.signal.aborted) process.exit(exitCode.interrupted);
    interrupted.abort();
  });
}

process.exit(await runCli(process.argv.slice(2), systemEnvironment(interrupted.signal)));
