/** What a controller shows to who connects: its certificate, made anew before it ends. It lives in memory only. */
import type { Clock, Logger } from '@mini-ecs/shared';
import type { Authority } from './authority.ts';
import type { KeyAndCertificate } from './certificates.ts';

export interface ServerIdentityOptions {
  authority: Authority;
  /** Names and addresses that clients reach it at. */
  names: readonly string[];
  clock: Clock;
  log: Logger;
  /** @default 30 days */
  lifetimeMs?: number;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Renewed when this much of its life is over. */
const renewedAfter = 2 / 3;

export class ServerIdentity {
  readonly #options: ServerIdentityOptions;
  readonly #lifetimeMs: number;
  readonly #listeners = new Set<(own: KeyAndCertificate) => void>();
  readonly #timer: NodeJS.Timeout;
  #own: KeyAndCertificate;
  #expiresAt: number;

  static async start(options: ServerIdentityOptions): Promise<ServerIdentity> {
    const { authority, names, lifetimeMs = 30 * dayMs } = options;
    return new ServerIdentity(options, lifetimeMs, await authority.issueServer(names, lifetimeMs));
  }

  private constructor(
    options: ServerIdentityOptions,
    lifetimeMs: number,
    { expiresAt, ...own }: KeyAndCertificate & { expiresAt: number },
  ) {
    this.#options = options;
    this.#lifetimeMs = lifetimeMs;
    this.#own = own;
    this.#expiresAt = expiresAt;
    // Looked at often, by the clock that the certificate goes by: a timer of weeks knows nothing of a machine that slept.
    this.#timer = setInterval(() => void this.#renewInTime(), Math.min(lifetimeMs / 10, dayMs / 24)).unref();
  }

  /** PEM */
  get authority(): string {
    return this.#options.authority.certificate;
  }

  /** The key, and the certificate with that of the authority behind it: a chain, in PEM. */
  get own(): KeyAndCertificate {
    return { key: this.#own.key, certificate: `${this.#own.certificate}\n${this.authority}` };
  }

  /** Called with what is shown from now on. */
  onRenewed(listener: (own: KeyAndCertificate) => void): void {
    this.#listeners.add(listener);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #renewInTime(): Promise<void> {
    const { authority, names, clock, log } = this.#options;
    if (this.#expiresAt - clock.now() > this.#lifetimeMs * (1 - renewedAfter)) return;
    try {
      const { expiresAt, ...own } = await authority.issueServer(names, this.#lifetimeMs);
      this.#own = own;
      this.#expiresAt = expiresAt;
      for (const listener of this.#listeners) listener(this.own);
      log.info("The controller's certificate was renewed.");
    } catch (error) {
      log.error({ err: error }, "The controller's certificate could not be renewed; it is tried again.");
    }
  }
}
