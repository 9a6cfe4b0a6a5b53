import { environmentFor } from '../base/config/hand-on.js';
import type { LoadedSettings } from '../base/config/load-settings.js';
import { loopback, type DevLayout } from './dev-layout.js';
import { secretPaths } from './init-secrets.js';

const childDeadlineShare = 0.8;

export interface DevGiven {
  loaded: LoadedSettings<'dev'>;
  environment: Readonly<Record<string, string | undefined>>;
}

/** What all children share: the settings that were given to dev, and where the secrets are. */
export function childEnvironment({ loaded, environment }: DevGiven, layout: DevLayout): Record<string, string | undefined> {
  const secrets = secretPaths(layout.secretsFolder);
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('AETHER_'))),
    ...environmentFor(['master', 'datanode', 'gateway'], loaded.settings, ['config', 'port', 'stopDeadlineMs']),
    // the children end by themselves before dev would end them
    AETHER_STOP_DEADLINE_MS: String(Math.ceil(loaded.settings.stopDeadlineMs * childDeadlineShare)),
    AETHER_LISTEN_HOST: loopback,
    AETHER_MASTER_ADDRESS: `http://${loopback}:${layout.master.port}`,
    AETHER_CLUSTER_SECRET_FILE: secrets.clusterSecret,
    AETHER_REST_TOKEN_FILE: secrets.restToken,
    AETHER_ROOT_CREDENTIAL_FILE: secrets.rootCredential,
    AETHER_LOG_FORMAT: 'json',
  };
}

/** What tells the children apart stands on their command lines, where `ps` shows it. */
export function childFlags({ master, nodes, gateway }: DevLayout): { name: string; flags: string[] }[] {
  return [
    { name: master.name, flags: ['master', ...portFlags(master), '--data-path', master.dataPath] },
    ...nodes.map((node) => ({ name: node.name, flags: ['datanode', ...portFlags(node), '--data-path', node.dataPath] })),
    { name: gateway.name, flags: ['gateway', ...portFlags(gateway)] },
  ];
}

function portFlags({ port, adminPort }: { port: number; adminPort: number }): string[] {
  return ['--port', `${port}`, '--admin-port', `${adminPort}`];
}
