/** An empty cluster is filled: from the first request until all tasks are RUNNING. */
import type { CpuSeconds } from '../../support/fleet-cluster.ts';
import { registerTask, runServices, runTasks, type Phase } from './load.ts';

export interface FillFigures {
  tasksPerSecond: number;
  /** Seconds of CPU, so that it can be seen who held the others up. */
  cpuSeconds: CpuSeconds;
  controllerRssMb: number;
}

export async function fill(phase: Phase, tasks: number, how: 'RunTask' | 'services'): Promise<FillFigures> {
  const { cluster, say } = phase;
  await registerTask(phase);
  const before = cluster.cpuSeconds();
  const ms = await (how === 'RunTask' ? runTasks(phase, tasks) : runServices(phase, tasks));
  const after = cluster.cpuSeconds();
  const tasksPerSecond = Math.round((tasks * 1000) / ms);
  const cpuSeconds = Object.fromEntries(
    Object.entries(after).map(([who, used]) => [who, Number((used - before[who as keyof CpuSeconds]).toFixed(2))]),
  ) as unknown as CpuSeconds;
  say(
    `${how}: ${tasks} tasks RUNNING in ${(ms / 1000).toFixed(2)} s, ${tasksPerSecond} a second; CPU ${JSON.stringify(cpuSeconds)}`,
  );
  return { tasksPerSecond, cpuSeconds, controllerRssMb: cluster.controllerRssMb() };
}
