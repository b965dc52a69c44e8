/**
 * What must be true some time after the faults have stopped: every service has exactly its desired count RUNNING where tasks
 * may be, of its current deployment; what runs on the hosts is what the store says runs there; nothing is left to do.
 */
import type { ServiceSpec } from '../../packages/controller/src/domain/service.ts';
import type { TaskSpec } from '../../packages/controller/src/domain/task.ts';
import type { Fields } from '../../packages/controller/src/store/store.ts';
import type { Auditor } from './auditor.ts';
import { containersOfFamily } from './images.ts';
import type { SimulatedHost } from './simulated-host.ts';

export interface ConvergingWorld {
  auditor: Auditor;
  hosts: readonly SimulatedHost[];
  /** The dirty set. */
  hints(): Promise<string[]>;
}

/** What is not as it must be; empty when all is. */
export async function divergences(world: ConvergingWorld): Promise<string[]> {
  const found = [...serviceDivergences(world.auditor), ...taskDivergences(world.auditor)];
  for (const host of world.hosts) found.push(...(await hostDivergences(world.auditor, host)));
  const hints = await world.hints();
  if (hints.length > 0) found.push(`the dirty set holds ${hints.join()}`);
  return found;
}

const isConnected = (auditor: Auditor, instance: string | undefined): boolean =>
  auditor.instances.get(instance ?? '')?.fields['connected'] === '1';

function serviceDivergences(auditor: Auditor): string[] {
  return [...auditor.services].flatMap(([name, fields]) => {
    const spec = JSON.parse(fields['doc'] ?? 'null') as ServiceSpec;
    // Those on hosts that never came back are unknown, and not counted.
    const tasks = [...auditor.aliveTasksOf(name)].flatMap((id) => {
      const task = auditor.tasks.get(id);
      return task && (!task['instance'] || isConnected(auditor, task['instance'])) ? [{ id, task }] : [];
    });
    if (fields['status'] !== 'ACTIVE') {
      if (fields['status'] !== 'INACTIVE') return [`deleted service ${name} is ${fields['status']}`];
      return tasks.length === 0 ? [] : [`INACTIVE service ${name} has ${tasks.length} tasks`];
    }
    const wrong = tasks.flatMap(({ id, task }) =>
      whatIsWrong(task, spec, auditor).map((what) => `task ${id} of ${name} ${what}`),
    );
    return tasks.length === spec.desiredCount ? wrong : [...wrong, `${name} has ${tasks.length} tasks of ${spec.desiredCount}`];
  });
}

function whatIsWrong(task: Fields, spec: ServiceSpec, auditor: Auditor): string[] {
  const { service } = JSON.parse(task['doc'] ?? '{}') as TaskSpec;
  const instance = auditor.instances.get(task['instance'] ?? '')?.fields;
  if (task['lastStatus'] !== 'RUNNING' || task['desiredStatus'] !== 'RUNNING')
    return [`is ${task['lastStatus']}, wanted ${task['desiredStatus']}`];
  if (service?.deploymentId !== spec.deploymentId) return ['is of another deployment'];
  return instance?.['status'] === 'ACTIVE' ? [] : [`is on an instance that is ${instance?.['status']}`];
}

/** Tasks of no service: on hosts that answer they run or have stopped, as they are wanted. */
function taskDivergences(auditor: Auditor): string[] {
  return [...auditor.tasks].flatMap(([id, task]) => {
    if (task['lastStatus'] === 'STOPPED' || (task['instance'] && !isConnected(auditor, task['instance']))) return [];
    const isSettled = task['instance'] && task['lastStatus'] === 'RUNNING' && task['desiredStatus'] === 'RUNNING';
    return isSettled
      ? []
      : [`task ${id} is ${task['lastStatus']}, wanted ${task['desiredStatus']}, on ${task['instance'] ?? 'no instance'}`];
  });
}

async function hostDivergences(auditor: Auditor, host: SimulatedHost): Promise<string[]> {
  const { instanceId } = host;
  if (instanceId === undefined || !isConnected(auditor, instanceId)) return [`${host.name} is not connected`];
  await host.look();
  const running = host.runningTasks();
  const found: string[] = [];
  for (const id of auditor.instances.get(instanceId)?.tasks ?? []) {
    const task = auditor.tasks.get(id);
    const { taskDefinition } = JSON.parse(task?.['doc'] ?? '{}') as TaskSpec;
    const expected = containersOfFamily(taskDefinition.split(':')[0] ?? '');
    if (running.get(id) !== expected)
      found.push(`task ${id} is ${task?.['lastStatus']} with ${running.get(id) ?? 0} containers on ${host.name}`);
    running.delete(id);
  }
  for (const id of running.keys()) found.push(`surplus container of task ${id} on ${host.name}`);
  return found;
}
