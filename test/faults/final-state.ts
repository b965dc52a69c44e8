/** The cluster as three witnesses tell it: the API, Redis itself, and Docker on every host. */
import type { LabHost } from '@mini-ecs/lab';
import { silentLogger } from '@mini-ecs/shared';
import type Docker from 'dockerode';
import { decodeInstance, decodeService, decodeTask, decodeTaskDefinition } from '../../packages/controller/src/store/records.ts';
import { RedisStore } from '../../packages/controller/src/store/redis-store.ts';
import { globalPartition, type StoredRecord } from '../../packages/controller/src/store/store.ts';
import { listAll } from '../support/clean-cluster.ts';
import type { LightEcsClient } from '../support/light-ecs-client.ts';
import { dockerOf } from '../support/task-containers.ts';
import { stateOf, type DescribedService } from './clients.ts';
import type { ServiceState } from './history.ts';

export interface FinalState {
  services: FinalService[];
  /** All that the API describes: those asked for, and every one that is to run. */
  tasks: FinalTask[];
  /** ARNs of those that the API describes. */
  taskDefinitions: string[];
  containers: FinalContainer[];
  redis: RedisState;
}

export interface FinalService {
  name: string;
  state: ServiceState;
  runningCount: number;
  pendingCount: number;
  deployments: number;
}

export interface FinalTask {
  arn: string;
  /** '' of a standalone task. */
  service: string;
  startedBy: string;
  lastStatus: string;
  desiredStatus: string;
  connectivity: string;
  /** Where it is bound to; '' before that. */
  host: string;
  stoppedReason: string;
  /** ms since the epoch, by the clock that all hosts share. */
  createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
}

export interface FinalContainer {
  host: string;
  id: string;
  taskArn: string;
  running: boolean;
  /** As Docker tells it. */
  startedAt: string;
  restartCount: number;
}

export interface RedisState {
  /** name → desired count of those ACTIVE */
  services: Map<string, number>;
  /** id → last and desired status */
  tasks: Map<string, { lastStatus: string; desiredStatus: string }>;
  taskDefinitions: Set<string>;
  /** What an instance has not free, and what its tasks that have not STOPPED take: CPU units and MiB. */
  instances: { id: string; taken: { cpu: number; memory: number }; used: { cpu: number; memory: number } }[];
}

const cluster = 'default';
const taskLabel = 'com.amazonaws.ecs.task-arn';

export interface Witnesses {
  client: LightEcsClient;
  redisSocket: string;
  hosts: readonly LabHost[];
}

/** What the clients made, and whatever else runs. */
export interface Asked {
  services: readonly string[];
  tasks: readonly string[];
  taskDefinitions: readonly string[];
}

export async function readFinalState({ client, redisSocket, hosts }: Witnesses, asked: Asked): Promise<FinalState> {
  const [services, tasks, taskDefinitions] = await Promise.all([
    readServices(client, asked.services),
    readTasks(client, asked.tasks, hosts),
    readTaskDefinitions(client, asked.taskDefinitions),
  ]);
  return { services, tasks, taskDefinitions, containers: await readContainers(hosts), redis: await readRedis(redisSocket) };
}

// ── API ──

interface ServiceAnswer extends DescribedService {
  serviceName: string;
  runningCount: number;
  pendingCount: number;
  deployments: object[];
}

async function readServices(client: LightEcsClient, names: readonly string[]): Promise<FinalService[]> {
  const pages = await inParts(names, 10, (services) =>
    client.call<{ services: ServiceAnswer[] }>('DescribeServices', { services, include: ['TAGS'] }),
  );
  return pages.flatMap(({ services }) =>
    services.map((service) => ({
      name: service.serviceName,
      state: stateOf([service]),
      runningCount: service.runningCount,
      pendingCount: service.pendingCount,
      deployments: service.deployments.length,
    })),
  );
}

interface TaskAnswer {
  taskArn: string;
  group: string;
  startedBy?: string;
  /** Seconds since the epoch, as the other times. */
  createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
  lastStatus: string;
  desiredStatus: string;
  connectivity?: string;
  containerInstanceArn?: string;
  stoppedReason?: string;
}

async function readTasks(client: LightEcsClient, asked: readonly string[], hosts: readonly LabHost[]): Promise<FinalTask[]> {
  const running = await listAll(client, 'ListTasks', { desiredStatus: 'RUNNING' }, 'taskArns');
  const [hostOf, pages] = await Promise.all([
    hostNames(client, hosts),
    inParts([...new Set([...asked, ...running])], 100, (tasks) =>
      client.call<{ tasks: TaskAnswer[] }>('DescribeTasks', { tasks }),
    ),
  ]);
  return pages.flatMap(({ tasks }) => tasks.map((task) => finalTask(task, hostOf)));
}

function finalTask(task: TaskAnswer, hostOf: ReadonlyMap<string, string>): FinalTask {
  const { startedBy = '', connectivity = '', containerInstanceArn = '', stoppedReason = '' } = task;
  const { taskArn, group, lastStatus, desiredStatus, createdAt, startedAt, stoppedAt } = task;
  return {
    arn: taskArn,
    service: /^service:(.*)/.exec(group)?.[1] ?? '',
    startedBy,
    lastStatus,
    desiredStatus,
    connectivity,
    host: hostOf.get(containerInstanceArn) ?? '',
    stoppedReason,
    createdAt: createdAt * 1_000,
    ...(startedAt === undefined ? {} : { startedAt: startedAt * 1_000 }),
    ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt * 1_000 }),
  };
}

/** Container instances' ARNs → their hosts, by the address that their agents tell. */
async function hostNames(client: LightEcsClient, hosts: readonly LabHost[]): Promise<Map<string, string>> {
  const arns = await listAll(client, 'ListContainerInstances', {}, 'containerInstanceArns');
  const { containerInstances } = await client.call<{
    containerInstances: { containerInstanceArn: string; attributes: { name: string; value?: string }[] }[];
  }>('DescribeContainerInstances', { containerInstances: arns });
  return new Map(
    containerInstances.map(({ containerInstanceArn, attributes }) => {
      const address = attributes.find(({ name }) => name === 'mini-ecs.address')?.value;
      return [containerInstanceArn, hosts.find((host) => host.address === address)?.name ?? ''];
    }),
  );
}

async function readTaskDefinitions(client: LightEcsClient, arns: readonly string[]): Promise<string[]> {
  const statuses = ['ACTIVE', 'INACTIVE'];
  const listed = await Promise.all(
    statuses.map((status) => listAll(client, 'ListTaskDefinitions', { status }, 'taskDefinitionArns')),
  );
  const known = new Set(listed.flat());
  return arns.filter((arn) => known.has(arn));
}

async function inParts<T, R>(items: readonly T[], size: number, action: (part: T[]) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += size) results.push(await action(items.slice(from, from + size)));
  return results;
}

// ── Docker ──

/** Running or not, of every task. */
export async function readContainers(hosts: readonly LabHost[]): Promise<FinalContainer[]> {
  const perHost = await Promise.all(hosts.map(containersOf));
  return perHost.flat();
}

async function containersOf(host: LabHost): Promise<FinalContainer[]> {
  const docker = dockerOf(host);
  const listed = await docker.listContainers({ all: true, filters: { label: [taskLabel] } });
  const running = listed.filter(({ State }) => State === 'running');
  const inspected = (await Promise.all(running.map(({ Id }) => inspect(docker, Id)))).flatMap((each) => each ?? []);
  const details = new Map(
    inspected.map(({ Id, State, RestartCount }) => [Id, { startedAt: State.StartedAt, restartCount: RestartCount }]),
  );
  return listed.map(({ Id, Labels, State }) => ({
    host: host.name,
    id: Id,
    taskArn: Labels[taskLabel] ?? '',
    running: State === 'running',
    startedAt: details.get(Id)?.startedAt ?? '',
    restartCount: details.get(Id)?.restartCount ?? 0,
  }));
}

/** undefined: removed since it was listed. */
async function inspect(docker: Docker, id: string): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await docker.getContainer(id).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

// ── Redis ──

async function readRedis(url: string): Promise<RedisState> {
  const store = await RedisStore.connect({ url, log: silentLogger });
  try {
    const records = await recordsOf(store, cluster);
    const global = await recordsOf(store, globalPartition);
    const of = (kind: StoredRecord['kind']): StoredRecord[] => records.filter((record) => record.kind === kind);
    const tasks = of('task').map(({ id, fields }) => decodeTask(cluster, id, fields));
    return {
      services: new Map(
        of('service')
          .map(({ id, fields }) => decodeService(cluster, id, fields))
          .filter(({ status }) => status === 'ACTIVE')
          .map(({ name, spec }) => [name, spec.desiredCount]),
      ),
      tasks: new Map(
        tasks.map(({ id, observed: { lastStatus }, desire }) => {
          // One that stopped by itself is to be STOPPED from then on, though nobody writes that down.
          const desiredStatus = lastStatus === 'STOPPED' ? 'STOPPED' : desire.desiredStatus;
          return [id, { lastStatus, desiredStatus }];
        }),
      ),
      taskDefinitions: new Set(
        global
          .filter(({ kind }) => kind === 'task-definition')
          .map(({ id, fields }) => decodeTaskDefinition(id, fields))
          .map(({ family, revision }) => `${family}:${revision}`),
      ),
      instances: of('instance')
        .map(({ id, fields }) => decodeInstance(cluster, id, fields))
        .filter(({ status }) => status !== 'INACTIVE')
        .map(({ id, registration, free }) => {
          const bound = tasks.filter(({ instance, observed }) => instance === id && observed.lastStatus !== 'STOPPED');
          const sum = (of: 'cpu' | 'memory'): number => bound.reduce((total, { spec }) => total + spec.resources[of], 0);
          const { cpu, memory } = registration.resources;
          return {
            id,
            taken: { cpu: cpu - free.cpu, memory: memory - free.memory },
            used: { cpu: sum('cpu'), memory: sum('memory') },
          };
        }),
    };
  } finally {
    await store.close();
  }
}

async function recordsOf(store: RedisStore, partition: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const part of store.snapshot(partition)) records.push(...part);
  return records;
}
