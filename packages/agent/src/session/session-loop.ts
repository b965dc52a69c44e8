/**
 * Keeps one session open: with the next controller of the list as soon as one is lost, ever more slowly while
 * nobody takes it. Suspended while the container engine is away: a host without one counts as lost.
 */
import type { Cancel } from '../timers.ts';
import { Session, type SessionDependencies, type SessionEnd } from './session.ts';

const firstDelayMs = 100;
/** Less than the time that controllers give agents to come back before they judge anybody. */
const lastDelayMs = 2_000;
/** A session that lasted so long was a good one: the next attempt is a first one. */
const goodSessionMs = 5_000;
const farewellMs = 1_000;
/** How long an attempt that was given up may still be on its way to its controller. */
const straysForMs = 60_000;

export interface SessionLoopOptions extends SessionDependencies {
  /** `host:port` each; at least one. */
  controllers: readonly string[];
  /** Between 0 and 1 */
  random: () => number;
}

export class SessionLoop {
  readonly #options: SessionLoopOptions;
  #session: Session | undefined;
  #openedAt = 0;
  /** In the list of controllers. */
  #current: number;
  /** Controllers whose last attempt got no answer: the last to be tried again. */
  readonly #silent = new Set<string>();
  #failures = 0;
  #lastRefusal = '';
  #active = false;
  #cancelRetry: Cancel | undefined;
  /** When attempts were given up that no controller had answered. */
  #unanswered: number[] = [];
  #onIdle: (() => void) | undefined;

  constructor(options: SessionLoopOptions) {
    this.#options = options;
    // All agents have the same list: they are not all to be one controller's.
    this.#current = Math.floor(options.random() * options.controllers.length);
  }

  /** Opens sessions from now on. */
  resume(): void {
    if (this.#active) return;
    this.#active = true;
    this.#open();
  }

  /** Ends the session and opens no other until `resume`. */
  suspend(reason: string): void {
    this.#active = false;
    this.#cancelRetry?.();
    this.#session?.abandon(reason);
  }

  /** Says farewell and resolves when the controller has heard it, or a second later. */
  async stop(): Promise<void> {
    this.#active = false;
    this.#cancelRetry?.();
    const session = this.#session;
    if (!session) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    const cancel = this.#options.timers.after(farewellMs, () => session.abandon('the agent stops'));
    session.farewell();
    await idle;
    cancel();
  }

  #open(): void {
    const { controllers, timers } = this.#options;
    const endpoint = controllers[this.#current] ?? '';
    this.#openedAt = timers.now();
    // The end may come before the constructor returns.
    let ended = false;
    const session = new Session(endpoint, this.#options, (end) => {
      ended = true;
      this.#ended(endpoint, end);
    });
    this.#session = ended ? undefined : session;
  }

  #ended(endpoint: string, end: SessionEnd): void {
    const { timers } = this.#options;
    this.#session = undefined;
    this.#onIdle?.();
    if (!this.#active) return;
    this.#tell(endpoint, end);
    if (end.welcomed || end.refused) this.#silent.delete(endpoint);
    else this.#silent.add(endpoint);
    const wasGood = end.welcomed && !end.refused && timers.now() - this.#openedAt >= goodSessionMs;
    this.#failures = wasGood ? 0 : this.#failures + 1;
    this.#current = this.#following();
    this.#cancelRetry = timers.after(Math.max(this.#delay(), this.#retryAfterMs(end)), () => this.#open());
  }

  /**
   * A stopped controller takes up a Hello when it goes on, long after the agent went elsewhere, and so supersedes the session
   * there with one that nobody holds. Then the agent must be back before its lease ends, and not leave the place to a twin.
   */
  #retryAfterMs({ welcomed, refused, superseded, retryAfterMs }: SessionEnd): number {
    const now = this.#options.timers.now();
    this.#unanswered = this.#unanswered.filter((at) => now - at < straysForMs);
    if (superseded && this.#unanswered.shift() !== undefined) return 0;
    if (!welcomed && !refused) this.#unanswered.push(now);
    return retryAfterMs;
  }

  /** The next of the others that answered when it was last asked, or was not asked yet; the very next when none did. */
  #following(): number {
    const { controllers } = this.#options;
    const others = controllers.slice(1).map((_, step) => (this.#current + 1 + step) % controllers.length);
    return others.find((index) => !this.#silent.has(controllers[index] ?? '')) ?? others[0] ?? this.#current;
  }

  /** Doubles with every round through the list; half of it is chance, so that a fleet does not come back in step. */
  #delay(): number {
    const { controllers, random } = this.#options;
    const round = Math.floor(Math.max(this.#failures - 1, 0) / controllers.length);
    const longest = Math.min(firstDelayMs * 2 ** round, lastDelayMs);
    return longest / 2 + (random() * longest) / 2;
  }

  /** A refusal is repeated for as long as it lasts; told once. */
  #tell(endpoint: string, { reason, refused }: SessionEnd): void {
    const { log } = this.#options;
    if (!refused) log.warn({ endpoint, reason }, 'session lost; what runs goes on');
    else if (reason !== this.#lastRefusal) log.error({ endpoint, reason }, 'session refused; what runs is left as it is');
    this.#lastRefusal = refused ? reason : '';
  }
}
