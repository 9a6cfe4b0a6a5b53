import { Refusal } from '../model/refusal.js';
import type { QueryParameters } from '../s3/raw-request.js';

/** Without versioning an object has one version, which S3 calls `null`. */
export function mustBeCurrentVersion(query: QueryParameters): void {
  const versionId = query.get('versionId');
  if (versionId !== null && versionId !== 'null') throw new Refusal('argument-invalid', 'Invalid version id specified');
}
