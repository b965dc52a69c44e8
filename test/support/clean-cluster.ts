/** Deletes what is in a cluster as an operator would: all that the API lists, through the API. */
import { setTimeout as delay } from 'node:timers/promises';
import { EcsCallError, type LightEcsClient } from './light-ecs-client.ts';

export async function deleteServices(client: LightEcsClient, cluster: string): Promise<void> {
  const services = await listAll(client, 'ListServices', { cluster }, 'serviceArns');
  await each(services, (service) => callIfThere(client, 'DeleteService', { cluster, service, force: true }));
}

/** Resolves when none runs, or when the time is up: tasks of instances that are gone do not stop. */
export async function stopTasks(client: LightEcsClient, cluster: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  let left: readonly string[];
  do {
    const tasks = await listAll(client, 'ListTasks', { cluster, desiredStatus: 'RUNNING' }, 'taskArns');
    await each(tasks, (task) => callIfThere(client, 'StopTask', { cluster, task }));
    const counts = await client.call<{ clusters: { runningTasksCount: number; pendingTasksCount: number }[] }>(
      'DescribeClusters',
      { clusters: [cluster] },
    );
    const { runningTasksCount = 0, pendingTasksCount = 0 } = counts.clusters[0] ?? {};
    left = runningTasksCount + pendingTasksCount > 0 ? tasks : [];
    if (left.length > 0) await delay(200);
  } while (left.length > 0 && performance.now() < deadline);
}

/** By force: their tasks are STOPPED with them. */
export async function deregisterInstances(client: LightEcsClient, cluster: string): Promise<void> {
  const instances = await listAll(client, 'ListContainerInstances', { cluster }, 'containerInstanceArns');
  await each(instances, (containerInstance) =>
    callIfThere(client, 'DeregisterContainerInstance', { cluster, containerInstance, force: true }),
  );
}

export async function deleteTaskDefinitions(client: LightEcsClient): Promise<void> {
  const active = await listAll(client, 'ListTaskDefinitions', { status: 'ACTIVE' }, 'taskDefinitionArns');
  await each(active, (taskDefinition) => callIfThere(client, 'DeregisterTaskDefinition', { taskDefinition }));
  const inactive = await listAll(client, 'ListTaskDefinitions', { status: 'INACTIVE' }, 'taskDefinitionArns');
  const tens = Array.from({ length: Math.ceil(inactive.length / 10) }, (_, index) => inactive.slice(10 * index, 10 * index + 10));
  await each(tens, (taskDefinitions) => callIfThere(client, 'DeleteTaskDefinitions', { taskDefinitions }));
}

// ── calls ──

/** Every page of a list operation. */
export async function listAll(client: LightEcsClient, operation: string, input: object, member: string): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.call<Record<string, unknown>>(operation, { ...input, nextToken });
    found.push(...((page[member] as string[] | undefined) ?? []));
    nextToken = page['nextToken'] as string | undefined;
  } while (nextToken !== undefined);
  return found;
}

const atOnce = 8;

async function each<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await action(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** What the API refuses is no failure here: the thing may be gone by itself meanwhile. */
export async function callIfThere(client: LightEcsClient, operation: string, input: object): Promise<void> {
  try {
    await client.call(operation, input);
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
  }
}
