import { unpackFacts } from '../model/listed-object.js';
import { xmlDateWriter } from './http-date.js';
import { escapeText, XmlText } from './xml-write.js';

/**
 * The `Contents` elements of a list. Its objects come packed and leave as text, with nothing in between but their fields: a
 * template for each of a thousand objects costs twice as much. Only what is free text can need escaping.
 */
export function listedObjects(packed: readonly string[], name: (key: string) => string, owner: XmlText | null): XmlText {
  const date = xmlDateWriter();
  const ownerText = owner === null ? '' : owner.toString();
  let text = '';
  for (const object of packed) {
    const { end, lastModifiedMs, etag, sizeBytes, checksum } = unpackFacts(object);
    const checksumText =
      checksum === null ? '' : `<ChecksumAlgorithm>${checksum.algorithm}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`;
    text += `<Contents><Key>${escapeText(name(object.slice(end)))}</Key><LastModified>${date(lastModifiedMs)}</LastModified><ETag>"${escapeText(etag)}"</ETag>${checksumText}<Size>${sizeBytes}</Size>${ownerText}<StorageClass>STANDARD</StorageClass></Contents>`;
  }
  return new XmlText(text);
}
