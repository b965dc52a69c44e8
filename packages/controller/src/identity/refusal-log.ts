/**
 * Tells of refusals without letting strangers fill the log: so many lines a minute, and how many more there were with the first line
 * of a later minute.
 */
import type { Clock, Logger } from '@mini-ecs/shared';

/** More than an operator reads, and than a fleet that comes back wrong needs to be understood. */
export const linesAMinute = 20;
const minuteMs = 60_000;

export interface LineBudget {
  /** ms; of the minute that it is for */
  startedAt: number;
  lines: number;
  untold: number;
}

/** What is left of the budget after one more refusal, and whether that is told: with how many before it that were not. */
export function spend(
  budget: LineBudget | undefined,
  now: number,
  most: number,
): { budget: LineBudget; line: { untold: number } | undefined } {
  const isCurrent = budget !== undefined && now >= budget.startedAt && now < budget.startedAt + minuteMs;
  if (!isCurrent) return { budget: { startedAt: now, lines: 1, untold: 0 }, line: { untold: budget?.untold ?? 0 } };
  const { lines, untold } = budget;
  if (lines >= most) return { budget: { ...budget, untold: untold + 1 }, line: undefined };
  return { budget: { ...budget, lines: lines + 1 }, line: { untold: 0 } };
}

export class RefusalLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  #budget: LineBudget | undefined;

  constructor({ log, clock }: { log: Logger; clock: Clock }) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `fields`: nothing that a stranger says and nobody looked at. */
  warn(fields: object, message: string): void {
    const { budget, line } = spend(this.#budget, this.#clock.now(), linesAMinute);
    this.#budget = budget;
    if (line) this.#log.warn(line.untold > 0 ? { ...fields, untold: line.untold } : fields, message);
  }
}
