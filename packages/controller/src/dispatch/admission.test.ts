import { agentProtocolVersion, type HelloReceived } from '@mini-ecs/shared';
import test from 'ava';
import { anInstance } from '../../../../test/support/domain-builders.ts';
import type { Enrolment } from '../domain/enrolment.ts';
import { helloProblem, registrationOf, storeMismatch } from './admission.ts';
import { endOfEnrolment, endOfSession } from './session-standing.ts';

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

test('a session ends with the enrolment that it was admitted by, not with its certificate', (t) => {
  const admittedBy: Enrolment = {
    cluster: 'default',
    instance: 'a'.repeat(32),
    token: 'token-1',
    keyHash: 'key',
    enrolledAt: 7,
    attributes: {},
    certificates: [{ serial: 'a', issuedAt: 0, expiresAt: 1 }],
    revokedAt: undefined,
    version: 1,
  };
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
