import test from 'ava';
import { startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolAgent } from '../support/protocol-agent.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const leaseMs = 3_000;
const sweepPeriodMs = 500;

let redis: TestRedis;
let fixture: DispatchFixture;

test.before(async () => {
  redis = await startTestRedis();
});
test.beforeEach(async () => {
  fixture = await startDispatchFixture({ redisUrl: redis.url, config: { leaseMs, sweepPeriodMs } });
});
test.afterEach.always(() => fixture?.close());
test.after.always(() => redis?.stop());

const isConnected = async (instance: string): Promise<boolean> => (await fixture.instanceField(instance, 'connected')) === '1';

/** Instances that the projection ever showed as lost. */
function watchLosses(): Set<string> {
  const lost = new Set<string>();
  fixture.projections.onChange((_cluster, changes, view) => {
    for (const { kind, id } of changes) if (kind === 'instance' && view.instances.get(id)?.connected === false) lost.add(id);
  });
  return lost;
}

test.serial('an agent that falls silent is judged lost, one that is heard is not; its return restores it', async (t) => {
  const heard = await fixture.enrolled();
  const silent = await fixture.enrolled();
  const { instanceId } = silent;
  const lost = watchLosses();
  const id = await fixture.placeTask(instanceId);
  await silent.acknowledged(silent.report({ taskId: id, lastStatus: 'RUNNING' }));
  silent.stopHeartbeats();
  await eventually(async () => !(await isConnected(instanceId)));
  await eventually(() => lost.size > 0);
  t.deepEqual([...lost], [instanceId]);
  t.is((await fixture.task(id))?.observed.lastStatus, 'RUNNING');
  t.like(await silent.refusal(), { code: 'UNAVAILABLE', retryAfterMs: 0 });

  const { id: storeId } = await fixture.store.identity();
  const back = await fixture.enrolled(instanceId, { storeId, storeEpoch: 1, tasks: [{ taskId: id, lastStatus: 'RUNNING' }] });
  t.true(await isConnected(instanceId));
  t.deepEqual([...back.assignments.keys()], [id]);
  t.false(heard.ended);
});

test.serial('a host that is cut off without a word is judged lost when its lease ends', async (t) => {
  const agent = await fixture.enrolled();
  const startedAt = performance.now();
  agent.close();
  await eventually(async () => !(await isConnected(agent.instanceId)));
  t.true(performance.now() - startedAt >= leaseMs / 2);
});

test.serial("an agent that falls silent is judged lost though its controller's clock is set back", async (t) => {
  let setBackMs = 0;
  const clock = { now: () => Date.now() - setBackMs };
  const itsOwn = await startDispatchFixture({ redisUrl: redis.url, config: { leaseMs, sweepPeriodMs }, clock });
  t.teardown(() => itsOwn.close());
  const agent = await itsOwn.enrolled();
  agent.stopHeartbeats();
  setBackMs = 3_600_000;
  await eventually(async () => (await itsOwn.instanceField(agent.instanceId, 'connected')) === '0');
  t.like(await agent.refusal(), { code: 'UNAVAILABLE' });
});

test.serial('a farewell ends the session and judges nothing', async (t) => {
  const agent = await fixture.enrolled();
  agent.send({ farewell: {} });
  await eventually(() => agent.ended);
  t.is(agent.status?.code, 0);
  t.is(fixture.dispatch.sessions(), 0);
  t.true(await isConnected(agent.instanceId));
  await eventually(async () => !(await isConnected(agent.instanceId)));
});

test.serial('after controllers were away for longer than the lease, agents that come back were never lost', async (t) => {
  const agent = await fixture.enrolled();
  const { instanceId } = agent;
  const lost = watchLosses();
  await fixture.dispatch.close();
  const awaySince = performance.now();
  await eventually(() => performance.now() - awaySince > 2 * leaseMs);
  const next = await fixture.anotherController();
  // Several sweeps pass before the agent is there: within the pause they judge nobody.
  const sweptSince = performance.now();
  await eventually(() => performance.now() - sweptSince > 2 * sweepPeriodMs);
  const back = new ProtocolAgent(next.port, await fixture.identity.credentialsOf(instanceId));
  back.hello({ instanceId });
  await back.first('fullAssignments');
  back.startHeartbeats(100);
  const backSince = performance.now();
  await eventually(() => performance.now() - backSince > 2 * leaseMs);
  t.deepEqual([...lost], []);
  back.close();
});
