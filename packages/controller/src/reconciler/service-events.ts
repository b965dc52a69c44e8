/**
 * What a service tells: `events[]` in ECS's wording, newest first, at most 100.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
import type { Service, ServiceEvent, ServiceState } from '../domain/service.ts';
import type { Task } from '../domain/task.ts';
import type { Replacement } from './restart-backoff.ts';

const keptEvents = 100;
const tasksNamedInAnEvent = 10;
/** The same refusal is told again after this long. */
const refusalTellingMs = 15 * 60_000;
const troubleshooting = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';

export interface Telling {
  messages: string[];
  told: NonNullable<ServiceState['told']>;
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
const named = (tasks: readonly Task[]): string => tasks.map(({ id }) => `(task ${id})`).join(' ');
const latest = (times: readonly number[], otherwise: number | undefined): number | undefined =>
  times.length === 0 ? otherwise : times.reduce((a, b) => Math.max(a, b));

export const steadyMessage = (service: string): string => `(service ${service}) has reached a steady state.`;
export const completedMessage = (service: string, deployment: string): string =>
  `(service ${service}) (deployment ${deployment}) deployment completed.`;
export const blockedMessage = (service: string): string =>
  `(service ${service}) was unable to stop or start tasks during a deployment because of the service deployment configuration. ` +
  `Update the minimumHealthyPercent or maximumPercent value and try again.`;

export const startedMessages = (service: string, tasks: readonly Task[]): string[] =>
  chunks(tasks, tasksNamedInAnEvent).map((some) => `(service ${service}) has started ${some.length} tasks: ${named(some)}.`);
export const stoppedMessages = (service: string, tasks: readonly Task[]): string[] =>
  chunks(tasks, tasksNamedInAnEvent).map(
    (some) => `(service ${service}) has stopped ${some.length} running tasks: ${named(some)}.`,
  );
export const unhealthyMessages = (service: string, tasks: readonly Task[]): string[] =>
  tasks.map(({ id }) => `(service ${service}) (task ${id}) failed container health checks.`);

/** Tasks that found a place since the last telling. */
export function tellStarts(service: Service, tasks: readonly Task[], telling: Telling): Telling {
  const since = telling.told.startedAt ?? 0;
  const started = tasks.filter(({ placedAt }) => placedAt !== undefined && placedAt > since);
  if (started.length === 0) return telling;
  const startedAt = latest(
    started.map(({ placedAt }) => placedAt ?? 0),
    since,
  );
  return { messages: [...telling.messages, ...startedMessages(service.name, started)], told: { ...telling.told, startedAt } };
}

/** Why tasks found no place; the same words at most every 15 minutes. */
export function tellRefusal(service: Service, isWaitingForPlace: boolean, now: number, telling: Telling): Telling {
  const { refusal } = service;
  if (!refusal || !isWaitingForPlace || refusal.at === telling.told.refusalAt) return telling;
  const message = `(service ${service.name}) was unable to place a task because ${refusal.because}`;
  const wasTold = service.state.events.some((event) => event.message === message && now - event.createdAt < refusalTellingMs);
  return {
    messages: wasTold ? telling.messages : [...telling.messages, message],
    told: { ...telling.told, refusalAt: refusal.at },
  };
}

/** Replacements that must wait: how long, and what the last task of the line died of. */
export function tellDelays(service: Service, waiting: readonly Replacement[], now: number, telling: Telling): Telling {
  const since = telling.told.delayedAt ?? 0;
  const fresh = waiting.filter(({ stopped }) => (stopped.observed.stoppedAt ?? 0) > since);
  const worst = fresh.toSorted((a, b) => b.earlyStops - a.earlyStops)[0];
  if (!worst) return telling;
  const delayedAt = latest(
    fresh.map(({ stopped }) => stopped.observed.stoppedAt ?? 0),
    since,
  );
  return {
    messages: [...telling.messages, delayMessage(service.name, fresh.length, worst, now)],
    told: { ...telling.told, delayedAt },
  };
}

function delayMessage(service: string, count: number, worst: Replacement, now: number): string {
  const seconds = Math.max(1, Math.round((worst.dueAt - now) / 1000));
  const last = `Last: (task ${worst.stopped.id}) ${causeOf(worst.stopped)}.`;
  if (worst.neverRan) {
    return `(service ${service}) is unable to consistently start tasks successfully. ${count} replacement(s) wait up to ${seconds} s. ${last} ${troubleshooting}`;
  }
  return (
    `(service ${service}) delays the replacement of ${count} task(s) by up to ${seconds} s: ` +
    `${worst.earlyStops} tasks in a row stopped within 10 s of their start. ${last}`
  );
}

/** `Essential container in task exited (web: exit code 1)` */
function causeOf({ observed }: Task): string {
  const details = observed.containers
    .filter(({ exitCode, reason }) => (exitCode !== undefined && exitCode !== 0) || reason)
    .map(({ name, exitCode, reason }) => `${name}: ${reason ?? `exit code ${exitCode}`}`);
  const detail = details.length === 0 ? '' : ` (${details.join('; ')})`;
  return `${observed.stoppedReason ?? 'stopped'}${detail}`;
}

export function withEvents(
  events: ServiceEvent[],
  messages: readonly string[],
  now: number,
  newEventId: () => string,
): ServiceEvent[] {
  if (messages.length === 0) return events;
  const added = messages.map((message) => ({ id: newEventId(), createdAt: now, message })).toReversed();
  return [...added, ...events].slice(0, keptEvents);
}
