/** A controller's core (projections, queue, workers) on a store, with instances whose agents are played by the test. */
import { encodePorts, newId, newUuid, silentLogger, systemClock, type Logger } from '@mini-ecs/shared';
import type { InstanceRegistration } from '../../packages/controller/src/domain/container-instance.ts';
import type { Service, ServiceSpec } from '../../packages/controller/src/domain/service.ts';
import { stoppedObservation } from '../../packages/controller/src/domain/stopped-task.ts';
import type { HealthStatus, Task } from '../../packages/controller/src/domain/task.ts';
import type { ClusterView } from '../../packages/controller/src/projection/projection.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { startPasses, workHandler, type ControllerWorkContext } from '../../packages/controller/src/queue/controller-work.ts';
import { MemoryWorkQueue } from '../../packages/controller/src/queue/memory-work-queue.ts';
import { withHints } from '../../packages/controller/src/queue/with-hints.ts';
import { WorkQueue } from '../../packages/controller/src/queue/work-queue.ts';
import { encodeNewTask, encodeObservation } from '../../packages/controller/src/store/records.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import { redisOptions } from '../../packages/controller/src/store/redis-connection.ts';
import { globalPartition, serviceHint, type Store } from '../../packages/controller/src/store/store.ts';
import { aService, aTask, aTaskDefinition } from './domain-builders.ts';

export const cluster = 'default';

export interface ControllerCore {
  /** Queues the hints of what is written through it, as an API would. */
  store: Store;
  projections: StoreProjections;
  context: ControllerWorkContext;
  close(): Promise<void>;
}

type Queue = MemoryWorkQueue | WorkQueue;

/** `passes`: the periodic ones too. */
export async function startCore(
  plainStore: Store,
  queue: Queue,
  log: Logger = silentLogger,
  passes = true,
): Promise<ControllerCore> {
  const store = withHints(plainStore, queue);
  const projections = await StoreProjections.start({ store, log });
  const context: ControllerWorkContext = {
    store,
    projections,
    sink: queue,
    clock: systemClock,
    log,
    newTaskId: newId,
    newEventId: newUuid,
    newSeed: () => 1,
  };
  queue.work(workHandler(context));
  const running = passes ? startPasses(context) : undefined;
  return {
    store,
    projections,
    context,
    async close() {
      await running?.stop();
      await queue.close();
      await projections.close();
      await plainStore.close();
    },
  };
}

export interface RedisCoreOptions {
  redisUrl: string;
  log?: Logger;
  passes?: boolean;
}

export async function startRedisCore({ redisUrl, log = silentLogger, passes = true }: RedisCoreOptions): Promise<ControllerCore> {
  const store = await RedisStore.connect({ url: redisUrl, log });
  const queue = new WorkQueue({ redis: redisOptions(redisUrl), log, clock: systemClock });
  return startCore(store, queue, log, passes);
}

// ── what an API writes ──

export async function createCluster(store: Store): Promise<void> {
  const spec = { name: cluster, settings: [], capacityProviders: [], defaultCapacityProviderStrategy: [], createdAt: Date.now() };
  await store.put({ partition: globalPartition, kind: 'cluster-name', id: cluster, expect: 'any', set: {} });
  const set = { doc: JSON.stringify(spec), status: 'ACTIVE' };
  await store.put({ partition: cluster, kind: 'cluster', id: cluster, expect: 'absent', set });
  const definition = { doc: JSON.stringify(aTaskDefinition().spec), status: 'ACTIVE' };
  await store.registerTaskDefinition({ family: 'web', fields: definition });
}

export async function createService(store: Store, spec: Partial<ServiceSpec> & { name: string }): Promise<void> {
  const service = aService({ createdAt: Date.now(), ...spec });
  await store.put({
    partition: cluster,
    kind: 'service',
    id: service.name,
    expect: 'absent',
    set: { doc: JSON.stringify(service.spec), status: 'ACTIVE' },
    raise: ['specVersion'],
    hints: [serviceHint(service.name)],
  });
}

export async function scaleService(store: Store, service: Service, desiredCount: number): Promise<void> {
  await store.put({
    partition: cluster,
    kind: 'service',
    id: service.name,
    expect: { specVersion: String(service.specVersion) },
    set: { doc: JSON.stringify({ ...service.spec, desiredCount }) },
    raise: ['specVersion'],
    hints: [serviceHint(service.name)],
  });
}

/** Tasks of RunTask: waiting for a place, as the API leaves them. */
export async function runTasks(
  store: Store,
  count: number,
  spec: Partial<Task['spec']> = {},
): Promise<{ requestId: string; ids: string[] }> {
  const requestId = newUuid();
  const ids = Array.from({ length: count }, newId);
  const request = { id: requestId, placeBy: Date.now() + 5_000 };
  const tasks = ids.map((id) =>
    encodeNewTask({ id, tags: {}, spec: aTask({ deploymentId: null, spec: { createdAt: Date.now(), request, ...spec } }).spec }),
  );
  await store.createTasks({ cluster, tasks });
  return { requestId, ids };
}

// ── what agents write ──

export interface PlayedInstance {
  id: string;
  session: string;
}

export async function openInstance(
  store: Store,
  { cpu = 4096, memory = 8192, zone = 'us-east-1a', id = newId() } = {},
): Promise<PlayedInstance> {
  const registration: InstanceRegistration = {
    hostname: id.slice(0, 8),
    address: '127.0.0.1',
    agentVersion: '0.1.0',
    dockerVersion: '20.10.24',
    resources: { cpu, memory, ports: [] },
    attributes: { 'ecs.availability-zone': zone },
    registeredAt: Date.now(),
  };
  const session = newUuid();
  const opened = await store.openSession({
    cluster,
    instance: id,
    session,
    doc: JSON.stringify(registration),
    resources: { cpu, memory, ports: encodePorts([]) },
    register: true,
    leaseMs: 600_000,
  });
  if (!opened.ok) throw new Error(`the instance could not register: ${opened.reason}`);
  return { id, session };
}

/** RUNNING is told as if it were a minute old: a task that stops early is replaced with delays. */
export async function reportTask(
  store: Store,
  instance: PlayedInstance,
  task: Task,
  lastStatus: 'RUNNING' | 'STOPPED',
  healthStatus: HealthStatus = 'UNKNOWN',
): Promise<void> {
  const now = Date.now();
  const observed =
    lastStatus === 'STOPPED'
      ? stoppedObservation(task, now, {
          stopCode: 'EssentialContainerExited',
          stoppedReason: 'Essential container in task exited',
        })
      : { ...task.observed, lastStatus, healthStatus, startedAt: now - 60_000 };
  await store.reportStatus({
    cluster,
    instance: instance.id,
    session: instance.session,
    now,
    reports: [encodeObservation(task.id, observed)],
  });
}

/** Agents without faults: what is bound runs at once, what shall stop stops at once. Returns what ends them. */
export function playAgents(core: ControllerCore, instances: readonly PlayedInstance[]): () => void {
  const byId = new Map(instances.map((instance) => [instance.id, instance]));
  return core.projections.onChange((_cluster, changes, view) => {
    for (const { kind, id } of changes) {
      const task = kind === 'task' ? view.tasks.get(id) : undefined;
      const instance = byId.get(task?.instance ?? '');
      if (!task || !instance || task.observed.lastStatus === 'STOPPED') continue;
      const next = task.desire.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING';
      // A store that is away is told again by the test, or not at all.
      if (next !== task.observed.lastStatus) reportTask(core.store, instance, task, next).catch(() => undefined);
    }
  });
}

// ── what is there ──

export const aliveTasks = (view: ClusterView, service: string): Task[] =>
  view
    .tasksOfService(service)
    .filter(({ desire, observed }) => desire.desiredStatus === 'RUNNING' && observed.lastStatus !== 'STOPPED');

export const boundTasks = (view: ClusterView, service: string): Task[] =>
  aliveTasks(view, service).filter(({ instance }) => instance !== undefined);
