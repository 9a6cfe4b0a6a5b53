#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemClock } from './base/clock.js';
import { checkSettings, isLoopback } from './base/config/check-settings.js';
import { ConfigError } from './base/config/config-error.js';
import { environmentFor } from './base/config/hand-on.js';
import { overviewText, roleText } from './base/config/help-text.js';
import { loadSettings, type LoadedSettings } from './base/config/load-settings.js';
import { namedSource } from './base/config/named-source.js';
import { nearestName } from './base/config/nearest-name.js';
import { roles, type Role, type Settings } from './base/config/settings.js';
import { createLog, type Log } from './base/log.js';
import { systemRandom } from './base/random.js';
import { RootCredentialFile } from './base/root-credential.js';
import { exitCodes, type RunningRole } from './base/running-role.js';
import { SecretFile } from './base/secret-file.js';
import { StartRefused } from './base/start-refused.js';
import { readyMessage, Supervisor } from './base/supervisor.js';
import { TlsFiles } from './base/tls-files.js';
import { untilEnded } from './base/until-ended.js';
import { version } from './base/version.js';

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
  const [first = 'help', ...flags] = words;
  if (first === 'version' || first === '--version') return say(versionText());
  const isHelp = first === 'help' || first === '--help' || first === '-h';
  const word = isHelp ? flags[0] : first;
  if (word === undefined) return say(overviewText());
  const role = roles.find((name) => name === word);
  if (role && (isHelp || flags.includes('--help') || flags.includes('-h'))) return say(roleText(role));
  if (!role) {
    const near = nearestName(word, roles);
    throw new ConfigError(`${JSON.stringify(word)} is no role${near ? `; did you mean ${near}?` : ''} (see \`aetherstore help\`)`);
  }
  return commands[role](flags);
}

const commands: Record<Role, (flags: readonly string[]) => number | Promise<number>> = {
  master: (flags) => serve('master', load('master', flags), startMaster),
  datanode: (flags) => serve('datanode', load('datanode', flags), startDatanode),
  gateway: (flags) => serve('gateway', load('gateway', flags), startGateway),
  controller: (flags) => serve('controller', load('controller', flags), startController),
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

async function startMaster(loaded: LoadedSettings<'master'>, parts: RoleParts): Promise<RunningRole> {
  const { settings } = loaded;
  const secret = new SecretFile(fileOf(loaded, 'clusterSecretFile'), parts);
  const restTokens = restTokensOf(loaded, parts);
  const { startMaster: start } = await import('./master/master.js');
  const master = await start({ ...settings, clusterId: secret.note('cluster-id'), secrets: () => secret.buffers(), restTokens }, parts);
  return settings.gateway ? withGateway(master, settings, parts) : master;
}

/** A gateway beside a master, as a child process: a crash of the one does not touch the other. */
function withGateway(master: RunningRole & { port: number }, settings: Settings<'master'>, parts: RoleParts): RunningRole {
  const onRestart = (name: string, how: string, againInMs: number): void => parts.log.warn({ how, againInMs }, `the ${name} starts again`);
  const supervisor = new Supervisor({ onLine: null, onRestart }, parts);
  const masterHost = settings.listenHost === '0.0.0.0' ? '127.0.0.1' : settings.listenHost;
  const flags = ['--port', settings.gatewayPort, '--admin-port', settings.gatewayAdminPort];
  const environment = {
    ...process.env,
    ...environmentFor(['gateway'], settings, ['port', 'adminPort', 'config']),
    AETHER_MASTER_ADDRESS: `http://${masterHost}:${master.port}`,
  };
  void supervisor.start({ name: 'gateway', args: [...program, 'gateway', ...flags.map(String)], environment });
  return {
    failed: Promise.race([master.failed, supervisor.failed]),
    async stop() {
      await supervisor.stop(settings.stopDeadlineMs / 2);
      await master.stop();
    },
  };
}

async function startDatanode(loaded: LoadedSettings<'datanode'>, parts: RoleParts): Promise<RunningRole> {
  const { settings } = loaded;
  const restTokens = restTokensOf(loaded, parts);
  const cluster = datanodeCluster(loaded, parts);
  const { startDatanode: start } = await import('./datanode/datanode.js');
  const { volumeDefaults } = await import('./chunks/volume-limits.js');
  const { segmentSizeBytes, warnFillFraction, readOnlyFillFraction, backFillFraction, fillCheckMs } = settings;
  const volumeLimits = { ...volumeDefaults, segmentSizeBytes, warnFillFraction, readOnlyFillFraction, backFillFraction, fillCheckMs };
  return start({ ...settings, volumeLimits, restTokens, cluster }, parts);
}

/** What ties a datanode to its master; null: it works alone. */
function datanodeCluster(loaded: LoadedSettings<'datanode'>, parts: RoleParts) {
  const { masterAddress, listenHost, port, zone, heartbeatMs, host: givenHost, advertisedAddress: givenAddress } = loaded.settings;
  if (masterAddress === null) return null;
  const secret = new SecretFile(fileOf(loaded, 'clusterSecretFile'), parts);
  const host = givenHost ?? hostname();
  const advertisedAddress = givenAddress ?? (isLoopback(listenHost) ? null : `http://${host}:${port}`);
  return { masterAddress, advertisedAddress, host, zone, heartbeatMs, secrets: () => secret.buffers() };
}

async function startGateway(loaded: LoadedSettings<'gateway'>, parts: RoleParts): Promise<RunningRole> {
  const { settings } = loaded;
  const secret = new SecretFile(fileOf(loaded, 'clusterSecretFile'), parts);
  const credentials = new RootCredentialFile(fileOf(loaded, 'rootCredentialFile'), parts);
  const tls = tlsOf(loaded, parts);
  const secretOf = (accessKeyId: string): string | null => credentials.secretOf(accessKeyId);
  const { startGateway: start } = await import('./gateway/gateway.js');
  return start({ ...settings, secrets: () => secret.buffers(), secretOf, tls }, parts);
}

/** Of the S3 port; null: it speaks plain HTTP. */
function tlsOf({ settings, sources }: LoadedSettings<'gateway'>, parts: RoleParts): TlsFiles | null {
  const { tlsCertificateFile, tlsKeyFile } = settings;
  if (tlsCertificateFile === null || tlsKeyFile === null) return null;
  const certificate = { path: tlsCertificateFile, setting: namedSource(sources, 'tlsCertificateFile') };
  return new TlsFiles({ certificate, key: { path: tlsKeyFile, setting: namedSource(sources, 'tlsKeyFile') } }, parts);
}

async function startController(loaded: LoadedSettings<'controller'>, parts: RoleParts): Promise<RunningRole> {
  const { settings } = loaded;
  const needed = (name: 'namespace' | 'releaseName'): string => {
    if (settings[name] !== null) return settings[name];
    throw new ConfigError(`${namedSource(loaded.sources, name)}: it is needed by a controller`);
  };
  const namespace = needed('namespace');
  const releaseName = needed('releaseName');
  const fullname = settings.fullname ?? releaseName;
  const podName = settings.podName ?? hostname();
  const secretName = settings.secretName ?? `${fullname}-secrets`;
  const masterAddress = settings.masterAddress ?? `http://${fullname}-master.${namespace}.svc:42100`;
  const { kubeConfigCredentials, serviceAccountCredentials } = await import('./controller/credentials.js');
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (settings.kubeconfig === null && (!host || !port))
    throw new StartRefused('a controller runs in a pod of Kubernetes, or with --kubeconfig: KUBERNETES_SERVICE_HOST is not set');
  const credentials =
    settings.kubeconfig === null
      ? serviceAccountCredentials({ host: host ?? '', port: Number(port) })
      : await kubeConfigCredentials(settings.kubeconfig);
  const { startController: start } = await import('./controller/controller.js');
  return start({ ...settings, namespace, releaseName, fullname, podName, secretName, masterAddress, credentials }, parts);
}

/** The tokens that REST accepts; null: none is asked for. */
function restTokensOf(loaded: LoadedSettings<'master'> | LoadedSettings<'datanode'>, parts: RoleParts): (() => readonly string[]) | null {
  const { restAuth, listenHost, port } = loaded.settings;
  if (restAuth === 'none') {
    parts.log.warn({ listenHost, port }, 'the REST API asks for no token: whoever reaches it may do everything');
    return null;
  }
  const file = new SecretFile(fileOf(loaded, 'restTokenFile'), parts);
  return () => file.lines();
}

function fileOf<N extends 'clusterSecretFile' | 'restTokenFile' | 'rootCredentialFile'>(
  { settings, sources }: { settings: Readonly<Record<N, string>>; sources: LoadedSettings<Role>['sources'] },
  name: N,
): { path: string; setting: string } {
  return { path: settings[name], setting: namedSource(sources, name) };
}

interface Served {
  settings: Pick<Settings<'gateway'>, 'logFormat' | 'logLevel' | 'stopDeadlineMs'>;
}

/** Runs a role to its end. */
async function serve<L extends Served>(
  role: Role,
  loaded: L,
  start: (loaded: L, parts: RoleParts) => Promise<RunningRole>,
): Promise<number> {
  const { logFormat, logLevel, stopDeadlineMs } = loaded.settings;
  const format = logFormat === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : logFormat;
  const log = createLog({ level: logLevel, format, role });
  const starting = start(loaded, { ...parts, log });
  starting.then(
    () => process.send?.(readyMessage),
    () => undefined, // the next line rejects for the same reason
  );
  return untilEnded(starting, { stopDeadlineMs, tell: (line) => log.info(line) }, parts.clock);
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
  return `aetherstore ${version} (Node ${process.versions.node})`;
}

/** Told in one line instead of a stack: what somebody asked for cannot be had on this machine as it is. */
function isForPerson(error: unknown): error is Error {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof StartRefused || ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'EROFS'].includes(code ?? '');
}

/** Nobody reads on (`… | head -1`): what would be said is lost, the store goes on. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

process.stdout.on('error', onOutputError);
process.stderr.on('error', onOutputError);
try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!isForPerson(error)) throw error;
  process.stderr.write(`aetherstore: ${error.message}\n`);
  process.exit(error instanceof StartRefused ? exitCodes.refused : exitCodes.other);
}
