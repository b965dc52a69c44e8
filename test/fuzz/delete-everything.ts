/** Deletes all that the API lists, as an operator would, through the API. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetCluster } from '../support/fleet-cluster.ts';
import { EcsCallError, type LightEcsClient } from '../support/light-ecs-client.ts';

/** Tasks on connected instances stop within it; those of instances that are gone stop with these. */
const stopWithinMs = 20_000;

/** The fleet is stopped on the way: an instance that is deregistered while its agent lives stays on as a refused agent. */
export async function deleteEverything(cluster: FleetCluster): Promise<void> {
  const { client } = cluster;
  const names = (await list(client, 'ListClusters', {}, 'clusterArns')).map(nameOf);
  for (const name of names) await deleteServices(client, name);
  for (const name of names) await stopTasks(client, name);
  await cluster.stopFleet();
  for (const name of names) {
    await deregisterInstances(client, name);
    await call(client, 'DeleteCluster', { cluster: name });
  }
  await deleteTaskDefinitions(client);
  const settings = await client.call<{ settings: { name: string }[] }>('ListAccountSettings', {});
  for (const { name } of settings.settings) await call(client, 'DeleteAccountSetting', { name });
}

async function deleteServices(client: LightEcsClient, cluster: string): Promise<void> {
  const services = await list(client, 'ListServices', { cluster }, 'serviceArns');
  await each(services, (service) => call(client, 'DeleteService', { cluster, service, force: true }));
}

async function stopTasks(client: LightEcsClient, cluster: string): Promise<void> {
  const deadline = performance.now() + stopWithinMs;
  let connected: readonly string[];
  do {
    const tasks = await list(client, 'ListTasks', { cluster, desiredStatus: 'RUNNING' }, 'taskArns');
    await each(tasks, (task) => call(client, 'StopTask', { cluster, task }));
    const counts = await client.call<{ clusters: { runningTasksCount: number; pendingTasksCount: number }[] }>(
      'DescribeClusters',
      { clusters: [cluster] },
    );
    const { runningTasksCount = 0, pendingTasksCount = 0 } = counts.clusters[0] ?? {};
    connected = runningTasksCount + pendingTasksCount > 0 ? tasks : [];
    if (connected.length > 0) await delay(200);
  } while (connected.length > 0 && performance.now() < deadline);
}

async function deregisterInstances(client: LightEcsClient, cluster: string): Promise<void> {
  const instances = await list(client, 'ListContainerInstances', { cluster }, 'containerInstanceArns');
  await each(instances, (containerInstance) =>
    call(client, 'DeregisterContainerInstance', { cluster, containerInstance, force: true }),
  );
}

async function deleteTaskDefinitions(client: LightEcsClient): Promise<void> {
  const active = await list(client, 'ListTaskDefinitions', { status: 'ACTIVE' }, 'taskDefinitionArns');
  await each(active, (taskDefinition) => call(client, 'DeregisterTaskDefinition', { taskDefinition }));
  const inactive = await list(client, 'ListTaskDefinitions', { status: 'INACTIVE' }, 'taskDefinitionArns');
  const tens = Array.from({ length: Math.ceil(inactive.length / 10) }, (_, index) => inactive.slice(10 * index, 10 * index + 10));
  await each(tens, (taskDefinitions) => call(client, 'DeleteTaskDefinitions', { taskDefinitions }));
}

// ── calls ──

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

async function list(client: LightEcsClient, operation: string, input: object, member: string): Promise<string[]> {
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
async function call(client: LightEcsClient, operation: string, input: object): Promise<void> {
  try {
    await client.call(operation, input);
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
  }
}
