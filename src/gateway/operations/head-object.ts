import { mustBeCurrentVersion } from '../current-version.js';
import type { RunOperation } from '../operation.js';
import { readObject } from '../read-object.js';

/** Like GetObject in every header; no chunk is opened. */
export const headObject: RunOperation = (request, services) => {
  mustBeCurrentVersion(request.query);
  return readObject(request, services, 'head');
};
