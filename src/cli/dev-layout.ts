import { join } from 'node:path';

/** `aetherstore dev` is reached from this machine alone. */
export const loopback = '127.0.0.1';

const wellKnownS3Port = 9000;
const wellKnownMasterPort = 42100;
const wellKnownAdminPort = 9464;

/** Where one process of `aetherstore dev` listens and keeps its data. */
interface DevProcess {
  name: string;
  port: number;
  adminPort: number;
  dataPath: string;
}

export interface DevLayout {
  master: DevProcess;
  gateway: Omit<DevProcess, 'dataPath'>;
  nodes: DevProcess[];
  secretsFolder: string;
  credentialsPath: string;
}

/**
 * With the default S3 port every other one is the well-known one; with another port P the rest follows from it (master
 * P+1, datanodes P+2 to P+9, admin ports from P+10), so that several can run side by side.
 */
export function devLayout(options: { dir: string; nodes: number; port: number }): DevLayout {
  const { dir, port } = options;
  const usual = port === wellKnownS3Port;
  const masterPort = usual ? wellKnownMasterPort : port + 1;
  const adminPort = usual ? wellKnownAdminPort : port + 10;
  return {
    master: { name: 'master', port: masterPort, adminPort, dataPath: join(dir, 'master') },
    gateway: { name: 'gateway', port, adminPort: adminPort + 1 },
    nodes: Array.from({ length: options.nodes }, (_, index) => ({
      name: `node-${index + 1}`,
      port: masterPort + 1 + index,
      adminPort: adminPort + 2 + index,
      dataPath: join(dir, `node-${index + 1}`),
    })),
    secretsFolder: join(dir, 'secrets'),
    credentialsPath: join(dir, 'credentials.env'),
  };
}
