/** Who is at the other end of a connection, by the certificate that its TLS handshake was made with. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { problemOf, type CertificateProblem } from '../domain/enrolment.ts';
import type { Enrolment, IssuedCertificate } from '../domain/enrolment.ts';
import { certificateProblems } from '../identity/enrolment-refusals.ts';
import { issuedCertificate } from '../identity/issued-certificate.ts';
import { readInstanceName, type InstanceName } from '../identity/instance-name.ts';
import { refusal, type Refusal } from './refusal.ts';

export interface CertificateHolder extends InstanceName, IssuedCertificate {}

type AuthContext = ReturnType<ServerDuplexStream<unknown, unknown>['getAuthContext']>;

/**
 * undefined: no certificate of ours. gRPC tells only of one that TLS found to be signed by the authority, and in date at its
 * handshake: that may have been long ago, or another connection's whose TLS session goes on in this one.
 */
export function holderOf({ sslPeerCertificate: certificate }: AuthContext): CertificateHolder | undefined {
  const name = readInstanceName(certificate?.subjectaltname);
  if (!name || !certificate) return undefined;
  return { ...name, ...issuedCertificate(certificate.serialNumber, certificate.valid_from, certificate.valid_to) };
}

/** For a session without a certificate that TLS found good. */
export const noCertificate =
  'A session needs a certificate of this cluster: none was shown, or it has expired, or another authority signed it.';

/** Why the holder may not speak for an instance; undefined: it may. */
export function holderProblem(holder: CertificateHolder, claimed: InstanceName): Refusal | undefined {
  if (holder.cluster === claimed.cluster && holder.instance === claimed.instance) return undefined;
  return refusal(
    'CERTIFICATE_REFUSED',
    `The certificate is that of container instance ${holder.instance} of cluster ${holder.cluster}, not of ${claimed.instance} of cluster ${claimed.cluster}.`,
  );
}

/**
 * Why the holder is not let in by now (any longer); undefined: it is. One whose certificate has ended renews it and comes back: letting
 * it in takes a write to the store, as a renewal does, so whoever can do the one can do the other.
 */
export function enrolmentProblem(holder: CertificateHolder, enrolment: Enrolment | undefined, now: number): Refusal | undefined {
  const problem = problemOf(enrolment, holder) ?? (holder.expiresAt <= now ? 'EXPIRED' : undefined);
  return problem && certificateRefusal(problem, holder);
}

export const certificateRefusal = (problem: CertificateProblem, name: InstanceName): Refusal =>
  refusal('CERTIFICATE_REFUSED', certificateProblems[problem](name));
