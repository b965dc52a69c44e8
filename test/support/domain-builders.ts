/** Builders of domain objects for tests: each argument names only what the test is about. */
import { taskStatusRank, type TaskStatus } from '@mini-ecs/shared';
import type { ContainerInstance } from '../../packages/controller/src/domain/container-instance.ts';
import type { Service, ServiceSpec, ServiceState } from '../../packages/controller/src/domain/service.ts';
import type { TaskDefinition } from '../../packages/controller/src/domain/task-definition.ts';
import type { StopCode, Task, TaskDesire, TaskObservation, TaskSpec } from '../../packages/controller/src/domain/task.ts';

export const startOfTime = Date.UTC(2026, 0, 1);

let lastId = 0;
export const nextId = (): string => (++lastId).toString(16).padStart(32, '0');

export function aTaskDefinition(
  overrides: Partial<TaskDefinition> & { request?: TaskDefinition['spec']['request'] } = {},
): TaskDefinition {
  const { request, ...members } = overrides;
  return {
    family: 'web',
    revision: 1,
    status: 'ACTIVE',
    spec: {
      request: request ?? {
        family: 'web',
        containerDefinitions: [{ name: 'web', image: 'busybox', memory: 64, cpu: 10, essential: true }],
      },
      registeredAt: startOfTime,
      registeredBy: 'arn:aws:iam::000000000000:root',
    },
    tags: {},
    version: 1,
    ...members,
  };
}

export function aService(
  overrides: Partial<ServiceSpec> & {
    status?: Service['status'];
    state?: Partial<ServiceState>;
    refusal?: Service['refusal'];
    tags?: Service['tags'];
  } = {},
): Service {
  const { status = 'ACTIVE', state, refusal, tags = {}, ...spec } = overrides;
  return {
    name: spec.name ?? 'web',
    cluster: 'default',
    status,
    spec: {
      name: 'web',
      taskDefinition: 'web:1',
      desiredCount: 1,
      deploymentId: 'ecs-svc/1',
      deploymentCreatedAt: startOfTime,
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      placementConstraints: [],
      placementStrategy: [],
      propagateTags: 'NONE',
      enableECSManagedTags: false,
      enableExecuteCommand: false,
      launchType: 'EC2',
      createdAt: startOfTime,
      createdBy: 'arn:aws:iam::000000000000:root',
      ...spec,
    },
    state: { deployments: [], events: [], ...state },
    ...(refusal ? { refusal } : {}),
    tags,
    specVersion: 1,
    tasksVersion: 0,
    stateVersion: 0,
    version: 1,
  };
}

export interface TaskOverrides {
  id?: string;
  status?: TaskStatus;
  /** undefined: of the service `web`'s deployment `ecs-svc/1`; null: a task of RunTask */
  deploymentId?: string | null;
  serviceName?: string;
  instance?: string | null;
  desire?: Partial<TaskDesire>;
  observed?: Partial<TaskObservation>;
  spec?: Partial<TaskSpec>;
  exitCode?: number;
  stopCode?: StopCode;
}

/** A RUNNING task of service `web` on instance `i1`, unless told otherwise. */
export function aTask(overrides: TaskOverrides = {}): Task {
  const { status = 'RUNNING', deploymentId = 'ecs-svc/1', serviceName = 'web', instance = 'i1', exitCode } = overrides;
  const hasStarted = taskStatusRank(status) >= taskStatusRank('RUNNING');
  return {
    id: overrides.id ?? nextId(),
    cluster: 'default',
    spec: {
      taskDefinition: 'web:1',
      group: deploymentId === null ? 'family:web' : `service:${serviceName}`,
      createdAt: startOfTime,
      resources: { cpu: 10, memory: 64, ports: [] },
      placementConstraints: [],
      placementStrategy: [],
      containers: [{ name: 'web', image: 'busybox', cpu: 10, memory: 64 }],
      ...(deploymentId === null ? {} : { startedBy: deploymentId, service: { name: serviceName, deploymentId } }),
      ...overrides.spec,
    },
    desire: { desiredStatus: 'RUNNING', ...overrides.desire },
    observed: {
      lastStatus: status,
      healthStatus: 'UNKNOWN',
      containers: [
        {
          name: 'web',
          lastStatus: status === 'STOPPED' ? 'STOPPED' : status === 'RUNNING' ? 'RUNNING' : 'PENDING',
          healthStatus: 'UNKNOWN',
          networkBindings: [],
          ...(exitCode === undefined ? {} : { exitCode }),
        },
      ],
      ...(overrides.stopCode ? { stopCode: overrides.stopCode, stoppedReason: 'Essential container in task exited' } : {}),
      ...(hasStarted ? { startedAt: startOfTime } : {}),
      ...overrides.observed,
    },
    ...(instance === null ? {} : { instance, placedAt: startOfTime }),
    tags: {},
    version: 1,
  };
}

export function anInstance(overrides: Partial<ContainerInstance> & { zone?: string } = {}): ContainerInstance {
  const { zone = 'us-east-1a', ...members } = overrides;
  return {
    id: members.id ?? nextId(),
    cluster: 'default',
    status: 'ACTIVE',
    registration: {
      hostname: 'host-1',
      address: '10.77.1.11',
      agentVersion: '0.1.0',
      dockerVersion: '20.10.24',
      resources: { cpu: 2048, memory: 4096, ports: ['22/tcp'] },
      attributes: { 'ecs.availability-zone': zone },
      registeredAt: startOfTime,
    },
    customAttributes: {},
    free: { cpu: 2048, memory: 4096, usedPorts: new Set(['22/tcp']) },
    connected: true,
    session: 'session-1',
    tags: {},
    version: 1,
    ...members,
  };
}
