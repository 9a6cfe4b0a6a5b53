import { PackedObjects, unpackChecksum } from '../model/listed-object.js';
import type { XmlPart } from './xml-bytes.js';
import { escaped, percentEncoded, xml, type XmlText } from './xml-write.js';

const start = Buffer.from('<Contents><Key>');
const modified = Buffer.from('</Key><LastModified>');
const etag = Buffer.from('</LastModified><ETag>"');
const etagEnd = Buffer.from('"</ETag>');
const size = Buffer.from('<Size>');
const dateBytes = 24;
const plainBytes = start.length + modified.length + dateBytes + etag.length + etagEnd.length + size.length;

/** The `Contents` elements of a packed list. */
export function listedObjects(packed: Buffer, count: number, form: { encodingType: 'url' | null; owner: XmlText | null }): XmlPart {
  const key = form.encodingType === 'url' ? percentEncoded : escaped;
  const end = Buffer.from(xml`</Size>${form.owner}<StorageClass>STANDARD</StorageClass></Contents>`.toString());
  const checksum = checksumWriter();
  return {
    expectedBytes: packed.length + count * (plainBytes + end.length),
    writeTo: (bytes) => {
      for (const object = new PackedObjects(packed); object.next();) {
        bytes.piece(start);
        bytes.text(packed, object.keyStart, object.keyEnd, key);
        bytes.piece(modified);
        bytes.date(object.lastModifiedMs);
        bytes.piece(etag);
        bytes.text(packed, object.etagStart, object.etagEnd, escaped);
        bytes.piece(etagEnd);
        if (object.checksumEnd > object.checksumStart)
          bytes.piece(checksum(packed.toString('latin1', object.checksumStart, object.checksumEnd)));
        bytes.piece(size);
        bytes.text(packed, object.start, object.sizeEnd, escaped);
        bytes.piece(end);
      }
    },
  };
}

/** Remembers what it wrote: few kinds of checksums stand in a list. */
function checksumWriter(): (code: string) => Uint8Array {
  const pieces = new Map<string, Uint8Array>();
  return (code) => {
    let piece = pieces.get(code);
    if (piece === undefined) {
      const { algorithm, type } = unpackChecksum(code)!;
      piece = Buffer.from(`<ChecksumAlgorithm>${algorithm}</ChecksumAlgorithm><ChecksumType>${type}</ChecksumType>`);
      pieces.set(code, piece);
    }
    return piece;
  };
}
