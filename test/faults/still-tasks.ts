/**
 * Tasks that nobody changes in a round: one standalone task a host, and a service. Their containers must come out of it as they
 * were, the very same ones and never restarted, wherever no fault befell them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LightEcsClient } from '../support/light-ecs-client.ts';
import { aSleepingTask } from '../support/task-definitions.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import type { Befallen } from './befallen.ts';
import { readContainers, type FinalContainer } from './final-state.ts';
import type { History } from './history.ts';

export interface StillTasks {
  /** Of the standalone ones. */
  standalone: ReadonlySet<string>;
  containers: readonly FinalContainer[];
}

const family = 'still';
const tasksPerHost = 2;
const patienceMs = 120_000;

/** Resolves when all run. They join the history as things that are to stay. */
export async function startStillTasks(
  cluster: TestCluster,
  client: LightEcsClient,
  prefix: string,
  history: History,
): Promise<StillTasks> {
  const { hosts } = cluster;
  const registered = await client.call<{ taskDefinition: { taskDefinitionArn: string; revision: number } }>(
    'RegisterTaskDefinition',
    aSleepingTask(family, { memory: 8 }),
  );
  const { taskDefinitionArn, revision } = registered.taskDefinition;
  history.taskDefinitions.push(taskDefinitionArn);
  const taskDefinition = `${family}:${revision}`;
  const ran = await client.call<{ tasks: { taskArn: string }[] }>('RunTask', {
    taskDefinition,
    count: hosts.length,
    placementConstraints: [{ type: 'distinctInstance' }],
  });
  const standalone = ran.tasks.map(({ taskArn }) => taskArn);
  history.tasks.push(...standalone.map((arn) => ({ arn, wish: 'running' as const })));

  const name = `${prefix}-still`;
  const desiredCount = tasksPerHost * hosts.length;
  await client.call('CreateService', { serviceName: name, taskDefinition, desiredCount });
  history.services.push({ name, mayBe: [{ desiredCount, taskDefinition, mark: '' }] });

  const all = hosts.length + desiredCount;
  const containers = await untilRunning(cluster, all);
  await untilSteady(client, name, desiredCount);
  return { standalone: new Set(standalone), containers };
}

async function untilRunning({ hosts }: TestCluster, count: number): Promise<FinalContainer[]> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const running = (await readContainers(hosts)).filter((container) => container.running);
    if (running.length === count) return running;
    if (performance.now() > deadline) throw new Error(`${running.length} of ${count} still tasks run`);
    await delay(200);
  }
}

async function untilSteady(client: LightEcsClient, service: string, count: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { services } = await client.call<{ services: { runningCount: number }[] }>('DescribeServices', { services: [service] });
    if (services[0]?.runningCount === count) return;
    if (performance.now() > deadline) throw new Error(`service ${service} is not steady`);
    await delay(100);
  }
}

/**
 * What was restarted, replaced or stopped without a fault. A standalone task stays as long as its engine does. Of the service
 * the tasks on hosts that nobody could judge lost stay too: a host that returns brings its own back, and those started meanwhile go.
 */
export function strayRestarts(before: StillTasks, after: readonly FinalContainer[], { hosts, engineLosses }: Befallen): string[] {
  const engineless = new Set(engineLosses.map(({ host }) => host));
  const now = new Map(after.map((container) => [container.id, container]));
  const strays: string[] = [];
  for (const container of before.containers) {
    const { id, host, taskArn, startedAt } = container;
    const mayChange = before.standalone.has(taskArn) ? engineless.has(host) : hosts.has(host);
    if (mayChange) continue;
    const found = now.get(id);
    const told = `container ${id.slice(0, 12)} of ${taskArn} on ${host}`;
    if (!found?.running) strays.push(`${told} does not run any more`);
    else if (found.startedAt !== startedAt) strays.push(`${told} ran since ${startedAt}, and runs since ${found.startedAt}`);
  }
  for (const { id, host, taskArn, restartCount } of after) {
    if (restartCount > 0) strays.push(`container ${id.slice(0, 12)} of ${taskArn} on ${host} was restarted by Docker`);
  }
  return strays;
}
