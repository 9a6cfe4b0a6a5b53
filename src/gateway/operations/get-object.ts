import { mustBeCurrentVersion } from '../current-version.js';
import type { RunOperation } from '../operation.js';
import { readObject } from '../read-object.js';

export const getObject: RunOperation = (request, services) => {
  mustBeCurrentVersion(request.query);
  return readObject(request, services, 'bytes');
};
