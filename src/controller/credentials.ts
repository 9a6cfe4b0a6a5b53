import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';

/** Where the API server is, and what makes it believe a request. */
export interface Credentials {
  readonly server: URL;
  /** Headers and TLS material, read anew for each request: tokens are renewed and authorities replaced while we run. */
  requestOptions(): Promise<RequestOptions>;
}

/** Where Kubernetes mounts what a pod's ServiceAccount needs. */
const serviceAccountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Those of the pod that this process runs in. They are two files, so they are read here: importing the client library
 * costs 85 MB of memory and two seconds of a start.
 */
export function serviceAccountCredentials(service: { host: string; port: number; path?: string }): Credentials {
  const path = service.path ?? serviceAccountPath;
  const host = service.host.includes(':') ? `[${service.host}]` : service.host;
  return {
    server: new URL(`https://${host}:${service.port}`),
    async requestOptions() {
      const [token, ca] = await Promise.all([readFile(join(path, 'token'), 'utf8'), readFile(join(path, 'ca.crt'), 'utf8')]);
      return { ca, headers: { authorization: `Bearer ${token.trim()}` } };
    },
  };
}

/** Those of a kubeconfig file, for a controller that runs outside of the cluster: certificates, tokens, helper programs. */
export async function kubeConfigCredentials(path: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(path);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${path} names no current cluster`);
  return {
    server: new URL(server),
    async requestOptions() {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      // it made an agent for this request alone; ours keeps connections
      delete options.agent;
      return options;
    },
  };
}
