/**
 * Certificates of container instances, signed like any call (service name ecs):
 *   GET    /-/certificates?cluster=                          the newest of each instance
 *   DELETE /-/certificates/<instance id or serial>?cluster=  revokes all of that instance's: its session ends at once, and no
 *          renewal brings it back; it joins again with a token made for it
 */
import type { FastifyInstance } from 'fastify';
import type { Enrolment } from '../domain/enrolment.ts';
import { decodeEnrolment } from '../store/records.ts';
import { ApiError } from './api-error.ts';
import { openCall } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import type { Call } from './operation.ts';
import { queryParameter } from './query-parameter.ts';
import { activeClusterView, quote } from './references.ts';
import { signedRequestOf } from './signed-request.ts';
import { updateRecord } from './update-record.ts';

export function addCertificateRoutes(server: FastifyInstance, door: FrontDoor): void {
  server.get('/-/certificates', async (request) => {
    const call = await openCall(door, signedRequestOf(request), request.id, 'ecs');
    const { enrolments } = await activeClusterView(call, queryParameter(request.query, 'cluster'));
    const sorted = [...enrolments.values()].sort((a, b) => a.enrolledAt - b.enrolledAt);
    return { certificates: sorted.map((enrolment) => render(enrolment, call.clock.now())) };
  });
  server.delete<{ Params: { named: string } }>('/-/certificates/:named', async (request) => {
    const call = await openCall(door, signedRequestOf(request), request.id, 'ecs');
    return revoke(request.params.named, queryParameter(request.query, 'cluster'), call);
  });
}

async function revoke(named: string, reference: string | undefined, call: Call): Promise<object> {
  const { enrolments, name: cluster } = await activeClusterView(call, reference);
  const bySerial = (): Enrolment | undefined =>
    [...enrolments.values()].find(({ certificates }) => certificates.some(({ serial }) => serial === named.toLowerCase()));
  const notFound = new ApiError(
    'ResourceNotFoundException',
    `No container instance of cluster ${cluster} has the id or a certificate with the serial ${quote(named)}.`,
  );
  const id = (enrolments.get(named) ?? bySerial())?.instance;
  if (id === undefined) throw notFound;
  const fields = await updateRecord(call.store, { partition: cluster, kind: 'enrolment', id }, (current) => {
    if (!current) throw notFound;
    return current['revokedAt'] ? undefined : { revokedAt: String(call.clock.now()) };
  });
  return render(decodeEnrolment(cluster, id, fields ?? {}), call.clock.now());
}

/** Times are ISO 8601. */
function render(enrolment: Enrolment, now: number): object {
  const { cluster, instance, token, enrolledAt, revokedAt, attributes, certificates } = enrolment;
  const [newest] = certificates;
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
  const dated = newest && newest.expiresAt > now ? 'VALID' : 'EXPIRED';
  return {
    cluster,
    instance,
    serial: newest?.serial,
    status: revokedAt === undefined ? dated : 'REVOKED',
    enrolledAt: time(enrolledAt),
    issuedAt: time(newest?.issuedAt),
    expiresAt: time(newest?.expiresAt),
    revokedAt: time(revokedAt),
    token,
    attributes,
  };
}
