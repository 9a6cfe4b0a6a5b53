import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Flips one bit of the given content, in the first file under `folder` that has it. False: no file has it. */
export function damageOnDisk(folder: string, content: Buffer): boolean {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry);
    if (!statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    const at = bytes.indexOf(content);
    if (at === -1) continue;
    bytes[at + content.length - 1]! ^= 1;
    writeFileSync(path, bytes, { flag: 'r+' });
    return true;
  }
  return false;
}
