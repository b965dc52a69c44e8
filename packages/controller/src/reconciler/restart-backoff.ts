/**
 * When a stopped task of a service may be replaced. At once, unless its line (the task, the one it replaced, …) stops
 * early again and again: the first replacement is immediate, further ones wait 1, 2, 4 … seconds.
 *
 *  lived under 10 s      at most 60 s. Amazon ECS replaces these without any delay, which spins.
 *  never reached RUNNING at most 27 minutes, as on ECS:
 *    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
 *
 * Nothing is remembered but `spec.replaces` of each task: the delay follows from the tasks themselves. A new deployment
 * starts new lines.
 */
import type { Task } from '../domain/task.ts';

const shortLifeMs = 10_000;
const longestShortLifeDelayMs = 60_000;
const longestStartFailureDelayMs = 27 * 60_000;
/** A stop this long past its due time opens no line any more: its place was given up by a scale-in meanwhile. */
const forgottenAfterMs = 60_000;

export interface Replacement {
  stopped: Task;
  /** Early stops in a row, the stopped task's included; 0: it ended well or on request. */
  earlyStops: number;
  /** ms since the epoch */
  dueAt: number;
  neverRan: boolean;
}

/** The places that stopped tasks of the deployment left open, latest first. */
export function openReplacements(deploymentTasks: readonly Task[], now: number): Replacement[] {
  const replaced = new Set(deploymentTasks.flatMap(({ spec }) => (spec.replaces ? [spec.replaces.taskId] : [])));
  return deploymentTasks
    .filter(
      (task) =>
        task.observed.lastStatus === 'STOPPED' && !replaced.has(task.id) && task.desire.stopCode !== 'ServiceSchedulerInitiated',
    )
    .map(replacementOf)
    .filter(({ dueAt }) => now < dueAt + forgottenAfterMs)
    .sort((a, b) => stoppedAt(b.stopped) - stoppedAt(a.stopped) || (a.stopped.id < b.stopped.id ? -1 : 1));
}

function replacementOf(stopped: Task): Replacement {
  const neverRan = stopped.observed.startedAt === undefined;
  const earlyStops = stoppedEarly(stopped) ? (stopped.spec.replaces?.earlyStops ?? 0) + 1 : 0;
  return { stopped, earlyStops, neverRan, dueAt: stoppedAt(stopped) + delayMs(earlyStops, neverRan) };
}

export function delayMs(earlyStops: number, neverRan: boolean): number {
  if (earlyStops < 2) return 0;
  return Math.min(neverRan ? longestStartFailureDelayMs : longestShortLifeDelayMs, 1000 * 2 ** (earlyStops - 2));
}

function stoppedEarly({ desire, observed }: Task): boolean {
  if (desire.desiredStatus === 'STOPPED') return false;
  if (observed.startedAt === undefined) return true;
  return (observed.executionStoppedAt ?? observed.stoppedAt ?? Infinity) - observed.startedAt < shortLifeMs;
}

const stoppedAt = ({ observed, spec }: Task): number => observed.stoppedAt ?? observed.executionStoppedAt ?? spec.createdAt;
