import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { must } from '../src/base/must.js';
import { Shell } from '../src/testing/readme/shell.js';
import { command } from './command.js';
import { timeoutMs } from './timeouts.js';

/** Where somebody types lines of a document: a folder with the chart in it, and a namespace that kubectl and helm take for theirs. */
export interface Terminal {
  folder: string;
  shell: Shell;
  close: () => void;
}

export async function openTerminal(namespace: string): Promise<Terminal> {
  const folder = mkdtempSync(join(tmpdir(), `aetherstore-e2e-${namespace}-`));
  const kubeconfig = join(folder, 'kubeconfig');
  copyFileSync(must(process.env['KUBECONFIG'], 'KUBECONFIG'), kubeconfig);
  await command('kubectl', ['--kubeconfig', kubeconfig, 'config', 'set-context', '--current', '--namespace', namespace]);
  for (const name of ['charts', 'README.md']) symlinkSync(resolve(name), join(folder, name));
  const shell = new Shell(folder, { KUBECONFIG: kubeconfig }, timeoutMs('largeRequest'));
  const close = (): void => {
    shell.close();
    rmSync(folder, { recursive: true });
  };
  return { folder, shell, close };
}
