/** The agent's side of the protocol over real gRPC, on a simulated container engine, with a controller that the test plays. */
import test from 'ava';
import {
  byImage,
  loadAgentConfig,
  MemoryCertificateStore,
  MemoryStateStore,
  SimulatedRuntime,
  startAgent,
  type Agent,
  type SimulatedBehaviour,
} from '@mini-ecs/agent';
import { newId, silentLogger } from '@mini-ecs/shared';
import { aContainer, anAssignedTask } from '../support/assigned-tasks.ts';
import { eventually } from '../support/eventually.ts';
import { TestIdentity } from '../support/test-identity.ts';
import { FakeController, type FakeControllerOptions } from '../support/fake-controller.ts';

interface Setup {
  controllers: FakeController[];
  controller: FakeController;
  runtime: SimulatedRuntime;
  stateStore: MemoryStateStore;
  start: (env?: Record<string, string>) => Promise<Agent>;
  running: () => Promise<number>;
}

interface Options extends FakeControllerOptions {
  controllers?: number;
  images?: Record<string, SimulatedBehaviour>;
}

async function withSetup(
  { controllers: count = 1, images = {}, ...options }: Options,
  body: (setup: Setup) => Promise<void>,
): Promise<void> {
  const identity = await TestIdentity.start();
  const joinToken = await identity.joinToken({ uses: 10 });
  const controllers = await Promise.all(
    Array.from({ length: count }, () => new FakeController({ identity, ...options }).start()),
  );
  const runtime = new SimulatedRuntime({ behaviour: byImage(images) });
  const stateStore = new MemoryStateStore();
  const certificateStore = new MemoryCertificateStore();
  const agents: Agent[] = [];
  const start = async (env: Record<string, string> = {}): Promise<Agent> => {
    const controllerList = controllers.map(({ endpoint }) => endpoint).join(',');
    const config = loadAgentConfig({ MINI_ECS_CONTROLLER: controllerList, MINI_ECS_JOIN_TOKEN: joinToken, ...env });
    const agent = await startAgent(config, { runtime, stateStore, certificateStore, log: silentLogger, random: fromTheFirst });
    agents.push(agent);
    return agent;
  };
  const running = async (): Promise<number> => (await runtime.list()).filter(({ state }) => state === 'running').length;
  try {
    await body({ controllers, controller: controllers[0]!, runtime, stateStore, start, running });
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await Promise.all(controllers.map((controller) => controller.stop()));
    identity.stop();
  }
}

/** Begins with the first controller of the list. */
const fromTheFirst = (): number => 0;

const hasStatus = (controller: FakeController, taskId: string, wanted: string) =>
  eventually(() => controller.statuses.get(taskId)?.lastStatus === wanted, {
    describe: () => `not ${wanted}: ${JSON.stringify(controller.statuses.get(taskId))}`,
  });

async function runningTask(controller: FakeController): Promise<string> {
  const taskId = newId();
  await eventually(() => controller.sessions === 1, { describe: () => `${controller.sessions} sessions` });
  controller.assign(taskId, anAssignedTask(taskId));
  await hasStatus(controller, taskId, 'RUNNING');
  return taskId;
}

test('Hello tells who the instance is and what it has', (t) =>
  withSetup({}, async ({ controller, start }) => {
    const agent = await start({
      MINI_ECS_ATTRIBUTES: 'disk=ssd',
      MINI_ECS_RESERVED_MEMORY: '1000',
      MINI_ECS_HOSTNAME: 'host-1',
      MINI_ECS_AVAILABILITY_ZONE: 'zone-b',
    });
    await eventually(() => controller.hellos.length > 0);
    const hello = controller.hellos[0]!;
    t.like(hello, {
      instanceId: agent.instanceId,
      cluster: 'default',
      storeId: '',
      hostname: 'host-1',
      address: '127.0.0.1',
      protocolVersion: 1,
    });
    t.deepEqual(hello.resources, {
      cpu: 4096,
      memory: 7192,
      reservedPorts: ['22/tcp', '2375/tcp', '2376/tcp', '51678/tcp', '51679/tcp'],
    });
    const attributes = Object.fromEntries(hello.attributes.map(({ name, value }) => [name, value]));
    t.deepEqual(attributes, {
      'ecs.availability-zone': 'zone-b',
      'ecs.instance-type': 'mini-ecs',
      'ecs.os-type': 'linux',
      'ecs.cpu-architecture': 'x86_64',
      'mini-ecs.address': '127.0.0.1',
      'mini-ecs.hostname': 'host-1',
      disk: 'ssd',
    });
  }));

test('an increment that does not follow on what the agent has is answered with Resync, and nothing is lost', (t) =>
  withSetup({}, async ({ controller, start }) => {
    await start();
    await runningTask(controller);
    controller.skipAVersion();
    const taskId = newId();
    controller.assign(taskId, anAssignedTask(taskId));
    await hasStatus(controller, taskId, 'RUNNING');
    t.true(controller.messages.some(({ resync }) => resync?.reason.includes('applies to')));
  }));

test('what the full assignments no longer hold is stopped', (t) =>
  withSetup({}, async ({ controller, start, running }) => {
    await start();
    const [lost, kept] = [await runningTask(controller), await runningTask(controller)];
    controller.loseAssignment(lost);
    controller.dropSessions();
    await hasStatus(controller, lost, 'STOPPED');
    t.is(controller.statuses.get(kept)?.lastStatus, 'RUNNING');
    t.is(await running(), 1);
  }));

test('a status is sent again until it is acknowledged, in the next session too', (t) =>
  withSetup({}, async ({ controller, start }) => {
    await start();
    controller.acknowledges = false;
    const taskId = await runningTask(controller);
    const reports = () =>
      controller.messages.filter(({ statusReport }) => statusReport?.tasks.some((each) => each.taskId === taskId)).length;
    const before = reports();
    await eventually(() => reports() > before, { describe: () => 'not sent again in its session' });
    controller.dropSessions();
    await eventually(() => controller.hellos.length >= 2);
    t.like(controller.hellos[1]?.tasks, [{ taskId, lastStatus: 'RUNNING' }]);
    controller.acknowledges = true;
    const then = reports();
    await eventually(() => reports() > then, { describe: () => 'not sent in the next session' });
  }));

test('a burst of changes is few reports', (t) =>
  withSetup({}, async ({ controller, start }) => {
    await start();
    await eventually(() => controller.sessions === 1);
    const ids = Array.from({ length: 50 }, newId);
    for (const taskId of ids) controller.assign(taskId, anAssignedTask(taskId));
    await Promise.all(ids.map((taskId) => hasStatus(controller, taskId, 'RUNNING')));
    const reports = controller.messages.filter(({ statusReport }) => statusReport).length;
    t.true(reports < 100, `${reports} reports`);
  }));

test('a stopped task that the store does not know is forgotten', (t) =>
  withSetup({ images: { 'short:1': { exitsAfterMs: 20 } } }, async ({ controller, runtime, start }) => {
    await start();
    await eventually(() => controller.sessions === 1);
    // Never started: there is no log to keep it for.
    const taskId = newId();
    controller.unknownTasks.add(taskId);
    controller.assign(taskId, undefined, 'STOPPED');
    await hasStatus(controller, taskId, 'STOPPED');
    await eventually(
      () => {
        if (controller.sessions === 1) controller.dropSessions();
        return controller.hellos.at(-1)?.tasks.length === 0 && controller.hellos.length > 1;
      },
      { describe: () => JSON.stringify(controller.hellos.at(-1)?.tasks) },
    );
    t.deepEqual(await runtime.list(), []);
  }));

test('a task that the store has never heard of runs on until the store says otherwise', (t) =>
  withSetup({}, async ({ controller, start, running }) => {
    await start();
    const [known, newer] = [await runningTask(controller), await runningTask(controller)];
    controller.neverHeardOf.add(newer);
    controller.loseAssignment(known);
    controller.loseAssignment(newer);
    controller.dropSessions();
    await hasStatus(controller, known, 'STOPPED');
    t.is(await running(), 1);
    controller.stopTask(newer);
    await hasStatus(controller, newer, 'STOPPED');
  }));

for (const [what, change] of [
  ['another store', (controller: FakeController) => (controller.storeId = 'store-2')],
  ['an older restore of its store', (controller: FakeController) => (controller.storeEpoch = 4)],
] as const) {
  test(`the word of ${what} stops nothing`, (t) =>
    withSetup({ storeEpoch: 5 }, async ({ controller, start, running }) => {
      await start();
      const taskId = await runningTask(controller);
      change(controller);
      controller.loseAssignment(taskId);
      controller.dropSessions();
      await eventually(() => controller.hellos.length >= 4, { describe: () => `${controller.hellos.length} hellos` });
      t.is(await running(), 1);
      t.like(controller.hellos.at(-1), { storeId: 'store-1', storeEpoch: 5 });
      controller.storeId = 'store-1';
      controller.storeEpoch = 6;
      await hasStatus(controller, taskId, 'STOPPED');
      t.is(await running(), 0);
    }));
}

test('a refused agent leaves what runs as it is, and asks again', (t) =>
  withSetup({}, async ({ controller, start, running }) => {
    await start();
    const taskId = await runningTask(controller);
    controller.refusal = { code: 'UNKNOWN_INSTANCE', message: 'never seen', retryAfterMs: 50 };
    controller.dropSessions();
    await eventually(() => controller.hellos.length >= 3);
    t.is(await running(), 1);
    controller.refusal = undefined;
    await eventually(() => controller.sessions === 1);
    controller.stopTask(taskId);
    await hasStatus(controller, taskId, 'STOPPED');
  }));

test('a controller that answers no heartbeat for half a lease is left for the next one', (t) =>
  withSetup({ controllers: 2, heartbeatMs: 200, leaseMs: 4_000 }, async ({ controllers, start, running }) => {
    const [first, second] = controllers as [FakeController, FakeController];
    await start();
    await runningTask(first);
    t.is(second.hellos.length, 0);
    first.answersHeartbeats = false;
    await eventually(() => second.sessions === 1);
    // The second one, of the same store, assigns nothing.
    await eventually(async () => (await running()) === 0);
  }));

test('when a controller dies the next one is asked at once', (t) =>
  withSetup({ controllers: 2 }, async ({ controllers, start }) => {
    const [first, second] = controllers as [FakeController, FakeController];
    await start();
    await eventually(() => first.sessions === 1);
    await first.stop();
    // Long before a heartbeat could have told it.
    await eventually(() => second.sessions === 1, { withinMs: 20_000 });
    t.pass();
  }));

test('an agent that stops says farewell and stops nothing', (t) =>
  withSetup({}, async ({ controller, start, running }) => {
    const agent = await start();
    await runningTask(controller);
    await agent.stop();
    await eventually(() => controller.messages.some(({ farewell }) => farewell));
    t.is(await running(), 1);
  }));

test('a host whose engine is away ends its session, and comes back with it', (t) =>
  withSetup({}, async ({ controller, runtime, start }) => {
    await start();
    const taskId = await runningTask(controller);
    runtime.goAway({ containersDie: true });
    const before = performance.now();
    await eventually(() => controller.sessions === 0);
    t.true(performance.now() - before >= 2900);
    runtime.comeBack();
    await hasStatus(controller, taskId, 'STOPPED');
    t.like(controller.statuses.get(taskId), { stopCode: 'EssentialContainerExited' });
    t.is(controller.statuses.get(taskId)?.containers[0]?.exitCode, 255);
  }));

test('an agent alone still stops what has lost its essential container', (t) =>
  withSetup({}, async ({ controller, runtime, start, running }) => {
    await start();
    const taskId = newId();
    await eventually(() => controller.sessions === 1);
    controller.assign(
      taskId,
      anAssignedTask(taskId, { containers: [aContainer(), aContainer({ name: 'side', essential: false })] }),
    );
    await hasStatus(controller, taskId, 'RUNNING');
    await controller.stop();
    const app = controller.statuses.get(taskId)?.containers.find(({ name }) => name === 'app');
    runtime.crashContainer(app?.runtimeId ?? '', 1);
    await eventually(async () => (await running()) === 0);
    t.pass();
  }));

test('reset stops the containers and registers a new instance', (t) =>
  withSetup({}, async ({ controller, start, running }) => {
    const first = await start();
    await runningTask(controller);
    await first.stop();
    const second = await start({ MINI_ECS_AGENT_RESET: 'true' });
    t.is(await running(), 0);
    t.not(second.instanceId, first.instanceId);
    await eventually(() => controller.hellos.length >= 2);
    t.like(controller.hellos[1], { instanceId: second.instanceId, storeId: '' });
  }));

test('an agent of one cluster does not join another', (t) =>
  withSetup({}, async ({ start }) => {
    const agent = await start();
    await agent.stop();
    await t.throwsAsync(start({ MINI_ECS_CLUSTER: 'other' }), { message: /belongs to the cluster "default".*--reset/ });
  }));
