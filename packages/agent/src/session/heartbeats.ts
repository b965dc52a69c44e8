import type { Cancel, Timers } from '../timers.ts';

export interface HeartbeatOptions {
  timers: Timers;
  periodMs: number;
  /** How long a heartbeat may stay unanswered. */
  silenceMs: number;
  send: (sequence: number) => void;
  onSilence: () => void;
}

/**
 * Proves to the controller that the agent lives, and to the agent that the controller does. Any message proves as much: while
 * both sides have something to say anyway, no heartbeat is sent, and neither is ever silent for longer than a period.
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  #sequence = 0;
  #sentAt: number;
  #heardAt: number;
  #cancelNext: Cancel | undefined;
  #cancelSilence: Cancel | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#sentAt = this.#heardAt = options.timers.now();
    this.#beat();
  }

  /** The agent has said something else. */
  sent(): void {
    this.#sentAt = this.#options.timers.now();
  }

  /** The controller has said something, whatever it is. */
  heard(): void {
    this.#heardAt = this.#options.timers.now();
  }

  acknowledged(sequence: number): void {
    this.#cancelSilence?.();
    const { timers, silenceMs, onSilence } = this.#options;
    this.#cancelSilence = sequence < this.#sequence ? timers.after(silenceMs, onSilence) : undefined;
  }

  close(): void {
    this.#cancelNext?.();
    this.#cancelSilence?.();
  }

  #beat(): void {
    const { timers, silenceMs, send, onSilence } = this.#options;
    this.#sequence += 1;
    this.sent();
    this.#cancelSilence ??= timers.after(silenceMs, onSilence);
    this.#beatAfter(this.#options.periodMs);
    send(this.#sequence);
  }

  #beatAfter(delayMs: number): void {
    const { timers, periodMs } = this.#options;
    this.#cancelNext = timers.after(delayMs, () => {
      const dueInMs = Math.min(this.#sentAt, this.#heardAt) + periodMs - timers.now();
      // More than a period: the clock was set back.
      if (dueInMs > 0 && dueInMs <= periodMs) this.#beatAfter(dueInMs);
      else this.#beat();
    });
  }
}
