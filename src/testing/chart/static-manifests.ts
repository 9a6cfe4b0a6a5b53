import { readChartFile } from './chart-folder.js';
import { template } from './helm.js';

/** Presets that `manifests/` has, for whoever has no Helm. */
export const staticPresets = ['dev', 'small', 'production'] as const;

/** What `make manifests` writes as `manifests/PRESET.yaml`. */
export async function staticManifest(preset: string): Promise<string> {
  // without hooks: `kubectl apply` knows nothing of their order
  const { code, out, all } = await template({ preset, args: ['--no-hooks'] });
  if (code !== 0) throw new Error(all);
  const prose = readChartFile(`presets/${preset}.yaml`).match(/^(?:#.*\n)+/)?.[0] ?? '';
  return `# Rendered from charts/aetherstore with the preset ${preset} by \`make manifests\`: change the chart, not this file.
#   kubectl apply --server-side -f manifests/${preset}.yaml
#
${prose}---
apiVersion: v1
kind: Namespace
metadata:
  name: aetherstore
  labels:
    pod-security.kubernetes.io/enforce: restricted
${out}`;
}
