/** The placement commit: the one strict check behind every scheduler. */
import {
  aTask,
  bind,
  bothStores,
  cluster,
  createService,
  createTasks,
  hintsOf,
  instanceOf,
  judging,
  longLease,
  openSession,
  report,
  serviceOf,
  stop,
  taskOf,
} from './store-under-test.ts';

bothStores('a bound task takes its CPU, memory and ports of the instance', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { cpu: '300', memory: '200', ports: ',80/tcp,53/udp,' }), aTask('b'));
  t.deepEqual(await bind(store, 'i1', 'a', 'b'), [undefined, undefined]);
  t.like(await taskOf(store, 'a'), { instance: 'i1', placedAt: '5000', lastStatus: 'PROVISIONING' });
  t.like(await instanceOf(store, 'i1'), { cpu: '600', memory: '700', ports: ',22/tcp,80/tcp,53/udp,', version: '2' });
});

bothStores('a commit needs no hints: the feed tells of it', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  await store.clearHint(cluster, 'placement');
  await bind(store, 'i1', 'a');
  t.deepEqual(await hintsOf(store), []);
});

bothStores('a commit refuses, task by task, what no longer fits', async (t, store) => {
  await openSession(store, 'i1', { cpu: 250, memory: 1_000 });
  await createTasks(
    store,
    aTask('a'),
    aTask('b'),
    aTask('c'),
    aTask('small', { cpu: '0', memory: '0' }),
    aTask('big', { cpu: '0', memory: '2000' }),
    aTask('port', { cpu: '0', ports: ',22/tcp,' }),
  );
  t.deepEqual(await bind(store, 'i1', 'a', 'b', 'c', 'small', 'big', 'port'), [
    undefined,
    undefined,
    'RESOURCE:CPU',
    undefined,
    'RESOURCE:MEMORY',
    'RESOURCE:PORTS',
  ]);
  t.like(await instanceOf(store, 'i1'), { cpu: '50' });
  t.is((await taskOf(store, 'c'))?.['instance'], undefined);
});

bothStores('two tasks that want the same port do not share an instance; tcp and udp do', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(
    store,
    aTask('a', { ports: ',80/tcp,' }),
    aTask('b', { ports: ',80/tcp,' }),
    aTask('c', { ports: ',80/udp,' }),
  );
  t.deepEqual(await bind(store, 'i1', 'a', 'b', 'c'), [undefined, 'RESOURCE:PORTS', undefined]);
});

bothStores('two schedulers that place on the same free capacity never over-commit', async (t, store) => {
  await openSession(store, 'i1', { cpu: 1_000 });
  const ids = Array.from({ length: 20 }, (_, i) => `t${i}`);
  await createTasks(store, ...ids.map((id) => aTask(id)));
  const refused = await Promise.all([bind(store, 'i1', ...ids.slice(0, 10)), bind(store, 'i1', ...ids.slice(10))]);
  t.is(refused.flat().filter((refusal) => refusal === undefined).length, 10);
  t.is(refused.flat().filter((refusal) => refusal === 'RESOURCE:CPU').length, 10);
  t.like(await instanceOf(store, 'i1'), { cpu: '0' });
});

bothStores('a commit refuses tasks that are gone, bound or no longer wanted', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('bound'), aTask('stopped'), aTask('twice'));
  await bind(store, 'i1', 'bound');
  await stop(store, 'stopped');
  t.deepEqual(await bind(store, 'i1', 'gone', 'bound', 'stopped', 'twice', 'twice'), [
    'TASK_GONE',
    'TASK_BOUND',
    'TASK_STOPPING',
    undefined,
    'TASK_BOUND',
  ]);
});

bothStores('a commit refuses instances that are gone, draining, deregistered or lost', async (t, store) => {
  await createTasks(store, aTask('a'));
  await openSession(store, 'draining');
  await store.put({ partition: cluster, kind: 'instance', id: 'draining', expect: 'any', set: { status: 'DRAINING' } });
  await openSession(store, 'deregistered');
  await store.abandonTasks({ cluster, instance: 'deregistered', tasks: [], now: 1, instanceStatus: 'INACTIVE' });
  await openSession(store, 'lost', { leaseMs: 0 });
  await judging(store, 0);
  t.deepEqual(await bind(store, 'nowhere', 'a'), ['INSTANCE_GONE']);
  t.deepEqual(await bind(store, 'draining', 'a'), ['INSTANCE_NOT_ACTIVE']);
  t.deepEqual(await bind(store, 'deregistered', 'a'), ['INSTANCE_NOT_ACTIVE']);
  t.deepEqual(await bind(store, 'lost', 'a'), ['AGENT']);
});

bothStores('a task that found no place is withdrawn and leaves its refusal under the request', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'), aTask('b'), aTask('bound'), aTask('stopped'));
  await bind(store, 'i1', 'bound');
  await stop(store, 'stopped');
  const since = await store.feedEnd(cluster);
  const committed = await store.commitPlacement({
    cluster,
    now: 1,
    bind: [],
    withdraw: ['a', 'bound', 'gone', 'stopped', 'b'].map((task) => ({
      task,
      requestId: 'request-1',
      refusal: `{"task":"${task}"}`,
    })),
    serviceRefusals: [],
  });
  t.deepEqual(committed.withdrawn, [true, false, false, false, true]);
  t.deepEqual(await store.refusals(cluster, 'request-1'), ['{"task":"a"}', '{"task":"b"}']);
  t.deepEqual(await store.refusals(cluster, 'request-2'), []);
  t.is(await taskOf(store, 'a'), undefined);
  t.like(await store.readChanges(cluster, since), {
    changes: [
      { id: 'a', fields: undefined },
      { id: 'b', fields: undefined },
    ],
  });
});

bothStores('a task is bound or withdrawn, never both', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a'));
  const withdraw = [{ task: 'a', requestId: 'r', refusal: '{}' }];
  const [refused, { withdrawn }] = await Promise.all([
    bind(store, 'i1', 'a'),
    store.commitPlacement({ cluster, now: 1, bind: [], withdraw, serviceRefusals: [] }),
  ]);
  t.not(refused[0] === undefined, withdrawn[0] === true);
});

bothStores('why a service found no place is written to it once, and it looks again', async (t, store) => {
  await createService(store);
  const refuse = (service: string, refusal: string) =>
    store.commitPlacement({ cluster, now: 1, bind: [], withdraw: [], serviceRefusals: [{ service, refusal }] });
  t.deepEqual((await refuse('web', '{"because":"x"}')).hints, ['service/web']);
  t.is((await serviceOf(store))?.['refusal'], '{"because":"x"}');
  t.deepEqual((await refuse('web', '{"because":"x"}')).hints, []);
  t.deepEqual((await refuse('nobody', '{}')).hints, []);
  t.is(await serviceOf(store, 'nobody'), undefined);
});

bothStores('a task gives back what it took when it has STOPPED, once', async (t, store) => {
  await openSession(store, 'i1');
  await createTasks(store, aTask('a', { ports: ',80/tcp,' }), aTask('b', { ports: ',81/tcp,' }));
  await bind(store, 'i1', 'a', 'b');
  await stop(store, 'a');
  t.like(await instanceOf(store, 'i1'), { cpu: '800' });
  await report(store, 'i1', { a: 'STOPPED' });
  await report(store, 'i1', { a: 'STOPPED' });
  t.like(await instanceOf(store, 'i1'), { cpu: '900', memory: '900', ports: ',22/tcp,81/tcp,' });
});

bothStores('an instance that comes back smaller or larger changes what is free by the difference', async (t, store) => {
  await openSession(store, 'i1', { cpu: 1_000, memory: 500 });
  await createTasks(store, aTask('a', { cpu: '600', memory: '400', ports: ',80/tcp,' }));
  await bind(store, 'i1', 'a');
  await openSession(store, 'i1', { session: 'session-2', cpu: 500, memory: 2_000, ports: ',2375/tcp,80/tcp,' });
  t.like(await instanceOf(store, 'i1'), { cpu: '-100', memory: '1600', ports: ',2375/tcp,80/tcp,', totalCpu: '500' });
  await report(store, 'i1', { a: 'STOPPED' }, 'session-2');
  t.like(
    await instanceOf(store, 'i1'),
    { cpu: '500', memory: '2000', ports: ',2375/tcp,80/tcp,' },
    'a reserved port stays taken',
  );
});

bothStores('a thousand tasks are created, placed and reported in one command each', async (t, store) => {
  await openSession(store, 'i1', { cpu: 1_000_000, memory: 1_000_000, leaseMs: longLease });
  const ids = Array.from({ length: 1_000 }, (_, i) => `t${i}`);
  const text = 'x'.repeat(2_000);
  t.like(await createTasks(store, ...ids.map((id) => aTask(id, { doc: text }))), { ok: true });
  t.deepEqual(new Set(await bind(store, 'i1', ...ids)), new Set([undefined]));
  const reported = await report(store, 'i1', Object.fromEntries(ids.map((id) => [id, 'STOPPED'])));
  t.deepEqual(reported.ok && new Set(reported.outcomes), new Set(['WRITTEN']));
  t.like(await instanceOf(store, 'i1'), { cpu: '1000000' });
});
