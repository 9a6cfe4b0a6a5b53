import type { Command } from 'commander';
import type { Start } from '../context.js';

export function addVersion(program: Command, start: Start): void {
  program
    .command('version')
    .summary('show the version of this program')
    .action(async (_options: object, command: Command) => {
      const context = start(command);
      const { version } = context.environment;
      await context.output.result({ version }, `aether ${version}`);
    });
}
