import { nodesAndRepair } from './nodes-and-repair.js';
import { overview } from './overview.js';
import type { Dashboard } from './panel.js';
import { s3 } from './s3.js';

export const dashboards: readonly Dashboard[] = [overview, nodesAndRepair, s3];

/** Where a dashboard's JSON is, which the chart takes as it is. */
export const jsonFile = ({ name }: Dashboard): URL => new URL(`../aetherstore/dashboards/${name}.json`, import.meta.url);
