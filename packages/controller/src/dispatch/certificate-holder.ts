/** Who is at the other end of a connection, by the certificate that its TLS handshake was made with. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { problemOf } from '../domain/enrolment.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import { certificateProblems } from '../identity/enrolment-refusals.ts';
import { readInstanceName, serialOf, type InstanceName } from '../identity/instance-name.ts';
import { refusal, type Refusal } from './refusal.ts';

export interface CertificateHolder extends InstanceName {
  serial: string;
}

type AuthContext = ReturnType<ServerDuplexStream<unknown, unknown>['getAuthContext']>;

/** undefined: no certificate of ours. gRPC tells only of one that TLS found to be in date and signed by the authority. */
export function holderOf({ sslPeerCertificate: certificate }: AuthContext): CertificateHolder | undefined {
  const name = readInstanceName(certificate?.subjectaltname);
  return name && certificate && { ...name, serial: serialOf(certificate) };
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

/** Why the store no longer lets the holder in; undefined: it does. */
export function enrolmentProblem(holder: CertificateHolder, enrolment: Enrolment | undefined): Refusal | undefined {
  const problem = problemOf(enrolment, holder.serial);
  return problem && refusal('CERTIFICATE_REFUSED', certificateProblems[problem](holder));
}
