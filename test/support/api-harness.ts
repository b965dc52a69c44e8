/**
 * The operations of the API as a caller sees them, behind the front door: a real Redis, the real projections, and the real
 * workers on its hints (one after the other, without BullMQ). Hosts are played by the test: `anInstance` opens a session,
 * `report` is its agent's word.
 */
import { encodePorts, newDeploymentId, newId, newUuid, silentLogger, systemClock, type TaskStatus } from '@mini-ecs/shared';
import type { ApiError } from '../../packages/controller/src/api/api-error.ts';
import type { Call } from '../../packages/controller/src/api/operation.ts';
import { ecsOperations } from '../../packages/controller/src/api/operations/index.ts';
import type { Attributes, InstanceRegistration } from '../../packages/controller/src/domain/container-instance.ts';
import type { Task, TaskObservation } from '../../packages/controller/src/domain/task.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { lookAtPlacement } from '../../packages/controller/src/queue/placement-worker.ts';
import { lookAtService } from '../../packages/controller/src/queue/service-worker.ts';
import { withHints } from '../../packages/controller/src/queue/with-hints.ts';
import type { Work, WorkSink } from '../../packages/controller/src/queue/work.ts';
import { decodeTask, encodeObservation } from '../../packages/controller/src/store/records.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';
import { startTestRedis } from './redis.ts';

export interface InstanceOptions {
  id?: string;
  cluster?: string;
  cpu?: number;
  memory?: number;
  attributes?: Attributes;
}

export class ApiHarness {
  readonly call: Call;
  readonly store: Store;
  readonly projections: StoreProjections;
  /** False: hints are left lying, as if no controller worked on them. */
  works = true;
  readonly #close: () => Promise<void>;
  #work: Promise<void> = Promise.resolve();

  private constructor(store: Store, projections: StoreProjections, close: () => Promise<void>) {
    this.store = withHints(store, { add: (work) => this.#add(work) });
    this.projections = projections;
    this.#close = close;
    this.call = {
      store: this.store,
      projections,
      clock: systemClock,
      log: silentLogger,
      newId,
      newUuid,
      newDeploymentId,
      scope: { region: 'us-east-1', accountId: '000000000000' },
      requestId: newUuid(),
      principalArn: 'arn:aws:iam::000000000000:root',
      accessKeyId: 'test',
    };
  }

  /** With the cluster `default` and the task definition `web:1`. */
  static async start(): Promise<ApiHarness> {
    const redis = await startTestRedis({ appendfsync: 'no' });
    const opened: (() => Promise<void>)[] = [() => redis.stop()];
    const close = async (): Promise<void> => {
      for (const end of opened.toReversed()) await end();
    };
    try {
      const store = await RedisStore.connect({ url: redis.url, log: silentLogger });
      opened.push(() => store.close());
      const projections = await StoreProjections.start({ store, log: silentLogger });
      opened.push(() => projections.close());
      const harness = new ApiHarness(store, projections, close);
      await harness.run('CreateCluster', {});
      await harness.registerTaskDefinition('web');
      return harness;
    } catch (error) {
      await close();
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#work;
    } finally {
      await this.#close();
    }
  }

  /** Runs an operation as the front door does once the input has the right shape. */
  async run<Output = Record<string, unknown>>(name: string, input: object): Promise<Output> {
    const operation = ecsOperations.find((one) => one.name === name);
    if (!operation) throw new Error(`${name} is no operation`);
    return (await operation.run(input, this.call)) as Output;
  }

  /** The error that an operation ends in, as `<code>: <message>`. */
  async refusal(name: string, input: object): Promise<string> {
    try {
      await this.run(name, input);
    } catch (error) {
      if ((error as ApiError).name !== 'ApiError') throw error;
      return `${(error as ApiError).code}: ${(error as ApiError).message}`;
    }
    return `${name} succeeded`;
  }

  /** Registers the next revision of a family with one container of 64 MiB, named like it. */
  async registerTaskDefinition(family: string, more: object = {}, container: object = {}): Promise<void> {
    const request = {
      family,
      containerDefinitions: [{ name: family, image: 'busybox', memory: 64, cpu: 10, ...container }],
      ...more,
    };
    const spec = { request, registeredAt: Date.now(), registeredBy: this.call.principalArn };
    await this.store.registerTaskDefinition({
      family,
      fields: { doc: JSON.stringify(spec), status: 'ACTIVE', tags: '{"from":"definition"}' },
    });
  }

  /** Registers a container instance and connects its agent; the id. */
  async anInstance({
    id = newId(),
    cluster = 'default',
    cpu = 2048,
    memory = 2048,
    attributes = {},
  }: InstanceOptions = {}): Promise<string> {
    const doc: InstanceRegistration = {
      hostname: `host-${id.slice(0, 6)}`,
      address: '127.0.0.1',
      agentVersion: '0.1.0',
      dockerVersion: '20.10.24',
      resources: { cpu, memory, ports: ['22/tcp'] },
      attributes: { 'ecs.availability-zone': 'zone-a', ...attributes },
      registeredAt: Date.now(),
    };
    const resources = { cpu, memory, ports: encodePorts(doc.resources.ports) };
    const opened = await this.store.openSession({
      cluster,
      instance: id,
      session: `session-${id}`,
      doc: JSON.stringify(doc),
      resources,
      register: true,
      leaseMs: 60_000,
    });
    if (!opened.ok) throw new Error(opened.reason);
    return id;
  }

  async task(id: string, cluster = 'default'): Promise<Task> {
    const [fields] = await this.store.read(cluster, 'task', [id]);
    if (!fields) throw new Error(`no task ${id}`);
    return decodeTask(cluster, id, fields);
  }

  /** The agent's report on one of its tasks. */
  async report(taskId: string, lastStatus: TaskStatus, more: Partial<TaskObservation> = {}, cluster = 'default'): Promise<void> {
    const task = await this.task(taskId, cluster);
    const observed: TaskObservation = { ...task.observed, ...more, lastStatus };
    const instance = task.instance ?? '';
    const reported = await this.store.reportStatus({
      cluster: task.cluster,
      instance,
      session: `session-${instance}`,
      now: Date.now(),
      reports: [encodeObservation(taskId, observed)],
    });
    if (!reported.ok || reported.outcomes[0] !== 'WRITTEN') throw new Error(`not written: ${JSON.stringify(reported)}`);
  }

  /** Resolves when the workers have nothing left to do. */
  async settle(): Promise<void> {
    for (let seen; seen !== this.#work;) await (seen = this.#work);
  }

  #add(work: readonly Work[]): void {
    if (!this.works) return;
    for (const one of work) this.#work = this.#work.then(() => this.#look(one));
  }

  async #look(work: Work): Promise<void> {
    const sink: WorkSink = { add: (more) => this.#add(more), lookAgainAt: () => {} };
    const { store, projections } = this;
    const context = { store, projections, sink, clock: systemClock, log: silentLogger };
    if (work.kind === 'placement') await lookAtPlacement({ ...context, newSeed: () => 1 }, work.cluster);
    else await lookAtService({ ...context, newTaskId: newId, newEventId: newUuid }, work.cluster, work.service);
  }
}
