/** commitPlacement: the twin of commands/commit-placement.lua. */
import { decodePorts, encodePorts } from '@mini-ecs/shared';
import { oneDayMs } from '../store-limits.ts';
import type { BindRefusal, CommitPlacement, CommitPlacementResult, Fields } from '../store.ts';
import { ChangeSet } from './change-set.ts';
import type { MemoryPartition } from './partition.ts';
import { forgetTask } from './task-index.ts';

const number = (fields: Fields, field: string): number => Number(fields[field] ?? 0);

function refusalOf(task: Fields | undefined, instance: Fields | undefined): BindRefusal | undefined {
  if (!task) return 'TASK_GONE';
  if (task['instance']) return 'TASK_BOUND';
  if (task['desiredStatus'] !== 'RUNNING' || task['lastStatus'] === 'STOPPED') return 'TASK_STOPPING';
  if (!instance) return 'INSTANCE_GONE';
  if (instance['status'] !== 'ACTIVE') return 'INSTANCE_NOT_ACTIVE';
  if (instance['connected'] !== '1') return 'AGENT';
  if (number(task, 'cpu') > number(instance, 'cpu')) return 'RESOURCE:CPU';
  if (number(task, 'memory') > number(instance, 'memory')) return 'RESOURCE:MEMORY';
  const isTaken = (port: string): boolean => (instance['ports'] ?? '').includes(`,${port},`);
  if (decodePorts(task['ports']).some(isTaken)) return 'RESOURCE:PORTS';
  return undefined;
}

function bind(changes: ChangeSet, taskId: string, instanceId: string, now: number): BindRefusal | undefined {
  const { partition } = changes;
  const refusal = refusalOf(partition.record('task', taskId), partition.record('instance', instanceId));
  if (refusal) return refusal;
  const task = changes.edit('task', taskId);
  const instance = changes.edit('instance', instanceId);
  instance['cpu'] = String(number(instance, 'cpu') - number(task, 'cpu'));
  instance['memory'] = String(number(instance, 'memory') - number(task, 'memory'));
  if (task['ports']) instance['ports'] = encodePorts(unionOf(instance['ports'], task['ports']));
  task['instance'] = instanceId;
  task['placedAt'] = String(now);
  partition.tasksOn(instanceId).set(taskId, task['service'] ?? '');
  return undefined;
}

const unionOf = (a: string | undefined, b: string | undefined): string[] => [...new Set([...decodePorts(a), ...decodePorts(b)])];

function withdraw(
  changes: ChangeSet,
  { task: id, requestId, refusal }: CommitPlacement['withdraw'][number],
  at: number,
): boolean {
  const { partition } = changes;
  const task = partition.record('task', id);
  if (!task || task['instance'] || task['lastStatus'] === 'STOPPED') return false;
  forgetTask(changes, id);
  const known = partition.refusals.get(requestId);
  const refusals = known && known.until > at ? known.refusals : [];
  partition.refusals.set(requestId, { refusals: [...refusals, refusal], until: at + oneDayMs });
  return true;
}

/** `at`: the store's own time, for how long refusals are kept. */
export function commitPlacement(partition: MemoryPartition, command: CommitPlacement, at: number): CommitPlacementResult {
  const changes = new ChangeSet(partition);
  const refused = command.bind.map(({ task, instance }) => bind(changes, task, instance, command.now));
  const withdrawn = command.withdraw.map((withdrawal) => withdraw(changes, withdrawal, at));
  for (const { service, refusal } of command.serviceRefusals) {
    const current = partition.record('service', service);
    if (!current || current['refusal'] === refusal) continue;
    changes.edit('service', service)['refusal'] = refusal;
    changes.hintService(service);
  }
  return { ...changes.publish(), refused, withdrawn };
}
