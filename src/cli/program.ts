import { Command, CommanderError } from 'commander';
import { CliError, interruptedError } from './cli-error.js';
import { addBench } from './commands/bench.js';
import { addBucket, addMb } from './commands/bucket.js';
import { addCat } from './commands/cat.js';
import { addCompletion } from './commands/completion.js';
import { addConfig } from './commands/config.js';
import { addExplain } from './commands/explain.js';
import { addGet } from './commands/get.js';
import { addLs } from './commands/ls.js';
import { addNode } from './commands/node.js';
import { addPut } from './commands/put.js';
import { addRm } from './commands/rm.js';
import { addStat } from './commands/stat.js';
import { addStatus } from './commands/status.js';
import { addVersion } from './commands/version.js';
import { Context, type GlobalOptions, type Start } from './context.js';
import type { Environment } from './environment.js';
import { exitCode, type ExitCode } from './exit-code.js';
import { outputFormats } from './output.js';

/** In the order of the help. */
const commands = [
  addStatus,
  addPut,
  addGet,
  addCat,
  addLs,
  addStat,
  addRm,
  addBucket,
  addMb,
  addNode,
  addExplain,
  addBench,
  addConfig,
  addCompletion,
  addVersion,
];

/** `aether ARGS`: the only place where a failure becomes words and an exit code. */
export async function runCli(args: readonly string[], environment: Environment): Promise<ExitCode> {
  const contexts: Context[] = [];
  const program = createProgram(environment, (command) => {
    const context = new Context(environment, command.optsWithGlobals<GlobalOptions>());
    contexts.push(context);
    return context;
  });
  environment.output.on('error', () => undefined); // told by the write that failed
  try {
    await program.parseAsync([...args], { from: 'user' });
    if (environment.interrupted.aborted) return exitCode.interrupted;
    return contexts[0]?.exitCode ?? exitCode.ok;
  } catch (error) {
    return tellFailure(error, args, { environment, program });
  } finally {
    for (const context of contexts) context.close();
  }
}

function createProgram(environment: Environment, start: Start): Command {
  const program = new Command('aether')
    .description('The command line of AetherStore: what is in the store and how it is.')
    .version(`aether ${environment.version}`, '--version')
    .option('--profile <name>', 'the store of this profile')
    .option('--endpoint-url <url>', 'S3 endpoint')
    .option('--region <region>', 'S3 region')
    .option('--master-address <url>', 'REST address of the master')
    .option('-o, --output <format>', outputFormats.join('|'), 'table')
    .option('--no-headers', 'tables without their head')
    .option('-q, --quiet', 'no progress, no notes')
    .option('--debug', 'say where each setting comes from, and each request')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .option('--timeout <seconds>', 'how long the store may be silent', '60')
    .configureOutput({
      writeOut: (text) => void environment.output.write(text),
      writeErr: (text) => void environment.errors.write(text),
      outputError: () => undefined, // told by tellFailure
    })
    .exitOverride();
  for (const add of commands) add(program, start);
  return program;
}

function tellFailure(error: unknown, args: readonly string[], at: { environment: Environment; program: Command }): ExitCode {
  const { environment, program } = at;
  if (error instanceof CommanderError && error.exitCode === 0) return exitCode.ok; // help and version were shown
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCode.usage; // a command was missing: help was shown
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return exitCode.ok; // the reader has seen enough (`| head`)
  const { facts } = environment.interrupted.aborted ? interruptedError() : toCliError(error, helpOf(program, args));
  environment.errors.write(wantsJson(args) ? jsonOf(facts) : textOf(facts));
  if (args.includes('--debug') && error instanceof Error) environment.errors.write(`debug: ${error.stack ?? error.message}\n`);
  return facts.exitCode;
}

/** The command whose help tells more. */
function helpOf(program: Command, args: readonly string[]): string {
  const called = args.map((arg) => program.commands.find((command) => command.name() === arg)).find((command) => command !== undefined);
  return called === undefined ? 'aether --help' : `aether ${called.name()} --help`;
}

function toCliError(error: unknown, hint: string): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    const what = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return new CliError({
      exitCode: exitCode.usage,
      code: 'usage',
      what: `${what.charAt(0).toUpperCase()}${what.slice(1)}`,
      hint,
    });
  }
  const what = error instanceof Error ? error.message : String(error);
  return new CliError({ exitCode: exitCode.other, code: 'other', what }, { cause: error });
}

/** Looked up in the words themselves, since they may be what is wrong. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (word, at) => /^(?:-o|--output=)=?jsonl?$/.test(word) || (/^(?:-o|--output)$/.test(word) && /^jsonl?$/.test(args[at + 1] ?? '')),
  );
}

function jsonOf({ code, what, why, hint, requestId }: CliError['facts']): string {
  const message = why === null ? what : `${what} ${why}`;
  return `${JSON.stringify({ error: { code, message, hint, requestId } })}\n`;
}

function textOf({ what, why, hint, requestId }: CliError['facts']): string {
  const lines = [`error: ${what}`];
  if (why !== null) lines.push(`  why: ${why}`);
  if (hint !== null) lines.push(`  try: ${hint}`);
  if (requestId !== null) lines.push(`  request id: ${requestId}`);
  return `${lines.join('\n')}\n`;
}
