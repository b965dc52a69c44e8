/** That an instance may have certificates: written when it joins, revoked when it may not any longer. */
export interface Enrolment {
  cluster: string;
  instance: string;
  /** Id of the join token. */
  token: string;
  /** SHA-256 of the public key that it joined with. */
  keyHash: string;
  /** ms since the epoch; another one is another enrolment of the same instance. */
  enrolledAt: number;
  /** Fixed by the token: they win over what the agent says. */
  attributes: Record<string, string>;
  /** Newest first; no other serves. */
  certificates: IssuedCertificate[];
  /** ms since the epoch; from then on none of them serves. */
  revokedAt: number | undefined;
  version: number;
}

export interface IssuedCertificate {
  /** Hex digits, as in the certificate. */
  serial: string;
  /** ms since the epoch */
  issuedAt: number;
  expiresAt: number;
}

/** Why a certificate does not serve (any longer). */
export type CertificateProblem = 'NOT_ENROLLED' | 'REVOKED' | 'REPLACED' | 'EXPIRED';

/** How long after its end a certificate can still be renewed: hosts, or all controllers, may have been off meanwhile. */
export const renewableAfterEndMs = 30 * 24 * 60 * 60 * 1000;

/**
 * Whether a certificate of the instance still serves; undefined: it does. Its expiry is another matter, which its own dates tell.
 * REPLACED: the instance joined anew since, or has renewed it too often to still need it.
 */
export function problemOf(enrolment: Enrolment | undefined, serial: string): CertificateProblem | undefined {
  if (!enrolment) return 'NOT_ENROLLED';
  if (enrolment.revokedAt !== undefined) return 'REVOKED';
  return enrolment.certificates.some((issued) => issued.serial === serial) ? undefined : 'REPLACED';
}

/** The newest few stay, and what has not expired up to a limit. */
const keptAlways = 2;
const keptAtMost = 5;

/**
 * The certificates of an enrolment with a new one. `asking`: the one that it was asked for with. It stays whatever its age and
 * however many were recorded since, because answers get lost: an agent asks with it until one arrives.
 */
export function withCertificate(
  certificates: readonly IssuedCertificate[],
  issued: IssuedCertificate,
  now: number,
  asking?: IssuedCertificate,
): IssuedCertificate[] {
  const others = certificates.filter(({ serial }) => serial !== asking?.serial);
  return [issued, ...(asking ? [asking] : []), ...others]
    .filter(({ expiresAt }, position) => position < keptAlways || expiresAt > now)
    .slice(0, keptAtMost);
}
