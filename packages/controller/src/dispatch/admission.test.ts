import { agentProtocolVersion, type HelloReceived } from '@mini-ecs/shared';
import test from 'ava';
import { anInstance } from '../../../../test/support/domain-builders.ts';
import { renewableAfterEndMs, type Enrolment } from '../domain/enrolment.ts';
import { enrolmentProblem } from './certificate-holder.ts';
import { helloProblem, registrationOf, storeMismatch } from './admission.ts';
import { endOfEnrolment, endOfSession, outlivesItsCertificates } from './session-standing.ts';

const store = { id: 'store-1', epoch: 3, schemaVersion: 1 };

const aHello = (members: Partial<HelloReceived> = {}): HelloReceived => ({
  protocolVersion: agentProtocolVersion,
  cluster: 'default',
  instanceId: 'a'.repeat(32),
  storeId: '',
  storeEpoch: 0,
  hostname: 'host-1',
  address: '10.0.0.1',
  agentVersion: '0.1.0',
  dockerVersion: '20.10',
  resources: { cpu: 2048, memory: 4096, reservedPorts: ['22/tcp'] },
  attributes: [],
  tasks: [],
  ...members,
});

test('a good Hello has no problem; one without version, id, cluster or resources tells which', (t) => {
  t.is(helloProblem(aHello()), undefined);
  t.regex(helloProblem(aHello({ protocolVersion: 99 })) ?? '', /version 99/);
  t.regex(helloProblem(aHello({ instanceId: 'me' })) ?? '', /instance_id/);
  t.regex(helloProblem(aHello({ cluster: '' })) ?? '', /cluster/);
  t.regex(helloProblem(aHello({ resources: null })) ?? '', /resources/);
});

test('an agent without a store fits any, one with a store only that, at its epoch or a later one', (t) => {
  t.is(storeMismatch({ storeId: '', storeEpoch: 0 }, store), undefined);
  t.is(storeMismatch({ storeId: 'store-1', storeEpoch: 3 }, store), undefined);
  t.is(storeMismatch({ storeId: 'store-1', storeEpoch: 2 }, store), undefined);
  t.is(storeMismatch({ storeId: 'store-1', storeEpoch: 4 }, store)?.code, 'OLDER_EPOCH');
  t.is(storeMismatch({ storeId: 'store-2', storeEpoch: 3 }, store)?.code, 'OTHER_STORE');
});

test('a registration keeps the time of the first one, and an attribute without a value has none', (t) => {
  const hello = aHello({ attributes: [{ name: 'ecs.os-type', value: 'linux' }, { name: 'gpu' }] });
  t.deepEqual(registrationOf(hello, 5), {
    hostname: 'host-1',
    address: '10.0.0.1',
    agentVersion: '0.1.0',
    dockerVersion: '20.10',
    resources: { cpu: 2048, memory: 4096, ports: ['22/tcp'] },
    attributes: { 'ecs.os-type': 'linux', gpu: null },
    registeredAt: 5,
  });
});

test('a session goes on while it is the recorded one of a connected instance', (t) => {
  t.is(endOfSession('session-1', anInstance()), undefined);
  t.is(endOfSession('session-1', anInstance({ status: 'DRAINING' })), undefined);
  t.is(endOfSession('session-1', undefined)?.code, 'UNKNOWN_INSTANCE');
  t.is(endOfSession('session-1', anInstance({ status: 'INACTIVE' }))?.code, 'UNKNOWN_INSTANCE');
  t.is(endOfSession('session-1', anInstance({ session: 'session-2' }))?.code, 'SUPERSEDED');
  t.is(endOfSession('session-1', anInstance({ connected: false }))?.code, 'UNAVAILABLE');
});

test('attributes that the enrolment fixes win over those that the agent says', (t) => {
  const attributes = [
    { name: 'rack', value: 'mine' },
    { name: 'disk', value: 'ssd' },
  ];
  t.deepEqual(registrationOf(aHello({ attributes }), 1, { rack: 'r1' }).attributes, { rack: 'r1', disk: 'ssd' });
});

const admittedBy: Enrolment = {
  cluster: 'default',
  instance: 'a'.repeat(32),
  token: 'token-1',
  keyHash: 'key',
  enrolledAt: 7,
  attributes: {},
  certificates: [{ serial: 'a', issuedAt: 0, expiresAt: 100 }],
  revokedAt: undefined,
  version: 1,
};

test('a certificate that has ended opens no session, whenever its handshake was', (t) => {
  const holder = { cluster: 'default', instance: 'a'.repeat(32), serial: 'a', issuedAt: 0, expiresAt: 100 };
  t.is(enrolmentProblem(holder, admittedBy, 99), undefined);
  const problem = enrolmentProblem(holder, admittedBy, 100);
  t.is(problem?.code, 'CERTIFICATE_REFUSED');
  t.regex(problem?.message ?? '', /has expired/);
  t.regex(enrolmentProblem(holder, { ...admittedBy, revokedAt: 8 }, 100)?.message ?? '', /was revoked/);
});

test('a session outlives its certificates when its own and all that are recorded since have ended', (t) => {
  const renewed = { ...admittedBy, certificates: [{ serial: 'b', issuedAt: 60, expiresAt: 160 }, ...admittedBy.certificates] };
  t.false(outlivesItsCertificates(100, admittedBy, 99));
  t.true(outlivesItsCertificates(100, admittedBy, 100));
  t.false(outlivesItsCertificates(100, renewed, 100));
  t.true(outlivesItsCertificates(100, renewed, 160));
  t.false(outlivesItsCertificates(200, renewed, 160));
});

test('a session that could not renew its certificate any more is left alone', (t) => {
  t.true(outlivesItsCertificates(100, admittedBy, 100 + renewableAfterEndMs - 1));
  t.false(outlivesItsCertificates(100, admittedBy, 100 + renewableAfterEndMs));
});

test('a session ends with the enrolment that it was admitted by, whatever became of that one certificate', (t) => {
  t.is(endOfEnrolment(admittedBy, { ...admittedBy, certificates: [], version: 9 }), undefined);
  for (const [now, words] of [
    [undefined, /has not joined/],
    [{ ...admittedBy, revokedAt: 8 }, /was revoked/],
    [{ ...admittedBy, enrolledAt: 8 }, /newer certificates/],
  ] as const) {
    const end = endOfEnrolment(admittedBy, now);
    t.is(end?.code, 'CERTIFICATE_REFUSED');
    t.regex(end?.message ?? '', words);
  }
});
