import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryFolder = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
export const chartFolder = join(repositoryFolder, 'charts/aetherstore');

export function readChartFile(path: string): string {
  return readFileSync(join(chartFolder, path), 'utf8');
}

/** Paths below the chart's folder, sorted. */
export function chartFiles(folder: string): string[] {
  return readdirSync(join(chartFolder, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(chartFolder.length + 1))
    .sort();
}

export function presets(): string[] {
  return chartFiles('presets').map((path) => path.slice('presets/'.length, -'.yaml'.length));
}
