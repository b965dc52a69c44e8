/**
 * The order in which the containers of a task start: `dependsOn`, and what other settings imply (links, volumes-from,
 * shared namespaces). They stop in the reverse order.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
 */
import type { AssignedContainer, AssignedTask } from '@mini-ecs/shared';
import type { ContainerRecord } from '../domain/task-record.ts';
import { phaseOf, wasStarted } from './container-phase.ts';

type Condition = 'CREATE' | 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';

export interface Dependency {
  on: string;
  condition: Condition;
}

export type Resolution = { state: 'met' } | { state: 'waiting'; until?: number } | { state: 'impossible'; reason: string };

export function dependenciesOf(container: AssignedContainer, task: AssignedTask): Dependency[] {
  const declared = container.dependsOn.map((each) => ({
    on: each.containerName ?? '',
    condition: (each.condition ?? 'START') as Condition,
  }));
  const linked = (container.links ?? []).map((link) => ({ on: link.split(':')[0] ?? '', condition: 'START' as const }));
  const mounted = container.volumesFrom.map((from) => ({ on: from.sourceContainer ?? '', condition: 'CREATE' as const }));
  const first = task.containers[0]?.name;
  const shares = (task.pidMode === 'task' || task.ipcMode === 'task') && first !== undefined && first !== container.name;
  const known = new Set(task.containers.map(({ name }) => name));
  return [...declared, ...linked, ...mounted, ...(shares ? [{ on: first, condition: 'START' as const }] : [])].filter(
    ({ on }) => known.has(on) && on !== container.name,
  );
}

/** Containers that must be stopped before this one. */
export const dependentsOf = (name: string, task: AssignedTask): string[] =>
  task.containers.filter((each) => dependenciesOf(each, task).some(({ on }) => on === name)).map((each) => each.name);

/** All of the container's dependencies together: impossible beats waiting beats met. */
export function resolveDependencies(
  container: AssignedContainer,
  task: AssignedTask,
  records: Readonly<Record<string, ContainerRecord>>,
  now: number,
): Resolution {
  const resolutions = dependenciesOf(container, task).map((dependency) =>
    resolve(container.name, dependency, task, records, now),
  );
  const impossible = resolutions.find(({ state }) => state === 'impossible');
  if (impossible) return impossible;
  const deadlines = resolutions.flatMap((each) => (each.state === 'waiting' ? [each.until ?? Infinity] : []));
  if (deadlines.length === 0) return { state: 'met' };
  const until = Math.min(...deadlines);
  return { state: 'waiting', until: Number.isFinite(until) ? until : undefined };
}

function resolve(
  dependent: string,
  { on, condition }: Dependency,
  task: AssignedTask,
  records: Readonly<Record<string, ContainerRecord>>,
  now: number,
): Resolution {
  const record = records[on];
  if (!record || isMet(condition, record)) return record ? { state: 'met' } : { state: 'waiting' };
  const refusal = `container "${dependent}" depends on container "${on}" with condition ${condition}`;
  if (phaseOf(record) === 'stopped') return { state: 'impossible', reason: `${refusal}, which it can no longer meet` };
  const until = startDeadline(on, condition, task, record);
  if (until !== undefined && now >= until)
    return { state: 'impossible', reason: `${refusal}, which it did not meet within its startTimeout` };
  return { state: 'waiting', until };
}

function isMet(condition: Condition, record: ContainerRecord): boolean {
  const phase = phaseOf(record);
  switch (condition) {
    case 'CREATE':
      return phase !== 'absent' && record.failure === undefined && !record.gone;
    case 'START':
      return wasStarted(record);
    case 'COMPLETE':
      return phase === 'stopped' && wasStarted(record);
    case 'SUCCESS':
      return phase === 'stopped' && record.observed?.exitCode === 0;
    case 'HEALTHY':
      return phase === 'running' && record.observed?.health === 'HEALTHY';
    default:
      return condition satisfies never;
  }
}

/** `startTimeout` is the dependency's own setting and counts for what it must reach after its start. */
function startDeadline(on: string, condition: Condition, task: AssignedTask, { observed }: ContainerRecord): number | undefined {
  const timeout = task.containers.find(({ name }) => name === on)?.startTimeout;
  if (timeout === undefined || observed?.startedAt === undefined || condition === 'CREATE' || condition === 'START')
    return undefined;
  return observed.startedAt + timeout * 1000;
}
