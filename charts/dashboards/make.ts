/* Writes the dashboards of the chart: `make dashboards`. */
import { writeFileSync } from 'node:fs';
import { dashboards, jsonFile } from './all.js';
import { grafanaJson } from './grafana.js';

for (const dashboard of dashboards) writeFileSync(jsonFile(dashboard), grafanaJson(dashboard));
