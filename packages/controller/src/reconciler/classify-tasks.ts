/**
 * Sorts a service's tasks by what they mean for its count. Every task is in exactly one class.
 *
 *  current   wanted, of the primary deployment, where it can stay
 *  outdated  wanted, but to be replaced: of an older deployment, on a DRAINING instance, or UNHEALTHY
 *  stopping  told to stop, not STOPPED yet
 *  lost      on an instance that was judged lost: unknown, so neither counted nor touched
 *  stopped   STOPPED; kept for an hour
 */
import { isRunning } from '@mini-ecs/shared';
import type { TaskDefinition } from '../domain/task-definition.ts';
import type { Task } from '../domain/task.ts';
import type { ServiceSituation } from './service-situation.ts';

export interface ClassifiedTasks {
  current: Task[];
  outdated: Task[];
  stopping: Task[];
  lost: Task[];
  stopped: Task[];
}

export function classifyTasks(situation: Pick<ServiceSituation, 'service' | 'tasks' | 'instances'>): ClassifiedTasks {
  const classes: ClassifiedTasks = { current: [], outdated: [], stopping: [], lost: [], stopped: [] };
  for (const task of situation.tasks) classes[classOf(task, situation)].push(task);
  return classes;
}

function classOf(task: Task, { service, instances }: Pick<ServiceSituation, 'service' | 'instances'>): keyof ClassifiedTasks {
  if (task.observed.lastStatus === 'STOPPED') return 'stopped';
  const instance = task.instance === undefined ? undefined : instances.get(task.instance);
  if (task.instance !== undefined && !instance?.connected) return 'lost';
  if (task.desire.desiredStatus === 'STOPPED') return 'stopping';
  const isOlder = task.spec.service?.deploymentId !== service.spec.deploymentId;
  const mustMove = instance !== undefined && instance.status !== 'ACTIVE';
  return isOlder || mustMove || isUnhealthy(task) ? 'outdated' : 'current';
}

export const isUnhealthy = (task: Task): boolean =>
  isRunning(task.observed.lastStatus) && task.observed.healthStatus === 'UNHEALTHY';

/** RUNNING and, where its definition has a health check, HEALTHY: what minimumHealthyPercent counts. */
export function isReady(task: Task, taskDefinitions: ReadonlyMap<string, TaskDefinition>): boolean {
  if (!isRunning(task.observed.lastStatus)) return false;
  return hasHealthCheck(taskDefinitions.get(task.spec.taskDefinition))
    ? task.observed.healthStatus === 'HEALTHY'
    : !isUnhealthy(task);
}

const hasHealthCheck = (definition: TaskDefinition | undefined): boolean =>
  (definition?.spec.request.containerDefinitions ?? []).some(
    ({ essential, healthCheck }) => essential !== false && healthCheck !== undefined,
  );
