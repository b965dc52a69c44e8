/** What the store is told of a task, in ECS's words. */
import type { AssignedContainer, TaskStatus } from '@mini-ecs/shared';
import { containerPorts } from '../domain/container-ports.ts';
import type { HealthStatus, NetworkBinding } from '../domain/observed-container.ts';
import type { ContainerRecord, ContainerReport, TaskRecord, TaskReport } from '../domain/task-record.ts';
import { phaseOf } from './container-phase.ts';

export function reportOf(record: TaskRecord): TaskReport {
  const names = record.spec?.containers.map(({ name }) => name) ?? Object.keys(record.containers);
  return {
    lastStatus: taskStatusOf(record),
    containers: names.flatMap((name) => record.containers[name] ?? []).map((container) => containerReport(container, record)),
    stopCode: record.stop?.code,
    stoppedReason: record.stop?.reason,
    healthStatus: taskHealth(record),
    pullStartedAt: record.pullStartedAt,
    pullStoppedAt: record.pullStoppedAt,
    startedAt: record.startedAt,
    stoppingAt: record.stop?.at,
    executionStoppedAt: record.executionStoppedAt,
    stoppedAt: record.stoppedAt,
  };
}

function taskStatusOf({ stop, stoppedAt, startedAt }: TaskRecord): TaskStatus {
  if (stoppedAt !== undefined) return 'STOPPED';
  if (stop) return 'STOPPING';
  return startedAt === undefined ? 'PENDING' : 'RUNNING';
}

function containerReport(container: ContainerRecord, record: TaskRecord): ContainerReport {
  const { name, runtimeId, observed, imageDigest } = container;
  const definition = record.spec?.containers.find((each) => each.name === name);
  return {
    name,
    runtimeId,
    lastStatus: containerStatus(container, record),
    exitCode: observed?.exitCode,
    reason: reasonOf(container),
    healthStatus: definition?.healthCheck || !definition ? (observed?.health ?? 'UNKNOWN') : 'UNKNOWN',
    imageDigest,
    networkBindings: networkBindings(container, definition, record),
  };
}

function containerStatus(container: ContainerRecord, record: TaskRecord): ContainerReport['lastStatus'] {
  const phase = phaseOf(container);
  if (phase === 'running') return 'RUNNING';
  return phase === 'stopped' || record.stoppedAt !== undefined ? 'STOPPED' : 'PENDING';
}

function reasonOf(container: ContainerRecord): string | undefined {
  if (container.failure !== undefined) return container.failure;
  if (container.observed?.state === 'exited' && container.observed.outOfMemory) {
    return 'OutOfMemoryError: Container killed due to memory usage';
  }
  return container.gone && container.observed?.state !== 'exited' ? 'Container was removed from the container engine' : undefined;
}

/** On the host's own network a container's ports are the host's. */
function networkBindings(
  container: ContainerRecord,
  definition: AssignedContainer | undefined,
  { spec }: TaskRecord,
): NetworkBinding[] {
  if (spec?.networkMode !== 'host' || phaseOf(container) !== 'running') return container.observed?.networkBindings ?? [];
  return (definition?.portMappings ?? []).flatMap((mapping) =>
    containerPorts(mapping).map((port) => ({
      bindIP: '0.0.0.0',
      containerPort: port,
      hostPort: port,
      protocol: mapping.protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
    })),
  );
}

/** Of the essential containers that have a health check: one UNHEALTHY makes the task so, all HEALTHY make it HEALTHY. */
function taskHealth({ spec, containers }: TaskRecord): HealthStatus {
  const checked = (spec?.containers ?? []).filter(({ essential, healthCheck }) => essential && healthCheck);
  const health = checked.map(({ name }) => containers[name]?.observed?.health ?? 'UNKNOWN');
  if (health.includes('UNHEALTHY')) return 'UNHEALTHY';
  return health.length > 0 && health.every((each) => each === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}
