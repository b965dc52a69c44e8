/** A cluster that holds many tasks answers RunTask calls that come at a fixed rate, whether or not earlier ones are answered. */
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../support/percentile.ts';
import { registerTask, runServices, type Phase } from './load.ts';

export interface SteadyOptions {
  /** Tasks that the cluster holds beforehand. */
  held: number;
  callsPerSecond: number;
  seconds: number;
}

export interface SteadyFigures {
  runTaskCalls: number;
  runTaskPlacedMsP50: number;
  runTaskPlacedMsP99: number;
  runTaskPlacedMsMax: number;
  controllerRssMb: number;
}

/** Each latency counts from when the call was due, so that a client that falls behind hides nothing. */
export async function steady(phase: Phase, { held, callsPerSecond, seconds }: SteadyOptions): Promise<SteadyFigures> {
  const { cluster, say } = phase;
  await registerTask(phase);
  const ms = await runServices(phase, held);
  say(`${held} tasks RUNNING as services after ${(ms / 1000).toFixed(1)} s`);
  const latencies: number[] = [];
  const calls: Promise<void>[] = [];
  const started = performance.now();
  for (let call = 0; call < callsPerSecond * seconds; call += 1) {
    const due = started + (call * 1000) / callsPerSecond;
    if (due > performance.now()) await delay(due - performance.now());
    calls.push(
      cluster.client
        .call<{ tasks: { containerInstanceArn?: string }[] }>('RunTask', { taskDefinition: 'bench' })
        .then(({ tasks }) => {
          if (!tasks[0]?.containerInstanceArn) throw new Error('RunTask answered without a place');
          latencies.push(performance.now() - due);
        }),
    );
  }
  await Promise.all(calls);
  const figures = {
    runTaskCalls: calls.length,
    runTaskPlacedMsP50: Math.round(percentile(latencies, 0.5)),
    runTaskPlacedMsP99: Math.round(percentile(latencies, 0.99)),
    runTaskPlacedMsMax: Math.round(Math.max(...latencies)),
    controllerRssMb: cluster.controllerRssMb(),
  };
  say(`RunTask at ${callsPerSecond} a second for ${seconds} s: ${JSON.stringify(figures)}`);
  return figures;
}
