#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from './base/clock.js';
import { checkSettings, isLoopback } from './base/config/check-settings.js';
import { ConfigError } from './base/config/config-error.js';
import { overviewText, roleText } from './base/config/help-text.js';
import { loadSettings, type LoadedSettings } from './base/config/load-settings.js';
import { nearestName } from './base/config/nearest-name.js';
import { roles, type Role, type Settings } from './base/config/settings.js';
import { createLog, type Log } from './base/log.js';
import { systemRandom } from './base/random.js';
import { RootCredentialFile } from './base/root-credential.js';
import { exitCodes, type RunningRole } from './base/running-role.js';
import { SecretFile } from './base/secret-file.js';
import { StartRefused } from './base/start-refused.js';
import { readyMessage, Supervisor } from './base/supervisor.js';
import { untilEnded } from './base/until-ended.js';

/*
 * `aetherstore ROLE`. The only file that reads the environment and ends the process; each role is wired here from its
 * settings, and imported only when it runs, so that a gateway does not carry the database of a master.
 */

const givenMs = systemClock.monotonicMs();
const parts = { clock: systemClock, random: systemRandom };
/** How this program is started again for a child. */
const program = [...process.execArgv, process.argv[1]!];

/** What every role that serves gets. */
interface RoleParts {
  clock: typeof systemClock;
  random: typeof systemRandom;
  log: Log;
}

async function main(words: readonly string[]): Promise<number> {
  const [word = 'help', ...flags] = words;
  if (word === 'version' || word === '--version') return say(versionText());
  const role = roles.find((name) => name === (word === 'help' ? flags[0] : word));
  if (role && (word === 'help' || flags.includes('--help') || flags.includes('-h'))) return say(roleText(role));
  if (word === 'help' || word === '--help' || word === '-h') return say(overviewText());
  if (!role) {
    const near = nearestName(word, roles);
    throw new ConfigError(`${JSON.stringify(word)} is no role${near ? `; did you mean ${near}?` : ''} (see \`aetherstore help\`)`);
  }
  return commands[role](flags);
}

const commands: Record<Role, (flags: readonly string[]) => number | Promise<number>> = {
  master: (flags) => serve('master', load('master', flags).settings, startMaster),
  datanode: (flags) => serve('datanode', load('datanode', flags).settings, startDatanode),
  gateway: (flags) => serve('gateway', load('gateway', flags).settings, startGateway),
  dev: (flags) => dev(load('dev', flags)),
  init: (flags) => init(load('init', flags).settings),
  health: (flags) => health(load('health', flags).settings),
};

function load<R extends Role>(role: R, flags: readonly string[]): LoadedSettings<R> {
  const loaded = loadSettings({ role, flags, environment: process.env, readFile: (path) => readFileSync(path, 'utf8') });
  checkSettings(loaded);
  return loaded;
}

// ---- roles that serve

async function startMaster(settings: Settings<'master'>, parts: RoleParts): Promise<RunningRole> {
  const cluster = new SecretFile({ path: settings.clusterSecretFile, what: 'cluster secret' }, parts);
  const restTokens = restTokensOf(settings, parts);
  const { startMaster: start } = await import('./master/master.js');
  const master = await start({ ...settings, clusterId: cluster.note('cluster-id'), secrets: () => cluster.buffers(), restTokens }, parts);
  return settings.gateway ? withGateway(master, master.port, settings, parts) : master;
}

/** A gateway beside a master, as a child process: a crash of the one does not touch the other. */
function withGateway(master: RunningRole, masterPort: number, settings: Settings<'master'>, parts: RoleParts): RunningRole {
  const { log } = parts;
  const onRestart = (name: string, how: string, againInMs: number): void => log.warn({ how, againInMs }, `the ${name} starts again`);
  const supervisor = new Supervisor({ onLine: null, onRestart }, parts);
  const masterHost = isLoopback(settings.listenHost) || settings.listenHost === '0.0.0.0' ? '127.0.0.1' : settings.listenHost;
  const flags = ['--port', settings.gatewayPort, '--admin-port', settings.gatewayAdminPort, '--listen-host', settings.listenHost];
  const args = [...program, 'gateway', ...flags.map(String), '--master-address', `http://${masterHost}:${masterPort}`];
  void supervisor.start({ name: 'gateway', args, environment: process.env });
  return {
    failed: Promise.race([master.failed, supervisor.failed]),
    async stop() {
      await supervisor.stop(settings.stopDeadlineMs / 2);
      await master.stop();
    },
  };
}

async function startDatanode(settings: Settings<'datanode'>, parts: RoleParts): Promise<RunningRole> {
  const restTokens = restTokensOf(settings, parts);
  const [{ startDatanode: start }, { volumeDefaults }] = await Promise.all([
    import('./datanode/datanode.js'),
    import('./chunks/volume-limits.js'),
  ]);
  const { segmentSizeBytes, warnFillFraction, readOnlyFillFraction, backFillFraction, fillCheckMs } = settings;
  const volumeLimits = { ...volumeDefaults, segmentSizeBytes, warnFillFraction, readOnlyFillFraction, backFillFraction, fillCheckMs };
  return start({ ...settings, volumeLimits, restTokens, cluster: datanodeCluster(settings, parts) }, parts);
}

function datanodeCluster(settings: Settings<'datanode'>, parts: RoleParts) {
  const { masterAddress, listenHost, port, zone, heartbeatMs } = settings;
  if (masterAddress === null) return null;
  const secret = new SecretFile({ path: settings.clusterSecretFile, what: 'cluster secret' }, parts);
  const host = settings.host ?? hostname();
  const advertisedAddress = settings.advertisedAddress ?? (isLoopback(listenHost) ? null : `http://${host}:${port}`);
  return { masterAddress, advertisedAddress, host, zone, heartbeatMs, secrets: () => secret.buffers() };
}

async function startGateway(settings: Settings<'gateway'>, parts: RoleParts): Promise<RunningRole> {
  const secret = new SecretFile({ path: settings.clusterSecretFile, what: 'cluster secret' }, parts);
  const credentials = new RootCredentialFile(settings.rootCredentialFile, parts);
  const secretOf = (accessKeyId: string): string | null => credentials.secretOf(accessKeyId);
  const { startGateway: start } = await import('./gateway/gateway.js');
  return start({ ...settings, host: settings.host ?? hostname(), secrets: () => secret.buffers(), secretOf }, parts);
}

function restTokensOf(settings: Settings<'master'> | Settings<'datanode'>, parts: RoleParts): (() => readonly string[]) | null {
  if (settings.restAuth === 'none') {
    parts.log.warn(
      { listenHost: settings.listenHost, port: settings.port },
      'the REST API asks for no token: whoever reaches it may do everything',
    );
    return null;
  }
  const file = new SecretFile({ path: settings.restTokenFile, what: 'REST token' }, parts);
  return () => file.lines();
}

/** Runs a role to its end. */
async function serve<S extends Pick<Settings<'gateway'>, 'logFormat' | 'logLevel' | 'stopDeadlineMs'>>(
  role: Role,
  settings: S,
  start: (settings: S, parts: RoleParts) => Promise<RunningRole>,
): Promise<number> {
  const format = settings.logFormat === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : settings.logFormat;
  const log = createLog({ level: settings.logLevel, format, role });
  const starting = start(settings, { ...parts, log });
  starting.then(
    () => process.send?.(readyMessage),
    () => undefined, // the next line rejects for the same reason
  );
  return untilEnded(starting, { stopDeadlineMs: settings.stopDeadlineMs, tell: (line) => log.warn(line) }, parts.clock);
}

// ---- commands

async function dev(loaded: LoadedSettings<'dev'>): Promise<number> {
  const { startDev } = await import('./cli/dev.js');
  const starting = startDev({ loaded, program, environment: process.env, print: say, givenMs }, parts);
  // the children have a deadline of their own below this one
  return untilEnded(starting, { stopDeadlineMs: loaded.settings.stopDeadlineMs + 400, tell: say }, parts.clock);
}

async function init({ dir }: Settings<'init'>): Promise<number> {
  const { initSecrets } = await import('./cli/init-secrets.js');
  const written = await initSecrets(dir, parts.random);
  return say(written.length === 0 ? `the secrets in ${dir} are there already` : written.map((path) => `wrote ${path}`).join('\n'));
}

async function health({ adminPort }: Settings<'health'>): Promise<number> {
  const { checkHealth } = await import('./cli/health.js');
  const healthy = await checkHealth(adminPort);
  say(healthy === true ? 'ready' : healthy);
  return healthy === true ? 0 : exitCodes.other;
}

function say(text: string): number {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

function versionText(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return `aetherstore ${version} (Node ${process.versions.node})`;
}

/** What is told in one line instead of a stack: somebody gave a command that cannot be carried out. */
function isForPerson(error: unknown): error is Error {
  const { name, code } = error as NodeJS.ErrnoException;
  return error instanceof StartRefused || name === 'DevRefused' || ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EROFS'].includes(code ?? '');
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!isForPerson(error)) throw error;
  process.stderr.write(`aetherstore: ${error.message}\n`);
  process.exit(error instanceof StartRefused ? exitCodes.refused : exitCodes.other);
}
