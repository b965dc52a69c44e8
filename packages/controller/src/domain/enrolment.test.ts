import test from 'ava';
import { problemOf, withCertificate, type Enrolment, type IssuedCertificate } from './enrolment.ts';

const issued = (serial: string, expiresAt: number): IssuedCertificate => ({ serial, issuedAt: 0, expiresAt });

const anEnrolment = (members: Partial<Enrolment> = {}): Enrolment => ({
  cluster: 'default',
  instance: 'i1',
  token: 'token-1',
  keyHash: 'key',
  enrolledAt: 1,
  attributes: {},
  certificates: [issued('b', 200), issued('a', 100)],
  revokedAt: undefined,
  version: 1,
  ...members,
});

test('a certificate serves while it is among those of an enrolment that is not revoked', (t) => {
  t.is(problemOf(anEnrolment(), issued('a', 100)), undefined);
  t.is(problemOf(anEnrolment(), issued('b', 200)), undefined);
  t.is(problemOf(anEnrolment(), issued('c', 200)), 'REPLACED');
  t.is(problemOf(anEnrolment({ revokedAt: 5 }), issued('a', 100)), 'REVOKED');
  t.is(problemOf(undefined, issued('a', 100)), 'NOT_ENROLLED');
});

test('a certificate newer than all that are recorded serves: the store is older than it', (t) => {
  const hourMs = 3_600_000;
  const issuedAt = (time: number): IssuedCertificate => ({ serial: String(time), issuedAt: time, expiresAt: time + 24 * hourMs });
  const restored = anEnrolment({ certificates: [issuedAt(2 * hourMs), issuedAt(hourMs)] });
  t.is(problemOf(restored, issuedAt(16 * hourMs)), undefined);
  t.is(problemOf(restored, issuedAt(1.5 * hourMs)), 'REPLACED');
  t.is(problemOf({ ...restored, revokedAt: 1 }, issuedAt(16 * hourMs)), 'REVOKED');
  // Controllers' clocks differ: what is newer by little may be of a controller whose clock is ahead.
  t.is(problemOf(restored, issuedAt(2 * hourMs + 60_000)), 'REPLACED');
  // Where certificates are short-lived, so are the steps between them.
  const brief = (time: number): IssuedCertificate => ({ serial: String(time), issuedAt: time, expiresAt: time + 10_000 });
  t.is(problemOf(anEnrolment({ certificates: [brief(0)] }), brief(5_500)), undefined);
  t.is(problemOf(anEnrolment({ certificates: [brief(0)] }), brief(4_500)), 'REPLACED');
});

test('a renewal keeps the certificate before it, and others until they expire', (t) => {
  const serials = (certificates: IssuedCertificate[]): string[] => certificates.map(({ serial }) => serial);
  const { certificates } = anEnrolment();
  t.deepEqual(serials(withCertificate(certificates, issued('c', 300), 50)), ['c', 'b', 'a']);
  t.deepEqual(serials(withCertificate(certificates, issued('c', 300), 150)), ['c', 'b']);
  t.deepEqual(serials(withCertificate(certificates, issued('c', 900), 800)), ['c', 'b']);
});

test('of many certificates at once the newest stay', (t) => {
  const many = Array.from({ length: 50 }, (_, number) => number).reduce<IssuedCertificate[]>(
    (certificates, number) => withCertificate(certificates, issued(String(number), 1_000), 1),
    [],
  );
  t.is(many[0]?.serial, '49');
  t.true(many.length <= 5);
});

test('the certificate that asks for a renewal stays, however many were recorded before it was answered', (t) => {
  const asking = issued('asking', 100);
  for (const now of [50, 150]) {
    const asked = Array.from({ length: 10 }, (_, number) => number).reduce<IssuedCertificate[]>(
      (certificates, number) => withCertificate(certificates, issued(String(number), now + 50), now, asking),
      [asking],
    );
    t.deepEqual(
      asked.slice(0, 2).map(({ serial }) => serial),
      ['9', 'asking'],
    );
    t.true(asked.length <= 5);
  }
});
