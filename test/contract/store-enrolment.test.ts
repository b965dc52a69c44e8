/** Join tokens and enrolments: who may have a certificate. */
import { bothStores, cluster, createCluster, longLease, openSession } from './store-under-test.ts';
import type { EnrolInstance, Fields, Store } from '../../packages/controller/src/store/store.ts';

const aToken = (store: Store, fields: Fields = {}, id = 'token-1') =>
  store.put({
    partition: cluster,
    kind: 'join-token',
    id,
    expect: 'absent',
    set: {
      doc: '{}',
      secretHash: 'secret-1',
      expiresAt: String(Date.now() + longLease),
      usesLeft: '1',
      instance: '',
      attributes: '{"rack":"r1"}',
      ...fields,
    },
  });

const enrol = (store: Store, instance: string, wishes: Partial<EnrolInstance> = {}) =>
  store.enrolInstance({
    cluster,
    instance,
    token: 'token-1',
    secretHash: 'secret-1',
    keyHash: `key-of-${instance}`,
    certificates: '[{"serial":"1"}]',
    ...wishes,
  });

const enrolmentOf = async (store: Store, instance: string) => (await store.read(cluster, 'enrolment', [instance]))[0];
const usesLeft = async (store: Store) => (await store.read(cluster, 'join-token', ['token-1']))[0]?.['usesLeft'];
const refused = (reason: string) => ({ ok: false as const, reason });

bothStores('a token enrols as many instances as it has uses, with its attributes', async (t, store) => {
  await aToken(store, { usesLeft: '2' });
  t.true((await enrol(store, 'i1')).ok);
  t.like(await enrolmentOf(store, 'i1'), {
    token: 'token-1',
    keyHash: 'key-of-i1',
    attributes: '{"rack":"r1"}',
    certificates: '[{"serial":"1"}]',
    version: '1',
  });
  t.true((await enrol(store, 'i2')).ok);
  t.is(await usesLeft(store), '0');
  t.deepEqual(await enrol(store, 'i3'), refused('TOKEN_USED_UP'));
  t.is(await enrolmentOf(store, 'i3'), undefined);
});

bothStores('of many that ask at once no more are enrolled than the token has uses', async (t, store) => {
  await aToken(store, { usesLeft: '3' });
  const results = await Promise.all(Array.from({ length: 20 }, (_, number) => enrol(store, `i${number}`)));
  t.is(results.filter(({ ok }) => ok).length, 3);
  t.is(await usesLeft(store), '0');
});

bothStores('a token that is unknown, of another secret, expired or of no cluster enrols nobody', async (t, store) => {
  await aToken(store);
  const end = await store.feedEnd(cluster);
  t.deepEqual(await enrol(store, 'i1', { token: 'token-9' }), refused('UNKNOWN_TOKEN'));
  t.deepEqual(await enrol(store, 'i1', { secretHash: 'guessed' }), refused('UNKNOWN_TOKEN'));
  t.deepEqual(await enrol(store, 'i1', { cluster: 'nowhere' }), refused('CLUSTER_NOT_FOUND'));
  t.is(await store.feedEnd(cluster), end);
  await aToken(store, { expiresAt: String(Date.now() - 1_000) }, 'token-2');
  t.deepEqual(await enrol(store, 'i1', { token: 'token-2' }), refused('TOKEN_EXPIRED'));
});

bothStores('a token that was removed, or is of another cluster, enrols nobody', async (t, store) => {
  await createCluster(store, 'other');
  await aToken(store);
  t.deepEqual(await enrol(store, 'i1', { cluster: 'other' }), refused('UNKNOWN_TOKEN'));
  t.is(await usesLeft(store), '1');
  await store.remove({ partition: cluster, kind: 'join-token', id: 'token-1', expect: 'any' });
  t.deepEqual(await enrol(store, 'i1'), refused('UNKNOWN_TOKEN'));
  t.is(await enrolmentOf(store, 'i1'), undefined);
});

bothStores('asking again with the same key takes no further use', async (t, store) => {
  await aToken(store);
  await enrol(store, 'i1');
  t.true((await enrol(store, 'i1', { certificates: '[{"serial":"2"}]' })).ok);
  t.is(await usesLeft(store), '0');
  t.is((await enrolmentOf(store, 'i1'))?.['certificates'], '[{"serial":"2"}]');
});

bothStores('nobody enrols as an instance that is known, but with a token made for it', async (t, store) => {
  await aToken(store, { usesLeft: '5' });
  await enrol(store, 'i1');
  t.deepEqual(await enrol(store, 'i1', { keyHash: 'of-an-impostor' }), refused('ALREADY_ENROLLED'));
  await openSession(store, 'i2');
  t.deepEqual(await enrol(store, 'i2'), refused('ALREADY_ENROLLED'));
  t.is(await usesLeft(store), '4');
  await aToken(store, { instance: 'i1' }, 'for-i1');
  t.deepEqual(await enrol(store, 'i3', { token: 'for-i1' }), refused('OTHER_INSTANCE'));
  t.true((await enrol(store, 'i1', { token: 'for-i1', keyHash: 'new' })).ok);
  t.is((await enrolmentOf(store, 'i1'))?.['keyHash'], 'new');
});

bothStores('a revoked enrolment comes back only with a token made for it, as another one', async (t, store) => {
  await aToken(store, { usesLeft: '5' });
  await enrol(store, 'i1');
  await store.put({ partition: cluster, kind: 'enrolment', id: 'i1', expect: 'any', set: { revokedAt: '7', enrolledAt: '1' } });
  t.deepEqual(await enrol(store, 'i1'), refused('ALREADY_ENROLLED'));
  await aToken(store, { instance: 'i1' }, 'for-i1');
  t.true((await enrol(store, 'i1', { token: 'for-i1' })).ok);
  const enrolment = await enrolmentOf(store, 'i1');
  t.is(enrolment?.['revokedAt'], undefined);
  t.not(enrolment?.['enrolledAt'], '1');
});

bothStores('deregistering an instance revokes its enrolment, and its removal takes it along', async (t, store) => {
  await aToken(store);
  await enrol(store, 'i1');
  await openSession(store, 'i1');
  const before = await store.feedEnd(cluster);
  await store.abandonTasks({ cluster, instance: 'i1', tasks: [], now: 1, instanceStatus: 'INACTIVE' });
  t.truthy((await enrolmentOf(store, 'i1'))?.['revokedAt']);
  const changes = await store.readChanges(cluster, before);
  t.true(!changes.reset && changes.changes.some(({ kind, id }) => kind === 'enrolment' && id === 'i1'));
  await aToken(store, { instance: 'i1' }, 'for-i1');
  t.deepEqual(await enrol(store, 'i1', { token: 'for-i1' }), refused('DEREGISTERED'));
  await store.remove({ partition: cluster, kind: 'instance', id: 'i1', expect: 'any' });
  t.is(await enrolmentOf(store, 'i1'), undefined);
});

bothStores(
  'deleting a cluster takes its join tokens and its unused enrolments along: they let nobody into its successor',
  async (t, store) => {
    await aToken(store, { usesLeft: '5' });
    await aToken(store, {}, 'token-2');
    await enrol(store, 'connected');
    await openSession(store, 'connected');
    await store.abandonTasks({ cluster, instance: 'connected', tasks: [], now: 1, instanceStatus: 'INACTIVE' });
    await enrol(store, 'never-connected');
    const before = await store.feedEnd(cluster);
    t.true((await store.deleteCluster(cluster)).ok);
    const changes = await store.readChanges(cluster, before);
    t.deepEqual(changes.reset ? [] : changes.changes.map(({ kind, id, fields }) => [kind, id, fields === undefined]), [
      ['cluster', cluster, false],
      ['join-token', 'token-1', true],
      ['join-token', 'token-2', true],
      ['enrolment', 'never-connected', true],
    ]);
    await store.put({ partition: cluster, kind: 'cluster', id: cluster, expect: 'any', set: { status: 'ACTIVE' } });
    t.deepEqual(await enrol(store, 'i1'), refused('UNKNOWN_TOKEN'));
    t.is(await enrolmentOf(store, 'never-connected'), undefined);
    // What was deregistered stays revoked until it is reaped.
    t.truthy((await enrolmentOf(store, 'connected'))?.['revokedAt']);
  },
);

bothStores('a cluster that is not deleted, because it holds something, keeps its tokens', async (t, store) => {
  await aToken(store);
  await openSession(store, 'i2');
  t.deepEqual(await store.deleteCluster(cluster), refused('INSTANCES'));
  t.is(await usesLeft(store), '1');
});
