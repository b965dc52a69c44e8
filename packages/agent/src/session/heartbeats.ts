import type { Cancel, Timers } from '../timers.ts';

export interface HeartbeatOptions {
  timers: Timers;
  periodMs: number;
  /** How long a heartbeat may stay unanswered. */
  silenceMs: number;
  send: (sequence: number) => void;
  onSilence: () => void;
}

/** Proves to the controller that the agent lives, and to the agent that the controller does. */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  #sequence = 0;
  #cancelNext: Cancel | undefined;
  #cancelSilence: Cancel | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#beat();
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
    const { timers, periodMs, silenceMs, send, onSilence } = this.#options;
    this.#sequence += 1;
    this.#cancelSilence ??= timers.after(silenceMs, onSilence);
    this.#cancelNext = timers.after(periodMs, () => this.#beat());
    send(this.#sequence);
  }
}
