/** X.509 certificates, made: the only place that knows the library for it. Keys are ECDSA P-256 everywhere. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { controllerServerName } from '@mini-ecs/shared';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { instanceUri, type InstanceName } from './instance-name.ts';

/** A certificate, and the key that it is of, in PEM. */
export interface KeyAndCertificate {
  key: string;
  certificate: string;
}

/** Who signs, and what all that it signs has in common. */
export interface Signer {
  name: x509.Name;
  key: webcrypto.CryptoKey;
  extensions: readonly x509.Extension[];
}

/** ms since the epoch, in whole seconds as certificates have them */
export interface Validity {
  from: number;
  until: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const serverUse = '1.3.6.1.5.5.7.3.1';
const clientUse = '1.3.6.1.5.5.7.3.2';

/** 16 random bytes, the first of which makes it positive and never short. */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

export async function makeAuthority(validity: Validity): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  // A name of its own: authorities of two clusters are never taken for each other.
  const name = `CN=mini-ecs authority ${randomBytes(4).toString('hex')}`;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name,
    ...dates(validity),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') };
}

/** Throws for what is no key and certificate. */
export async function readSigner({ key, certificate }: KeyAndCertificate): Promise<Signer> {
  const pkcs8 = x509.PemConverter.decodeFirst(key);
  const own = new x509.X509Certificate(certificate);
  return {
    name: own.subjectName,
    key: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(own),
    ],
  };
}

/** For a controller, with the names and addresses that clients reach it at beside the one that agents check. */
export async function issueServerCertificate(
  signer: Signer,
  names: readonly string[],
  validity: Validity,
): Promise<KeyAndCertificate> {
  const keys = await newKeys();
  const certificate = await issue(signer, {
    subject: [{ CN: [controllerServerName] }],
    publicKey: keys.publicKey,
    validity,
    serial: newSerial(),
    use: serverUse,
    names: [controllerServerName, ...names].map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name })),
  });
  return { key: await exportKey(keys.privateKey), certificate };
}

/** For the agent of an instance. `publicKey`: SubjectPublicKeyInfo, DER. In PEM. */
export const issueInstanceCertificate = (
  signer: Signer,
  name: InstanceName,
  publicKey: Uint8Array,
  { serial, validity }: { serial: string; validity: Validity },
): Promise<string> =>
  issue(signer, {
    subject: [{ CN: [name.instance] }],
    publicKey: new x509.PublicKey(new Uint8Array(publicKey)),
    validity,
    serial,
    use: clientUse,
    names: [{ type: 'url', value: instanceUri(name) }],
  });

interface CertificateRequest {
  subject: x509.JsonName;
  publicKey: x509.PublicKey | webcrypto.CryptoKey;
  validity: Validity;
  serial: string;
  use: string;
  names: x509.JsonGeneralNames;
}

async function issue(signer: Signer, request: CertificateRequest): Promise<string> {
  const { subject, publicKey, validity, serial, use, names } = request;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: signer.name,
    ...dates(validity),
    publicKey,
    signingKey: signer.key,
    signingAlgorithm: algorithm,
    extensions: [
      ...signer.extensions,
      new x509.ExtendedKeyUsageExtension([use], true),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  });
  return certificate.toString('pem');
}

const dates = ({ from, until }: Validity): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(from),
  notAfter: new Date(until),
});

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
