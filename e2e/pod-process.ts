import { must } from '../src/base/must.js';
import { command } from './command.js';
import type { KubeObject } from './kube.js';

/**
 * Sends a signal to the process of a role in a pod, and answers its state afterwards as `/proc` has it (`T`: stopped; '':
 * gone). From its worker, where the pod's uid is in the name of its control group: no SIGKILL from inside reaches the first
 * process of a container.
 */
export async function signalPod({ metadata, spec }: KubeObject, role: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<string> {
  const group = metadata.uid.replaceAll('-', '[-_]');
  const isRole = `grep -q '${group}' $p/cgroup && tr '\\0' ' ' < $p/cmdline | grep -q 'main.js ${role}'`;
  const state = `echo "signalled $(sed -n 's/^State:[[:space:]]*\\(.\\).*/\\1/p' $p/status)"`;
  const script = `for p in /proc/[0-9]*; do if ${isRole}; then kill -${signal} "\${p#/proc/}" && sleep 0.1; ${state}; fi; done 2>/dev/null`;
  const said = await command('docker', ['exec', must(spec?.nodeName, 'a worker'), 'sh', '-c', script]);
  const [, after] = must(/^signalled ?(.?)$/.exec(said.trim()), `one process of ${role} in ${metadata.name}, not: ${said}`);
  return must(after, 'a state');
}
