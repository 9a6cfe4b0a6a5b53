import { deleteKeysMax, keyBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { parseEtags } from './conditions.js';
import { childText, expectRoot, readXml, requiredText } from './xml-read.js';

export interface DeleteRequest {
  keys: { key: string; ifMatch: string | null }[];
  /** Only failures are told. */
  quiet: boolean;
}

/** Reads the body of DeleteObjects. */
export function readDeleteRequest(body: Buffer): DeleteRequest {
  const root = expectRoot(readXml(body), 'Delete');
  const objects = root.children.filter((child) => child.name === 'Object');
  if (objects.length === 0 || objects.length > deleteKeysMax) {
    throw new Refusal('xml-malformed', `Delete must name 1 to ${deleteKeysMax} objects.`);
  }
  const keys = objects.map((object) => {
    const key = requiredText(object, 'Key');
    if (Buffer.byteLength(key) > keyBytesMax) throw new Refusal('key-too-long');
    const versionId = childText(object, 'VersionId');
    if (versionId !== null && versionId !== '' && versionId !== 'null')
      throw new Refusal('not-implemented', 'Object versions are not implemented.');
    if (childText(object, 'LastModifiedTime') !== null || childText(object, 'Size') !== null) {
      throw new Refusal('not-implemented', 'LastModifiedTime and Size as conditions are not implemented.');
    }
    return { key, ifMatch: parseEtags(childText(object, 'ETag')) };
  });
  return { keys, quiet: childText(root, 'Quiet')?.trim().toLowerCase() === 'true' };
}
