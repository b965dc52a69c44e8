/** What all phases do to a cluster: register the task definition, run tasks, create services. */
import type { FleetCluster } from '../../support/fleet-cluster.ts';
import { TaskWatch } from '../../support/task-watch.ts';

export interface Phase {
  cluster: FleetCluster;
  watch: TaskWatch;
  say: (line: string) => void;
}

/** What RunTask takes at most. */
export const tasksPerCall = 10;
export const tasksPerService = 100;
const callsAtOnce = 100;

export const registerTask = ({ cluster }: Phase): Promise<unknown> =>
  cluster.client.call('RegisterTaskDefinition', {
    family: 'bench',
    containerDefinitions: [{ name: 'main', image: 'bench', cpu: 10, memory: 16, essential: true }],
  });

/** Runs so many tasks, ten a call, and resolves when Redis says that all are RUNNING; the ms that took. */
export async function runTasks({ cluster, watch }: Phase, tasks: number): Promise<number> {
  const before = await watch.count();
  const started = performance.now();
  const calls = inParallel(Math.ceil(tasks / tasksPerCall), callsAtOnce, async (call) => {
    const count = Math.min(tasksPerCall, tasks - call * tasksPerCall);
    const answer = await cluster.client.call<{ failures: unknown[] }>('RunTask', { taskDefinition: 'bench', count });
    if (answer.failures.length > 0) throw new Error(`RunTask: ${JSON.stringify(answer.failures)}`);
  });
  await Promise.all([calls, watch.untilRunning(before + tasks, timeoutOf(tasks))]);
  return performance.now() - started;
}

/** As runTasks, with services of a hundred tasks each. */
export async function runServices({ cluster, watch }: Phase, tasks: number): Promise<number> {
  const before = await watch.count();
  const started = performance.now();
  const calls = inParallel(Math.ceil(tasks / tasksPerService), callsAtOnce, (call) =>
    cluster.client.call('CreateService', {
      serviceName: `service-${call}`,
      taskDefinition: 'bench',
      desiredCount: Math.min(tasksPerService, tasks - call * tasksPerService),
    }),
  );
  await Promise.all([calls, watch.untilRunning(before + tasks, timeoutOf(tasks))]);
  return performance.now() - started;
}

/** Four times as slow as wanted is slow enough to give up. */
const timeoutOf = (tasks: number): number => 30_000 + tasks * 3;

export async function inParallel(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
