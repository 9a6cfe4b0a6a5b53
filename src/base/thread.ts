import { Worker } from 'node:worker_threads';

/**
 * Starts the module `stem` (relative to `from`, the caller's `import.meta.url`, without extension) in a thread: compiled
 * when the caller is, else as TypeScript through tsx, whose `--import` does not reach threads on Node 20.
 */
export function startThread(stem: string, from: string, workerData: unknown): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`${stem}.js`, from), { workerData });
  const loader = import.meta.resolve('tsx/esm/api');
  const [module, parent] = [JSON.stringify(new URL(`${stem}.ts`, from).href), JSON.stringify(from)];
  return new Worker(`import('${loader}').then((tsx) => tsx.tsImport(${module}, ${parent}))`, { eval: true, workerData });
}
