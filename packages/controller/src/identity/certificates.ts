/**
 * X.509 certificates (RFC 5280) of the three kinds that there are here, made. Keys are ECDSA P-256 everywhere, signatures over
 * SHA-256. Nothing is read: what a certificate says is asked of OpenSSL (node:crypto).
 */
import { controllerServerName } from '@mini-ecs/shared';
import { createHash, createPrivateKey, generateKeyPair, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import {
  addressBytes,
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';
import { instanceUri, type InstanceName } from './instance-name.ts';

/** A certificate, and the key that it is of, in PEM. */
export interface KeyAndCertificate {
  key: string;
  certificate: string;
}

/** Who signs. */
export interface Signer {
  commonName: string;
  key: KeyObject;
  keyId: Buffer;
}

/** ms since the epoch; certificates have whole seconds. */
export interface Validity {
  from: number;
  until: number;
}

/** 16 random bytes in hex, the first of which makes it positive and never short. */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

// ── the three kinds ──

export async function makeAuthority(validity: Validity): Promise<KeyAndCertificate> {
  const { publicKey, privateKey } = await newKeys();
  // A name of its own: authorities of two clusters are never taken for each other.
  const commonName = `mini-ecs authority ${randomBytes(4).toString('hex')}`;
  const publicKeyInfo = spki(publicKey);
  const signer: Signer = { commonName, key: privateKey, keyId: keyIdOf(publicKeyInfo) };
  const extensions = [
    extension(oid.basicConstraints, sequence(boolean(true), integer(Buffer.from([0]))), true),
    extension(oid.keyUsage, keyUsage.signCertificates, true),
    extension(oid.subjectKeyId, octetString(signer.keyId)),
  ];
  const certificate = issue(signer, { commonName, publicKeyInfo, serial: newSerial(), validity, extensions });
  return { key: pem(privateKey), certificate };
}

/** Throws for what is no key and certificate. */
export function readSigner({ key, certificate }: KeyAndCertificate): Signer {
  const { subject, publicKey } = new X509Certificate(certificate);
  const commonName = /^CN=(.+)$/.exec(subject)?.[1];
  if (!commonName) throw new Error(`The authority's certificate has no name of ours: ${subject}`);
  return { commonName, key: createPrivateKey(key), keyId: keyIdOf(spki(publicKey)) };
}

/** For a controller, with the names and addresses that clients reach it at beside the one that agents check. */
export async function issueServerCertificate(
  signer: Signer,
  names: readonly string[],
  validity: Validity,
): Promise<KeyAndCertificate> {
  const { publicKey, privateKey } = await newKeys();
  const certificate = issue(signer, {
    commonName: controllerServerName,
    publicKeyInfo: spki(publicKey),
    serial: newSerial(),
    validity,
    extensions: endEntity(signer, oid.serverUse, [controllerServerName, ...names].map(hostName)),
  });
  return { key: pem(privateKey), certificate };
}

/** For the agent of an instance. `publicKeyInfo`: SubjectPublicKeyInfo, DER, of a key that was read. In PEM. */
export const issueInstanceCertificate = (
  signer: Signer,
  name: InstanceName,
  publicKeyInfo: Uint8Array,
  { serial, validity }: { serial: string; validity: Validity },
): string =>
  issue(signer, {
    commonName: name.instance,
    publicKeyInfo,
    serial,
    validity,
    extensions: endEntity(signer, oid.clientUse, [implicit(6, Buffer.from(instanceUri(name)))]),
  });

// ── how they are written ──

const oid = {
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverUse: '1.3.6.1.5.5.7.3.1',
  clientUse: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

/** Bits count from the left: digitalSignature is 0, keyCertSign 5, cRLSign 6. */
const keyUsage = { sign: bitString(Buffer.from([0x80]), 7), signCertificates: bitString(Buffer.from([0x06]), 1) };

interface CertificateFields {
  commonName: string;
  publicKeyInfo: Uint8Array;
  serial: string;
  validity: Validity;
  extensions: readonly Buffer[];
}

/** TBSCertificate and its signature, in PEM. */
function issue(signer: Signer, fields: CertificateFields): string {
  const { commonName, publicKeyInfo, serial, validity, extensions } = fields;
  const algorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.from(serial, 'hex')),
    algorithm,
    nameOf(signer.commonName),
    sequence(time(validity.from), time(validity.until)),
    nameOf(commonName),
    publicKeyInfo,
    explicit(3, sequence(...extensions)),
  );
  const certificate = sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, signer.key)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(commonName))));

const extension = (id: string, value: Buffer, isCritical = false): Buffer =>
  sequence(objectIdentifier(id), ...(isCritical ? [boolean(true)] : []), octetString(value));

const endEntity = (signer: Signer, use: string, names: readonly Buffer[]): Buffer[] => [
  extension(oid.basicConstraints, sequence(), true),
  extension(oid.keyUsage, keyUsage.sign, true),
  extension(oid.extendedKeyUsage, sequence(objectIdentifier(use)), true),
  extension(oid.subjectAltName, sequence(...names)),
  extension(oid.authorityKeyId, sequence(implicit(0, signer.keyId))),
];

/** A GeneralName: an address, or a name in DNS. */
const hostName = (name: string): Buffer => (isIP(name) ? implicit(7, addressBytes(name)) : implicit(2, Buffer.from(name)));

/** RFC 7093, method 1, over the whole SubjectPublicKeyInfo. */
const keyIdOf = (publicKeyInfo: Uint8Array): Buffer => createHash('sha256').update(publicKeyInfo).digest().subarray(0, 20);

// ── keys ──

const newKeys = (): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> =>
  promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });

const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

const pem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
