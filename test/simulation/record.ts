/** What is kept of a run: counts of what happened, what was violated, a fingerprint, and on demand the log of events. */
import type { Logger } from '@mini-ecs/shared';
import type { VirtualTime } from './virtual-time.ts';

export interface RunRecordOptions {
  time: VirtualTime;
  /** Called with each line of the log of events. */
  trace?: (line: string) => void;
}

/** Ends the run: what must never be has been seen. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export class RunRecord {
  readonly faults: Record<string, number> = {};
  readonly refusals: Record<string, number> = {};
  /** What clients asked for and how it ended. */
  readonly requests: Record<string, number> = {};
  violation: string | undefined;
  readonly isTraced: boolean;
  readonly #time: VirtualTime;
  readonly #trace: (line: string) => void;
  #fingerprint = 0x811c9dc5;

  constructor({ time, trace }: RunRecordOptions) {
    this.#time = time;
    this.isTraced = trace !== undefined;
    this.#trace = trace ?? (() => undefined);
  }

  /** Follows from everything that was written: of two runs of a seed it is the same. */
  get fingerprint(): string {
    return (this.#fingerprint >>> 0).toString(16).padStart(8, '0');
  }

  fold(number: number): void {
    this.#fingerprint = Math.imul(this.#fingerprint ^ (number | 0), 0x01000193);
  }

  fault(kind: string, detail: () => string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
    this.tell(`FAULT ${kind}`, detail);
  }

  refusal(kind: string): void {
    this.refusals[kind] = (this.refusals[kind] ?? 0) + 1;
  }

  request(kind: string): void {
    this.requests[kind] = (this.requests[kind] ?? 0) + 1;
  }

  tell(what: string, detail: () => string): void {
    if (!this.isTraced) return;
    const seconds = ((this.#time.now - this.#time.start) / 1000).toFixed(4).padStart(9);
    this.#trace(`${seconds} #${this.#time.events} ${what} ${detail()}`);
  }

  /** The first one counts: what comes after may follow from it. */
  violated(what: string): void {
    this.violation ??= `${what} (at ${((this.#time.now - this.#time.start) / 1000).toFixed(3)} s)`;
    this.tell('VIOLATION', () => what);
  }

  /** A program error inside of what is simulated is a violation too, though the product would survive it. */
  logger(name: string): Logger {
    const log = (level: string) => (context: unknown, message?: string) => {
      const error = (context as { err?: unknown } | undefined)?.err;
      if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) {
        this.violated(`${name}: ${message ?? ''} ${error.stack ?? String(error)}`);
      }
      this.tell(`log ${name} ${level}`, () => `${message ?? ''} ${told(context)}`);
    };
    const logger = {
      level: 'debug',
      trace: () => undefined,
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      fatal: log('fatal'),
      child: () => logger,
    };
    return logger as unknown as Logger;
  }
}

const told = (context: unknown): string =>
  JSON.stringify(context, (_key, value: unknown) => (value instanceof Error ? `${value.name}: ${value.message}` : value)) ?? '';
