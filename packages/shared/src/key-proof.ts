/**
 * How an agent shows that it has the private key of the public key that it wants a certificate for. A certificate request
 * (PKCS #10) says the same; what else it can hold is the controller's to say here, so nothing has to read it.
 * Keys are ECDSA P-256, signatures over SHA-256.
 */
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { sha256 } from './join-token.ts';

/** What is signed for an enrolment: bound to the instance, so that it serves for no other. */
export const enrolmentStatement = (cluster: string, instanceId: string, publicKey: Uint8Array): Buffer =>
  Buffer.from(`mini-ecs enrol\n${cluster}\n${instanceId}\n${sha256(publicKey)}`);

/** What is signed for a renewal, by the new key and by that of the certificate (DER) that it takes the place of. */
export const renewalStatement = (certificate: Uint8Array, publicKey: Uint8Array): Buffer =>
  Buffer.from(`mini-ecs renew\n${sha256(certificate)}\n${sha256(publicKey)}`);

export const signStatement = (statement: Uint8Array, privateKey: KeyObject): Buffer => sign('sha256', statement, privateKey);

/** False for bytes that are no signature, too. */
export function isSignedBy(publicKey: KeyObject, statement: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', statement, publicKey, signature);
  } catch {
    return false;
  }
}

/**
 * A public key as agents send it (SubjectPublicKeyInfo, DER); undefined for anything but a P-256 one, written as OpenSSL writes it
 * and with nothing behind: the bytes become a part of a certificate.
 */
export function readPublicKey(der: Uint8Array): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    const isCanonical = key.export({ format: 'der', type: 'spki' }).equals(der);
    return isCanonical && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
