/**
 * Writes ASN.1 in DER (X.690), as much of it as certificates need. It only writes: what others wrote is read by OpenSSL.
 */
import { isIP } from 'node:net';

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length, content. */
export function encode(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(length)]), ...content]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

export const sequence = (...members: readonly Uint8Array[]): Buffer => encode(tag.sequence, ...members);

export const set = (...members: readonly Uint8Array[]): Buffer => encode(tag.set, ...members);

/** Context-specific and constructed: `[number] EXPLICIT`. */
export const explicit = (number: number, content: Uint8Array): Buffer => encode(0xa0 | number, content);

/** Context-specific and primitive: `[number] IMPLICIT`. */
export const implicit = (number: number, content: Uint8Array): Buffer => encode(0x80 | number, content);

export const boolean = (value: boolean): Buffer => encode(tag.boolean, Buffer.from([value ? 0xff : 0]));

/** Of a positive number in big-endian bytes, the first of which is not 0. */
export function integer(bytes: Uint8Array): Buffer {
  const isNegative = (bytes[0] ?? 0) >= 0x80;
  return encode(tag.integer, Buffer.from(isNegative ? [0] : []), bytes);
}

export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer => encode(tag.bitString, Buffer.from([unusedBits]), bytes);

export const octetString = (bytes: Uint8Array): Buffer => encode(tag.octetString, bytes);

export const utf8String = (text: string): Buffer => encode(tag.utf8String, Buffer.from(text));

/** `1.2.840.10045.4.3.2` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(tag.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return octets;
}

/** In whole seconds; as RFC 5280 wants it, UTCTime until 2049 and GeneralizedTime from then on. `ms` since the epoch. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d{3}/g, '');
  return Number(text.slice(0, 4)) < 2050
    ? encode(tag.utcTime, Buffer.from(text.slice(2)))
    : encode(tag.generalizedTime, Buffer.from(text));
}

/** 4 or 16 bytes of an address for which net.isIP holds. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [before = [], after] = (address.split('%')[0] ?? '').split('::').map(groupBytes);
  const zeros = Array.from({ length: 16 - before.length - (after?.length ?? 0) }, () => 0);
  return Buffer.from([...before, ...zeros, ...(after ?? [])]);
}

/** Of `fe80:1`, or with an IPv4 address at its end. */
function groupBytes(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
