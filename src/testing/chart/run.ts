import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFolder, repositoryFolder } from './chart-folder.js';
import { generatedFiles } from './generated-files.js';
import { isThere } from './helm.js';
import { staticManifest, staticPresets } from './static-manifests.js';

/* `npx tsx src/testing/chart/run.ts docs|manifests`: writes what is made from the chart. That it is up to date is a test. */

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(what: string | undefined): Promise<number> {
  if (what === 'docs') {
    for (const [path, text] of generatedFiles()) {
      writeFileSync(join(chartFolder, path), text);
      tell(`wrote charts/aetherstore/${path}`);
    }
    return 0;
  }
  if (what === 'manifests' && isThere('helm')) {
    mkdirSync(join(repositoryFolder, 'manifests'), { recursive: true });
    for (const preset of staticPresets) {
      writeFileSync(join(repositoryFolder, `manifests/${preset}.yaml`), await staticManifest(preset));
      tell(`wrote manifests/${preset}.yaml`);
    }
    return 0;
  }
  tell(what === 'manifests' ? 'helm is not on PATH: it renders the manifests' : 'usage: run.ts docs|manifests');
  return 2;
}

process.exitCode = await main(process.argv[2]);
