/** What is recorded of a certificate, read from the certificate itself. */
import type { IssuedCertificate } from '../domain/enrolment.ts';
import { serialOf } from './instance-name.ts';

/** A host whose clock is behind by less takes a certificate that was made just now. */
export const backdatedMs = 24 * 60 * 60 * 1000;

/** `from`, `to`: its dates as Node writes them. A part of a second is lost of when it was issued: it is never told too late. */
export const issuedCertificate = (serialNumber: string, from: string, to: string): IssuedCertificate => ({
  serial: serialOf({ serialNumber }),
  issuedAt: Date.parse(from) + backdatedMs,
  expiresAt: Date.parse(to),
});
