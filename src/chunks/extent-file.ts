import { constants } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../base/crc32c.js';
import { blockSizeBytes } from '../model/limits.js';
import { closeFd, openFd, readFully, statFd } from './positioned-io.js';
import { decodeHeader, encodeHeader, readInteger, writeInteger, type DecodedRecord, type RecordHeader } from './record.js';

/*
 * The file of a chunk that is too large for a segment: a head of 4 KiB that says whose bytes these are, the bytes, one
 * CRC32C per 64 KiB block, and a tail of 32 bytes:
 *
 *    0 u32 magic, 4 u32 CRC32C of the block CRCs and of 8…32 of the tail
 *    8 u32 blocks, 16 u64 length of the chunk, 24 u32 CRC32C of the chunk
 *
 * Its name is `<id>.<attempt>`: writers that race for one id never meet in one file, and the record in the log says
 * which of them won.
 */

export const extentHeadBytes = 4096;
const tailBytes = 32;
const tailMagic = 0x54_58_45_41;
/** Extents are spread over so many folders, all made at format time. */
export const extentFolderCount = 256;

export function extentFolderName(number: number): string {
  return number.toString(16).padStart(2, '0');
}

/** The folder of an id: its last two digits, which are random in every version of UUID that is used. */
export function extentFolder(extentsPath: string, id: string): string {
  return join(extentsPath, id.slice(-2));
}

export function extentPath(extentsPath: string, id: string, attempt: number): string {
  return join(extentFolder(extentsPath, id), extentFileName(id, attempt));
}

function extentFileName(id: string, attempt: number): string {
  return `${id}.${attempt.toString(16).padStart(8, '0')}`;
}

/** The parts of a file name that `extentFileName` gave, or null. */
export function parseExtentFileName(name: string): { id: string; attempt: number } | null {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9a-f]{8})$/.exec(name);
  return match ? { id: match[1]!, attempt: Number.parseInt(match[2]!, 16) } : null;
}

export function encodeExtentHead(record: RecordHeader, seed: number): Buffer {
  const head = Buffer.alloc(extentHeadBytes);
  encodeHeader(head, 0, record, seed);
  return head;
}

export function encodeExtentFooter(blockCrcs: Uint32Array, facts: { lengthBytes: number; crc32c: number }): Buffer {
  const footer = Buffer.alloc(footerBytes(blockCrcs.length));
  blockCrcs.forEach((crc, index) => footer.writeUInt32LE(crc, index * 4));
  const tail = footer.subarray(blockCrcs.length * 4);
  tail.writeUInt32LE(tailMagic, 0);
  tail.writeUInt32LE(blockCrcs.length, 8);
  writeInteger(tail, facts.lengthBytes, 16);
  tail.writeUInt32LE(facts.crc32c, 24);
  tail.writeUInt32LE(footerCrc(footer, tail), 4);
  return footer;
}

function blockCountOf(lengthBytes: number): number {
  return Math.ceil(lengthBytes / blockSizeBytes);
}

function extentFileBytes(lengthBytes: number): number {
  return extentHeadBytes + lengthBytes + footerBytes(blockCountOf(lengthBytes));
}

export interface ExtentFooter {
  lengthBytes: number;
  crc32c: number;
  blockCrcs: Uint32Array;
}

/** The footer of a chunk of this length, or null when it is not whole or speaks of another length. */
export async function readExtentFooter(fd: number, lengthBytes: number): Promise<ExtentFooter | null> {
  const blockCount = blockCountOf(lengthBytes);
  const footer = Buffer.allocUnsafe(footerBytes(blockCount));
  if ((await readFully(fd, footer, extentHeadBytes + lengthBytes)) < footer.length) return null;
  const tail = footer.subarray(blockCount * 4);
  if (tail.readUInt32LE(0) !== tailMagic || tail.readUInt32LE(4) !== footerCrc(footer, tail)) return null;
  if (tail.readUInt32LE(8) !== blockCount || readInteger(tail, 16) !== lengthBytes) return null;
  return { lengthBytes, crc32c: tail.readUInt32LE(24), blockCrcs: blockCrcsOf(footer, blockCount) };
}

/** What an extent file says of itself, when head and footer are whole: how recovery adopts one without a record. */
export async function readExtentSelf(path: string, seed: number): Promise<{ head: DecodedRecord; footer: ExtentFooter } | null> {
  const fd = await openFd(path, constants.O_RDONLY);
  try {
    const headBytes = Buffer.alloc(extentHeadBytes);
    await readFully(fd, headBytes, 0);
    const head = decodeHeader(headBytes, 0, seed);
    const lengthBytes = await lengthFromTail(fd);
    if (head === null || head.type !== 'extent' || lengthBytes === null) return null;
    const footer = await readExtentFooter(fd, lengthBytes);
    return footer === null ? null : { head, footer };
  } finally {
    await closeFd(fd);
  }
}

/** The tail is found from the end of the file, whose size tells nothing by itself. */
async function lengthFromTail(fd: number): Promise<number | null> {
  const { size: sizeBytes } = await statFd(fd);
  const tail = Buffer.alloc(tailBytes);
  if (sizeBytes < extentHeadBytes + tailBytes || (await readFully(fd, tail, sizeBytes - tailBytes)) < tailBytes) return null;
  const lengthBytes = readInteger(tail, 16);
  return tail.readUInt32LE(0) === tailMagic && extentFileBytes(lengthBytes) === sizeBytes ? lengthBytes : null;
}

function footerBytes(blockCount: number): number {
  return blockCount * 4 + tailBytes;
}

function footerCrc(footer: Buffer, tail: Buffer): number {
  return crc32c(tail.subarray(8), crc32c(footer.subarray(0, footer.length - tailBytes)));
}

function blockCrcsOf(footer: Buffer, blockCount: number): Uint32Array {
  return Uint32Array.from({ length: blockCount }, (_, index) => footer.readUInt32LE(index * 4));
}
