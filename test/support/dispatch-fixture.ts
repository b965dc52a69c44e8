/** A controller's dispatch on a real Redis, with real projections, and what tests do to its cluster `default`. */
import { newId, newUuid, silentLogger, systemClock, type Clock } from '@mini-ecs/shared';
import { startDispatch, type Dispatch, type DispatchConfig } from '../../packages/controller/src/dispatch/dispatch.ts';
import type { Task, TaskSpec } from '../../packages/controller/src/domain/task.ts';
import type { Projections } from '../../packages/controller/src/projection/projection.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { decodeTask, encodeNewTask } from '../../packages/controller/src/store/records.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import { globalPartition, type Store } from '../../packages/controller/src/store/store.ts';
import { aTask, aTaskDefinition } from './domain-builders.ts';
import { ProtocolAgent } from './protocol-agent.ts';
import { TestIdentity } from './test-identity.ts';

export const cluster = 'default';

export interface DispatchFixture {
  store: Store;
  projections: StoreProjections;
  dispatch: Dispatch;
  /** Opened in the cluster `default`, answered with a Welcome and its assignments; with heartbeats. */
  enrolled(
    instanceId?: string,
    hello?: Parameters<ProtocolAgent['hello']>[0] | object,
  ): Promise<ProtocolAgent & { instanceId: string }>;
  /** With a certificate of the given instance; says nothing yet. */
  agent(instanceId?: string, ofCluster?: string): Promise<ProtocolAgent>;
  identity: TestIdentity;
  /** Another controller on the same store. */
  anotherController(config?: Partial<DispatchConfig>): Promise<Dispatch>;
  /** Creates a task and binds it. */
  placeTask(instance: string, spec?: Partial<TaskSpec>): Promise<string>;
  placeTasks(instance: string, count: number, spec?: Partial<TaskSpec>): Promise<string[]>;
  stopTask(id: string): Promise<void>;
  task(id: string): Promise<Task | undefined>;
  instanceField(instance: string, field: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface DispatchFixtureOptions {
  redisUrl: string;
  config?: Partial<DispatchConfig>;
  clock?: Clock;
  /** Stands between dispatch and the store, to make it fail. */
  faults?: (store: Store) => Store;
  /** Dispatch is told of no change: it must find them by itself. */
  losesEvents?: boolean;
}

export async function startDispatchFixture(options: DispatchFixtureOptions): Promise<DispatchFixture> {
  const log = silentLogger;
  const store = await RedisStore.connect({ url: options.redisUrl, keyPrefix: `test-${newId()}`, log });
  await createCluster(store);
  const taskDefinition = await registerDefinition(store);
  const projections = await StoreProjections.start({ store, log });
  const identity = await TestIdentity.start({ store, ...(options.clock ? { clock: options.clock } : {}) });
  const agents: ProtocolAgent[] = [];
  const controllers: Dispatch[] = [];
  const controller = async (config: Partial<DispatchConfig> = {}): Promise<Dispatch> => {
    const started = await startDispatch({
      store: options.faults?.(store) ?? store,
      projections: options.losesEvents ? withoutEvents(projections) : projections,
      clock: options.clock ?? systemClock,
      log,
      newUuid,
      server: identity.server,
      enroller: identity.enroller,
      config: {
        hosts: ['127.0.0.1'],
        port: 0,
        leaseMs: 5_000,
        heartbeatMs: 200,
        region: 'us-east-1',
        accountId: '000000000000',
        ...options.config,
        ...config,
      },
    });
    controllers.push(started);
    return started;
  };
  const dispatch = await controller();
  const agent = async (instanceId = newId(), ofCluster = cluster): Promise<ProtocolAgent> => {
    const made = new ProtocolAgent(dispatch.port, await identity.credentialsOf(instanceId, ofCluster));
    agents.push(made);
    return made;
  };
  const placeTasks = async (instance: string, count: number, spec: Partial<TaskSpec> = {}): Promise<string[]> => {
    const ids = Array.from({ length: count }, newId);
    const tasks = ids.map((id) => encodeNewTask({ id, tags: {}, spec: aTask({ spec: { taskDefinition, ...spec } }).spec }));
    await store.createTasks({ cluster, tasks });
    const bind = ids.map((task) => ({ task, instance }));
    const { refused } = await store.commitPlacement({ cluster, now: Date.now(), bind, withdraw: [], serviceRefusals: [] });
    const reason = refused.find((why) => why !== undefined);
    if (reason) throw new Error(`a task could not be placed: ${reason}`);
    return ids;
  };
  return {
    store,
    projections,
    dispatch,
    agent,
    identity,
    anotherController: controller,
    placeTasks,
    placeTask: async (instance, spec) => (await placeTasks(instance, 1, spec))[0] ?? '',
    async enrolled(instanceId = newId(), hello = {}) {
      const made = await agent(instanceId);
      made.hello({ instanceId, ...hello });
      await made.first('fullAssignments');
      made.startHeartbeats(100);
      return Object.assign(made, { instanceId });
    },
    async stopTask(id) {
      const desired = JSON.stringify({ desiredStatus: 'STOPPED', stopCode: 'UserInitiated', stoppingAt: Date.now() });
      await store.stopTasks({ cluster, now: Date.now(), tasks: [{ id, desired, observedIfUnplaced: '{}' }] });
    },
    async task(id) {
      const [fields] = await store.read(cluster, 'task', [id]);
      return fields && decodeTask(cluster, id, fields);
    },
    async instanceField(instance, field) {
      const [fields] = await store.read(cluster, 'instance', [instance]);
      return fields?.[field];
    },
    async close() {
      for (const made of agents) made.close();
      await Promise.all(controllers.map((started) => started.close()));
      await projections.close();
      identity.stop();
      await store.close();
    },
  };
}

const withoutEvents = (projections: Projections): Projections => ({
  current: (name) => projections.current(name),
  currentGlobal: () => projections.currentGlobal(),
  peek: (name) => projections.peek(name),
  peekGlobal: () => projections.peekGlobal(),
  waitUntil: (name, timeoutMs, done) => projections.waitUntil(name, timeoutMs, done),
  onChange: () => () => undefined,
});

async function createCluster(store: Store): Promise<void> {
  const spec = { name: cluster, settings: [], capacityProviders: [], defaultCapacityProviderStrategy: [], createdAt: Date.now() };
  const set = { doc: JSON.stringify(spec), status: 'ACTIVE' };
  await store.put({ partition: globalPartition, kind: 'cluster-name', id: cluster, expect: 'any', set: {} });
  await store.put({ partition: cluster, kind: 'cluster', id: cluster, expect: 'absent', set });
}

/** `web:1` */
async function registerDefinition(store: Store): Promise<string> {
  const { spec } = aTaskDefinition();
  const { revision } = await store.registerTaskDefinition({
    family: 'web',
    fields: { doc: JSON.stringify(spec), status: 'ACTIVE' },
  });
  return `web:${revision}`;
}
