/** What the store holds of a session's instance decides whether the session goes on. */
import { renewableAfterEndMs, type Enrolment } from '../domain/enrolment.ts';
import type { ContainerInstance } from '../domain/container-instance.ts';
import { certificateRefusal } from './certificate-holder.ts';
import { refusal, type Refusal } from './refusal.ts';

/**
 * Why the session must end; undefined while it may go on. `instance` must be as of the session's opening or later.
 * A session whose instance was judged lost ends although it lives: only a new one marks the instance connected,
 * together with the statuses that were missed.
 */
export function endOfSession(session: string, instance: ContainerInstance | undefined): Refusal | undefined {
  if (!instance) return refusal('UNKNOWN_INSTANCE', 'The container instance is no longer known.');
  if (instance.status === 'INACTIVE') return refusal('UNKNOWN_INSTANCE', 'The container instance was deregistered.');
  if (instance.session !== session) return refusal('SUPERSEDED', 'A newer session of this container instance took over.');
  if (!instance.connected)
    return refusal('UNAVAILABLE', 'Nothing was heard of this session for longer than its lease; open a new one.', 0);
  return undefined;
}

/**
 * Why the session must end because of its certificate: the enrolment that it was admitted by was revoked, or another took its place.
 * That the certificate itself ends meanwhile, or is renewed, is no reason: see outlivesItsCertificates.
 */
export function endOfEnrolment(admittedBy: Enrolment, now: Enrolment | undefined): Refusal | undefined {
  if (!now) return certificateRefusal('NOT_ENROLLED', admittedBy);
  if (now.revokedAt !== undefined) return certificateRefusal('REVOKED', admittedBy);
  return now.enrolledAt === admittedBy.enrolledAt ? undefined : certificateRefusal('REPLACED', admittedBy);
}

/**
 * Whether the certificate of a session, and all that its enrolment was given since, have ended: nobody who renews in time, as agents
 * do, is behind it. False again when it is too late to renew, because ending the session would then lock its agent out.
 * `certificateEndsAt` and `now`: ms since the epoch.
 */
export function outlivesItsCertificates(certificateEndsAt: number, { certificates }: Enrolment, now: number): boolean {
  const lastEnd = Math.max(certificateEndsAt, ...certificates.map(({ expiresAt }) => expiresAt));
  return now >= lastEnd && now < lastEnd + renewableAfterEndMs;
}
