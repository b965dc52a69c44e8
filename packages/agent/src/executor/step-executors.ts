/** How each step of the planner is done. The table has an executor for every step, or it does not compile. */
import type { StepOutcome } from '../planner/apply-outcome.ts';
import type { Step, StepArguments, StepName } from '../planner/steps.ts';
import { RuntimeError, type ContainerRuntime } from '../runtime/container-runtime.ts';
import { pause, type Timers } from '../timers.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ImagePuller } from './image-puller.ts';
import { retryWhileUnreachable } from './retry.ts';

export interface ExecutorDependencies {
  runtime: ContainerRuntime;
  timers: Timers;
  images: ImagePuller;
  /** Of creates and starts, together. */
  launches: ConcurrencyLimit;
}

/** The signal says that the task goes down: stop trying to bring it up. */
type Executor<Name extends StepName> = (args: StepArguments[Name], signal: AbortSignal) => Promise<StepOutcome>;
export type StepExecutors = { [Name in StepName]: Executor<Name> };

/** The ECS agent's timeouts. */
const timeouts = {
  inspect: 30_000,
  pull: 2 * 60 * 60_000,
  createVolume: 5 * 60_000,
  create: 4 * 60_000,
  start: 3 * 60_000,
  /** Beyond the container's own stop timeout. */
  stop: 30_000,
  remove: 5 * 60_000,
} as const;

/** How long SIGKILL may take, and how often to look. */
const killWaitMs = 10_000;
const killPollMs = 200;

export function stepExecutors({ runtime, timers, images, launches }: ExecutorDependencies): StepExecutors {
  const call = <T>(timeoutMs: number, signal: AbortSignal, body: (attempt: number) => Promise<T>): Promise<T> =>
    retryWhileUnreachable({ timers, timeoutMs, signal }, body);
  const launch = <T>(
    priority: 'urgent' | 'normal',
    timeoutMs: number,
    signal: AbortSignal,
    body: (attempt: number) => Promise<T>,
  ) => retryWhileUnreachable({ timers, timeoutMs, signal, turn: (attempt) => launches.run(priority, attempt) }, body);
  const inspect = (id: string, signal: AbortSignal) => call(timeouts.inspect, signal, () => runtime.inspect(id));

  return {
    async pull({ image }, signal) {
      const { digest } = await call(timeouts.pull, signal, () => images.ensure(image));
      return { result: 'done', imageDigest: digest };
    },

    async createVolume({ request }, signal) {
      await call(timeouts.createVolume, signal, () => runtime.createVolume(request));
      return { result: 'done' };
    },

    async create({ request }, signal) {
      const { id, adopted } = await launch('normal', timeouts.create, signal, () => runtime.create(request));
      const observed = adopted ? await inspect(id, signal) : unstarted(id, request.name, request.labels);
      return { result: 'done', runtimeId: id, observed };
    },

    async start({ runtimeId }, signal) {
      return launch('urgent', timeouts.start, signal, async (attempt) => {
        // A start whose answer was lost may have taken effect, and a container of a task starts once.
        const before = attempt > 0 ? await runtime.inspect(runtimeId) : undefined;
        if (before?.startedAt === undefined) await runtime.start(runtimeId);
        // The only inspection on the way up: dynamic ports, start time, and whether it has exited already.
        return { result: 'done', observed: await runtime.inspect(runtimeId) };
      });
    },

    async stop({ runtimeId, timeoutSeconds }, signal) {
      const reason = await refusal(
        call(timeoutSeconds * 1000 + timeouts.stop, signal, () => runtime.stop(runtimeId, timeoutSeconds)),
      );
      const observed = await inspect(runtimeId, signal);
      return reason !== undefined && observed?.state === 'running' ? { result: 'failed', reason } : { result: 'done', observed };
    },

    async kill({ runtimeId }, signal) {
      await refusal(call(timeouts.stop, signal, () => runtime.kill(runtimeId)));
      const deadline = timers.now() + killWaitMs;
      let observed = await inspect(runtimeId, signal);
      while (observed?.state === 'running' && timers.now() < deadline) {
        await pause(timers, killPollMs, signal);
        observed = await inspect(runtimeId, signal);
      }
      return { result: 'done', observed };
    },

    async remove({ runtimeId }, signal) {
      await call(timeouts.remove, signal, () => runtime.remove(runtimeId));
      return { result: 'done' };
    },

    async removeVolume({ volume }, signal) {
      await call(timeouts.remove, signal, () => runtime.removeVolume(volume));
      return { result: 'done' };
    },
  };
}

/** Runs a step to its outcome; never rejects with what the engine says or with the signal. */
export async function executeStep(executors: StepExecutors, step: Step, signal: AbortSignal): Promise<StepOutcome> {
  const execute = executors[step.name] as (args: Step, signal: AbortSignal) => Promise<StepOutcome>;
  try {
    return await execute(step, signal);
  } catch (error) {
    if (error instanceof RuntimeError) return { result: 'failed', reason: error.message };
    if (signal.aborted) return { result: 'cancelled' };
    throw error;
  }
}

async function refusal(call: Promise<void>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof RuntimeError) return error.message;
    throw error;
  }
}

/** A container just created needs no inspection. */
const unstarted = (id: string, name: string, labels: Record<string, string>) => ({
  id,
  name,
  labels,
  state: 'created' as const,
  outOfMemory: false,
  error: '',
  health: 'UNKNOWN' as const,
  networkBindings: [],
});
