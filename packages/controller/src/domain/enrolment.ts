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
 * Whether a certificate of the instance, signed by the authority, still serves; undefined: it does. Its expiry is another matter,
 * which its own dates tell. REPLACED: the instance joined anew since, or has renewed it too often to still need it.
 */
export function problemOf(enrolment: Enrolment | undefined, certificate: IssuedCertificate): CertificateProblem | undefined {
  if (!enrolment) return 'NOT_ENROLLED';
  if (enrolment.revokedAt !== undefined) return 'REVOKED';
  const isRecorded = enrolment.certificates.some(({ serial }) => serial === certificate.serial);
  return isRecorded || isForgotten(certificate, enrolment.certificates) ? undefined : 'REPLACED';
}

/** By how much the clocks of two controllers may differ. */
const clockMarginMs = 5 * 60 * 1000;

/**
 * Whether the store was restored from a backup that is older than a certificate: each is recorded before it is issued, so one newer than
 * all that are recorded was forgotten, and nothing has replaced it. Newer by more than controllers' clocks may differ: else one
 * of before a new join could pass for it. A renewal comes after more than half of a certificate's life, however short that is.
 */
function isForgotten({ issuedAt, expiresAt }: IssuedCertificate, recorded: readonly IssuedCertificate[]): boolean {
  const margin = Math.min(clockMarginMs, (expiresAt - issuedAt) / 2);
  return recorded.length > 0 && recorded.every((other) => issuedAt > other.issuedAt + margin);
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
