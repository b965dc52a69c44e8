import { newId, type AssignedTask } from '@mini-ecs/shared';
import test from 'ava';
import type { Store } from '../../packages/controller/src/store/store.ts';
import { cluster, startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolAgent } from '../support/protocol-agent.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let fixture: DispatchFixture;
/** Command → what to do in its place. */
const faults: Partial<Record<keyof Store, () => Promise<never>>> = {};

const withFaults = (store: Store): Store =>
  new Proxy(store, {
    get(target, name: keyof Store) {
      const real = target[name].bind(target) as (...input: unknown[]) => unknown;
      return (...input: unknown[]) => faults[name]?.() ?? real(...input);
    },
  });

test.before(async () => {
  redis = await startTestRedis();
  fixture = await startDispatchFixture({ redisUrl: redis.url, faults: withFaults });
});
test.after.always(async () => {
  await fixture?.close();
  await redis?.stop();
});

const running = (taskId: string) => ({
  taskId,
  lastStatus: 'RUNNING',
  startedAgeMs: 0,
  containers: [{ name: 'web', lastStatus: 'RUNNING' }],
});

test.serial('a new agent is registered, welcomed and told that nothing is assigned to it', async (t) => {
  const agent = await fixture.enrolled();
  const { id, epoch } = await fixture.store.identity();
  t.like(await agent.first('welcome'), {
    storeId: id,
    storeEpoch: epoch,
    heartbeatMs: 200,
    leaseMs: 5_000,
    accountId: '000000000000',
  });
  t.like(await agent.first('fullAssignments'), { version: 1, assignments: [] });
  t.is(await fixture.instanceField(agent.instanceId, 'connected'), '1');
  t.is(await fixture.instanceField(agent.instanceId, 'ports'), ',22/tcp,');
  await agent.first('heartbeatAck');
  agent.close();
});

test.serial('a placed task reaches its agent as an increment, its stop as another, its end as a removal', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  const assignment = await eventually(() => agent.assignments.get(id));
  t.is(assignment.desiredStatus, 'RUNNING');
  const spec = JSON.parse(assignment.spec.toString()) as AssignedTask;
  t.like(spec, { taskArn: `arn:aws:ecs:us-east-1:000000000000:task/default/${id}`, family: 'web', networkMode: 'bridge' });

  await fixture.stopTask(id);
  await eventually(() => agent.assignments.get(id)?.desiredStatus === 'STOPPED');
  t.is(agent.all('assignmentIncrement').at(-1)?.changed[0]?.spec.length, 0);

  await agent.acknowledged(
    agent.report({ taskId: id, lastStatus: 'STOPPED', containers: [{ name: 'web', lastStatus: 'STOPPED', exitCode: 0 }] }),
  );
  await eventually(() => !agent.assignments.has(id));
  t.is((await fixture.task(id))?.observed.lastStatus, 'STOPPED');
  agent.close();
});

test.serial('what an agent reports is stored before it is acknowledged', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  const before = Date.now();
  await agent.acknowledged(agent.report({ ...running(id), startedAgeMs: 5_000 }));
  const observed = (await fixture.task(id))?.observed;
  t.is(observed?.lastStatus, 'RUNNING');
  const startedAt = observed?.startedAt ?? 0;
  t.true(Math.abs(startedAt - (before - 5_000)) < 60_000);
  await agent.acknowledged(agent.report({ ...running(id), startedAgeMs: 9_000 }));
  t.is((await fixture.task(id))?.observed.startedAt, startedAt);
  agent.close();
});

test.serial('a task of another instance is answered as unknown, and so is one that nobody knows', async (t) => {
  const owner = await fixture.enrolled();
  const stranger = await fixture.enrolled();
  const id = await fixture.placeTask(owner.instanceId);
  const nobodys = newId();
  const ack = await stranger.acknowledged(stranger.report(running(id), running(nobodys)));
  t.deepEqual(new Set(ack.unknownTasks), new Set([id, nobodys]));
  t.is((await fixture.task(id))?.observed.lastStatus, 'PROVISIONING');
  owner.close();
  stranger.close();
});

test.serial('a status that ECS does not have is acknowledged and not stored, and holds no other up', async (t) => {
  const agent = await fixture.enrolled();
  const [odd = '', good = ''] = await fixture.placeTasks(agent.instanceId, 2);
  const ack = await agent.acknowledged(agent.report({ taskId: odd, lastStatus: 'DANCING' }, running(good)));
  t.deepEqual(ack.unknownTasks, []);
  t.is((await fixture.task(odd))?.observed.lastStatus, 'PROVISIONING');
  t.is((await fixture.task(good))?.observed.lastStatus, 'RUNNING');
  agent.close();
});

test.serial('a report that the store did not take is not acknowledged; sent again, it is', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  let failures = 0;
  faults.reportStatus = async () => {
    failures += 1;
    throw new Error('the store is away');
  };
  const lost = agent.report(running(id));
  await eventually(() => failures > 0);
  delete faults.reportStatus;
  await agent.acknowledged(agent.report(running(id)));
  t.is(
    agent.all('statusAck').find(({ sequence }) => sequence === lost),
    undefined,
  );
  t.is((await fixture.task(id))?.observed.lastStatus, 'RUNNING');
  t.false(agent.ended);
  agent.close();
});

test.serial('a report sent again after its acknowledgement was lost changes nothing', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  await agent.acknowledged(agent.report(running(id)));
  const stored = await fixture.task(id);
  await agent.acknowledged(agent.report({ ...running(id), startedAgeMs: 700 }));
  t.deepEqual(await fixture.task(id), stored);
  agent.close();
});

test.serial('statuses of the Hello are stored before the first assignments', async (t) => {
  const first = await fixture.enrolled();
  const { instanceId } = first;
  const [ended = '', lives = ''] = await fixture.placeTasks(instanceId, 2);
  await eventually(() => first.assignments.size === 2);
  first.close();
  const { id: storeId } = await fixture.store.identity();
  const unknown = newId();
  const tasks = [{ taskId: ended, lastStatus: 'STOPPED' }, running(lives), running(unknown)];
  const second = await fixture.enrolled(instanceId, { storeId, storeEpoch: 1, tasks });
  t.deepEqual([...second.assignments.keys()], [lives]);
  t.is((await fixture.task(ended))?.observed.lastStatus, 'STOPPED');
  t.deepEqual((await second.first('statusAck')).unknownTasks, [unknown]);
  second.close();
});

test.serial(
  'a running task that the store has never heard of is told as unknown in every full set, a stopped one is not',
  async (t) => {
    const { id: storeId } = await fixture.store.identity();
    const first = await fixture.enrolled();
    const { instanceId } = first;
    first.close();
    const newer = newId();
    const tasks = [running(newer), { taskId: newId(), lastStatus: 'STOPPED' }];
    const agent = await fixture.enrolled(instanceId, { storeId, storeEpoch: 1, tasks });
    t.deepEqual((await agent.first('fullAssignments')).unknown, [newer]);
    agent.send({ resync: { reason: 'a test' } });
    await eventually(() => agent.all('fullAssignments').length === 2);
    t.deepEqual(agent.all('fullAssignments')[1]?.unknown, [newer]);
    agent.close();
  },
);

test.serial('of an instance that was away for more than a day the store may have forgotten tasks: none is unknown', async (t) => {
  const { id: storeId } = await fixture.store.identity();
  const first = await fixture.enrolled();
  const { instanceId } = first;
  first.close();
  const set = { connected: '0', disconnectedAt: String(Date.now() - 25 * 3_600_000) };
  await fixture.store.put({ partition: 'default', kind: 'instance', id: instanceId, expect: 'any', set });
  const agent = await fixture.enrolled(instanceId, { storeId, storeEpoch: 1, tasks: [running(newId())] });
  t.deepEqual((await agent.first('fullAssignments')).unknown, []);
  agent.close();
});

test.serial('a session superseded at another controller is ended and writes nothing', async (t) => {
  const other = await fixture.anotherController({ sweepPeriodMs: 60_000 });
  const first = await fixture.enrolled();
  const { instanceId } = first;
  const id = await fixture.placeTask(instanceId);
  await eventually(() => first.assignments.has(id));
  const second = new ProtocolAgent(other.port, await fixture.identity.credentialsOf(instanceId));
  second.hello({ instanceId, storeId: (await fixture.store.identity()).id, storeEpoch: 1 });
  await second.first('fullAssignments');
  const late = first.report(running(id));
  t.is((await first.refusal()).code, 'SUPERSEDED');
  t.is(
    first.all('statusAck').find(({ sequence }) => sequence === late),
    undefined,
  );
  t.is((await fixture.task(id))?.observed.lastStatus, 'PROVISIONING');
  await second.acknowledged(second.report(running(id)));
  second.close();
  await other.close();
});

test.serial('a second session of the same instance here ends the first', async (t) => {
  const first = await fixture.enrolled();
  const second = await fixture.enrolled(first.instanceId);
  t.is((await first.refusal()).code, 'SUPERSEDED');
  t.false(second.ended);
  second.close();
});

test.serial('an agent that lost track gets everything again, and increments go on from there', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(id));
  agent.version = 77;
  const next = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(next));
  t.is(agent.all('fullAssignments').length, 2);
  const last = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(last));
  t.is(agent.all('fullAssignments').length, 2);
  agent.close();
});

test.serial('an agent that does not read gets what is left to say as few increments', async (t) => {
  const agent = await fixture.enrolled();
  agent.stopReading();
  const big = 'x'.repeat(60_000);
  const overrides = { containerOverrides: [{ name: 'web', environment: [{ name: 'BIG', value: big }] }] };
  for (let i = 0; i < 60; i += 1) await fixture.placeTask(agent.instanceId, { overrides });
  agent.readAgain();
  await eventually(() => agent.assignments.size === 60);
  t.true(agent.all('assignmentIncrement').length < 60);
  t.is(agent.all('fullAssignments').length, 1);
  agent.close();
});

test.serial('a Hello is refused with the code of what is wrong with it', async (t) => {
  const { id: storeId, epoch } = await fixture.store.identity();
  const refusalOf = async (hello: Parameters<ProtocolAgent['hello']>[0]) => {
    const holder = hello.instanceId === 'odd' ? newId() : hello.instanceId;
    const agent = await fixture.agent(holder, hello.cluster || cluster);
    agent.hello(hello);
    const { code } = await agent.refusal();
    agent.close();
    return code;
  };
  const instanceId = newId();
  t.is(await refusalOf({ instanceId, cluster: 'nowhere' }), 'CLUSTER_NOT_FOUND');
  t.is(await refusalOf({ instanceId, storeId: 'another', storeEpoch: epoch }), 'OTHER_STORE');
  t.is(await refusalOf({ instanceId, storeId, storeEpoch: epoch + 1 }), 'OLDER_EPOCH');
  t.is(await refusalOf({ instanceId, storeId, storeEpoch: epoch }), 'UNKNOWN_INSTANCE');
  t.is(await refusalOf({ instanceId: 'odd' }), 'BAD_HELLO');
  t.is(await refusalOf({ instanceId, protocolVersion: 99 }), 'BAD_HELLO');
  t.is(await fixture.instanceField(instanceId, 'session'), undefined);
});

test.serial('while the store is away a Hello is answered UNAVAILABLE', async (t) => {
  faults.openSession = async () => {
    throw new Error('the store is away');
  };
  const instanceId = newId();
  const agent = await fixture.agent(instanceId);
  agent.hello({ instanceId });
  t.is((await agent.refusal()).code, 'UNAVAILABLE');
  delete faults.openSession;
  agent.close();
});

test.serial('a stream whose first message is no Hello, or never comes, is refused', async (t) => {
  const hasty = await fixture.agent();
  hasty.send({ heartbeat: { sequence: 1 } });
  t.is((await hasty.refusal()).code, 'BAD_HELLO');
  hasty.close();
  const impatient = await startDispatchFixture({ redisUrl: redis.url, config: { helloTimeoutMs: 300 } });
  t.teardown(() => impatient.close());
  t.is((await (await impatient.agent()).refusal()).code, 'BAD_HELLO');
});

test.serial('an agent whose instance is deregistered is told so, and not that its tasks are removed', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(id));
  const observed = JSON.stringify({ lastStatus: 'STOPPED', healthStatus: 'UNKNOWN', containers: [] });
  const { ok } = await fixture.store.abandonTasks({
    cluster,
    instance: agent.instanceId,
    tasks: [{ id, observed }],
    now: Date.now(),
    instanceStatus: 'INACTIVE',
  });
  t.true(ok);
  t.is((await agent.refusal()).code, 'UNKNOWN_INSTANCE');
  t.true(agent.assignments.has(id));
  agent.close();
});

test.serial('10 MB of garbage, a message that is too large, and a cut connection disturb nobody', async (t) => {
  const bystander = await fixture.enrolled();
  const garbage = await fixture.agent();
  garbage.sendRaw(Buffer.alloc(10 * 1024 * 1024, 0xff));
  await eventually(() => garbage.ended);
  t.not(garbage.status?.code, 0);
  const enrolledGarbage = await fixture.enrolled();
  enrolledGarbage.sendRaw(Buffer.alloc(70 * 1024 * 1024, 0xff));
  await eventually(() => enrolledGarbage.ended);
  const cut = await fixture.enrolled();
  const before = fixture.dispatch.sessions();
  cut.close();
  await eventually(() => fixture.dispatch.sessions() === before - 1);
  const id = await fixture.placeTask(bystander.instanceId);
  await eventually(() => bystander.assignments.has(id));
  t.false(bystander.ended);
  bystander.close();
});

test.serial('a controller that shuts down sends its agents elsewhere at once and leaves their leases', async (t) => {
  const other = await fixture.anotherController();
  const instanceId = newId();
  const agent = new ProtocolAgent(other.port, await fixture.identity.credentialsOf(instanceId));
  agent.hello({ instanceId });
  await agent.first('fullAssignments');
  await other.close();
  t.like(await agent.refusal(), { code: 'UNAVAILABLE', retryAfterMs: 0 });
  t.is(await fixture.instanceField(instanceId, 'connected'), '1');
  agent.close();
});

test.serial('a restart of Redis ends no session: reports wait for it, and assignments go on', async (t) => {
  const agent = await fixture.enrolled();
  const id = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(id));
  await redis.kill();
  agent.report(running(id));
  await redis.start();
  await eventually(() => {
    const sequence = agent.report(running(id));
    return eventually(() => agent.all('statusAck').some((ack) => ack.sequence === sequence), { withinMs: 300 }).catch(
      () => false,
    );
  });
  t.is((await fixture.task(id))?.observed.lastStatus, 'RUNNING');
  const next = await fixture.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(next));
  t.false(agent.ended);
  t.is(agent.all('fullAssignments').length, 1);
  agent.close();
});

test.serial('the slow pass tells what a lost event missed', async (t) => {
  const deaf = await startDispatchFixture({ redisUrl: redis.url, losesEvents: true, config: { reconsiderPeriodMs: 100 } });
  const agent = await deaf.enrolled();
  const id = await deaf.placeTask(agent.instanceId);
  await eventually(() => agent.assignments.has(id));
  await deaf.stopTask(id);
  await eventually(() => agent.assignments.get(id)?.desiredStatus === 'STOPPED');
  await deaf.close();
  t.pass();
});
