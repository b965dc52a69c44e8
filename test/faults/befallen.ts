/** What the faults of a round may have done to containers, and so what must not be held against the cluster. */
import type { StruckFault } from './fault-schedule.ts';

/** An engine that was killed: what ran, or was being started, ended with it. ms since the epoch. */
export interface EngineLoss {
  host: string;
  fromMs: number;
  /** When it answered again. */
  untilMs: number;
}

export interface Befallen {
  /** Hosts that tasks of services may have moved from: their engine was killed, or they were away for long enough to be judged lost. */
  hosts: ReadonlySet<string>;
  engineLosses: readonly EngineLoss[];
}

export const nothingBefell: Befallen = { hosts: new Set(), engineLosses: [] };

/** The controllers' lease of 4 s begins with the last heartbeat, up to 1 s before the fault. */
const longAbsenceMs = 3_000;

/** From the fault's beginning to the agent's next heartbeat: a process starts, or TCP, whose pauses double, tries again. */
function absenceMs({ kind, fromMs, untilMs }: StruckFault): number {
  const ms = untilMs - fromMs;
  if (kind === 'agentPause') return ms + 500;
  return kind === 'agentKill' ? ms + 1_500 : 2 * ms + 500;
}

export function befallenBy(faults: readonly StruckFault[]): Befallen {
  const engineLosses = faults.flatMap(({ host, endsContainers, fromMs, untilMs }) =>
    host !== undefined && endsContainers ? [{ host, fromMs, untilMs }] : [],
  );
  const awayMs = new Map<string, number>();
  for (const fault of faults) {
    // One fault may follow on another before the agent is back: together they are one absence.
    if (fault.host !== undefined) awayMs.set(fault.host, (awayMs.get(fault.host) ?? 0) + absenceMs(fault));
  }
  const lost = [...awayMs].flatMap(([host, ms]) => (ms >= longAbsenceMs ? host : []));
  return { hosts: new Set([...lost, ...engineLosses.map(({ host }) => host)]), engineLosses };
}

/** What is known of a task's life; ms since the epoch. */
export interface Lifetime {
  host: string;
  createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
}

/** A task that started after the engine had come back, or had stopped before it went, did not end with it. */
export const mayHaveEndedWithEngine = (
  { host, createdAt, startedAt, stoppedAt }: Lifetime,
  losses: readonly EngineLoss[],
): boolean =>
  losses.some(
    (loss) =>
      loss.host === host && (startedAt ?? createdAt) <= loss.untilMs && (stoppedAt === undefined || stoppedAt >= loss.fromMs),
  );
