/**
 * Keeps the agent's certificate: gets the first one with the join token, a new one when most of its life is over, and says what a
 * session is opened with. A certificate that a controller did not take is renewed before the next attempt; where that is refused
 * too, the join token, if one was given, may help. Not one of another installation: whose host this is, is for its operator to say.
 */
import * as grpc from '@grpc/grpc-js';
import { sha256, type JoinToken, type Logger } from '@mini-ecs/shared';
import { X509Certificate } from 'node:crypto';
import type { Cancel, Timers } from '../timers.ts';
import type { AgentCertificate, CertificateStore } from './agent-certificate.ts';
import {
  CertificateRefusedError,
  enroll,
  keyPem,
  newKeys,
  readKeys,
  renew,
  type KeyPair,
  type Who,
} from './certificate-calls.ts';

export interface CertificateKeeperOptions {
  who: Who;
  /** `host:port` each: where a certificate is renewed. */
  controllers: readonly string[];
  joinToken: JoinToken | undefined;
  store: CertificateStore;
  timers: Timers;
  log: Logger;
  /** Between 0 and 1; so that those that joined together do not renew together. */
  random: () => number;
}

/** The part of a certificate's life after which it is renewed: at two thirds at the latest. */
const renewedAfter = { least: 0.55, most: 2 / 3 };
const soonestRetryMs = 500;
const latestRetryMs = 60_000;

/** Why a token cannot help an agent that has a certificate; undefined: it may. */
function foreignness(joinToken: JoinToken | undefined, { authority, cluster }: AgentCertificate): string | undefined {
  if (!joinToken || sha256(new X509Certificate(authority).raw) === joinToken.fingerprint) return undefined;
  return (
    `The join token is of another installation than the one whose cluster ${cluster} this host has joined: ` +
    "start the agent with --reset to stop this instance's containers and join that one."
  );
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #certificate: AgentCertificate | undefined;
  #credentials: grpc.ChannelCredentials | undefined;
  /** PEM; kept until it is answered: a join whose answer was lost is asked for again with the same key, and uses the token once. */
  #joiningKey: string | undefined;
  /** Why the join token cannot help: see foreignness. */
  readonly #foreignToken: string | undefined;
  /** Why a controller did not take the certificate. */
  #doubt: string | undefined;
  #obtaining: Promise<void> | undefined;
  #cancelRenewal: Cancel | undefined;
  #renewals = 0;
  #closed = false;

  /** Throws when the agent has neither a certificate nor a token to get one with. */
  static async open(options: CertificateKeeperOptions): Promise<CertificateKeeper> {
    const { store, who, joinToken } = options;
    const kept = await store.load();
    const own = kept?.instanceId === who.instanceId && kept.cluster === who.cluster ? kept : undefined;
    if (!own?.certificate && !joinToken) {
      throw new Error(
        'This agent has not joined a cluster yet: give it a join token (--join-token-file or MINI_ECS_JOIN_TOKEN). ' +
          `A controller's machine prints one: mini-ecs token create --cluster ${who.cluster}`,
      );
    }
    return new CertificateKeeper(options, own);
  }

  private constructor(options: CertificateKeeperOptions, own: AgentCertificate | undefined) {
    this.#options = options;
    if (own?.certificate) {
      this.#certificate = own;
      this.#foreignToken = foreignness(options.joinToken, own);
      if (this.#foreignToken) options.log.warn({ cluster: own.cluster }, this.#foreignToken);
      this.#renewInTime(own);
    } else this.#joiningKey = own?.key;
  }

  /**
   * To open a session with `host:port`, after getting a certificate from it if need be. Throws CertificateRefusedError or
   * WrongAuthorityError for what only an operator can mend, other errors for what may pass.
   */
  async credentials(endpoint: string): Promise<grpc.ChannelCredentials> {
    if (!this.#certificate || this.#doubt !== undefined || this.#hasEnded(this.#certificate)) await this.#obtain(endpoint);
    const { key, certificate, authority } = this.#certificate!;
    this.#credentials ??= grpc.credentials.createSsl(Buffer.from(authority), Buffer.from(key), Buffer.from(certificate));
    return this.#credentials;
  }

  /** A controller did not take the certificate. */
  doubt(reason: string): void {
    this.#doubt = reason;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRenewal?.();
  }

  #hasEnded({ obtainedAt, lifetimeMs }: AgentCertificate): boolean {
    return this.#options.timers.now() >= obtainedAt + lifetimeMs;
  }

  /** One attempt at a time. */
  #obtain(endpoint: string): Promise<void> {
    this.#obtaining ??= this.#renewOrEnroll(endpoint).finally(() => {
      this.#obtaining = undefined;
    });
    return this.#obtaining;
  }

  async #renewOrEnroll(endpoint: string): Promise<void> {
    const { joinToken } = this.#options;
    if (!this.#certificate) return this.#enroll(endpoint);
    try {
      await this.#renew(endpoint, this.#certificate);
    } catch (error) {
      if (this.#foreignToken) throw withAdvice(error, this.#foreignToken);
      if (!(error instanceof CertificateRefusedError) || !joinToken) throw error;
      await this.#enroll(endpoint).catch((failure: unknown) => {
        if (!(failure instanceof CertificateRefusedError)) throw failure;
        throw new CertificateRefusedError(`${error.message} The join token does not help: ${failure.message}`);
      });
    }
  }

  async #enroll(endpoint: string): Promise<void> {
    const { joinToken, who, log } = this.#options;
    if (!joinToken) throw new CertificateRefusedError('There is no join token.');
    await this.#take(await enroll(endpoint, joinToken, who, await this.#keysToJoin()));
    this.#joiningKey = undefined;
    log.info({ cluster: who.cluster, instance: who.instanceId }, 'joined the cluster');
  }

  async #keysToJoin(): Promise<KeyPair> {
    if (this.#joiningKey) return readKeys(this.#joiningKey);
    const { who, store } = this.#options;
    const keys = await newKeys();
    this.#joiningKey = keyPem(keys);
    // One that joins again has a certificate there, which may still be wanted.
    const nothingYet = { certificate: '', authority: '', obtainedAt: 0, lifetimeMs: 0 };
    if (!this.#certificate) await store.save({ ...who, ...nothingYet, key: this.#joiningKey });
    return keys;
  }

  async #renew(endpoint: string, old: AgentCertificate): Promise<void> {
    await this.#take(await renew(endpoint, old, await newKeys()));
    this.#options.log.debug('the certificate was renewed');
  }

  async #take(obtained: Omit<AgentCertificate, 'obtainedAt'>): Promise<void> {
    const { store, timers } = this.#options;
    const certificate = { ...obtained, obtainedAt: timers.now() };
    await store.save(certificate);
    this.#certificate = certificate;
    this.#credentials = undefined;
    this.#doubt = undefined;
    this.#renewInTime(certificate);
  }

  #renewInTime({ obtainedAt, lifetimeMs }: AgentCertificate): void {
    const { timers, random } = this.#options;
    const part = renewedAfter.least + random() * (renewedAfter.most - renewedAfter.least);
    this.#renewAfter(obtainedAt + lifetimeMs * part - timers.now());
  }

  #renewAfter(delayMs: number): void {
    this.#cancelRenewal?.();
    if (this.#closed) return;
    this.#cancelRenewal = this.#options.timers.after(delayMs, () => void this.#renewNow());
  }

  async #renewNow(): Promise<void> {
    const { controllers, log } = this.#options;
    const old = this.#certificate;
    if (!old) return;
    const endpoint = controllers[this.#renewals++ % controllers.length] ?? '';
    try {
      await this.#obtain(endpoint);
    } catch (error) {
      log.warn({ err: error, endpoint }, 'the certificate could not be renewed; it is tried again');
      this.#renewAfter(Math.min(Math.max(old.lifetimeMs / 20, soonestRetryMs), latestRetryMs));
    }
  }
}

/** Of the same kind, because what is done about it depends on that. */
function withAdvice(error: unknown, advice: string): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return error instanceof CertificateRefusedError
    ? new CertificateRefusedError(`${reason} ${advice}`)
    : new Error(`${reason}. ${advice}`, { cause: error });
}
