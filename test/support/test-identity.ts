/** A controller's identity for tests: an authority in a store, and certificates and join tokens for whom a test says. */
import * as grpc from '@grpc/grpc-js';
import { formatJoinToken, newJoinToken, sha256, silentLogger, systemClock, type Clock } from '@mini-ecs/shared';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keyPem, newKeys } from '../../packages/agent/src/credentials/certificate-calls.ts';
import { withCertificate } from '../../packages/controller/src/domain/enrolment.ts';
import type { JoinTokenRecord } from '../../packages/controller/src/domain/join-token.ts';
import { openAuthority, type Authority } from '../../packages/controller/src/identity/authority.ts';
import { Enroller } from '../../packages/controller/src/identity/enroller.ts';
import { openSealer } from '../../packages/controller/src/identity/sealed-secrets.ts';
import { ServerIdentity } from '../../packages/controller/src/identity/server-identity.ts';
import { MemoryStore } from '../../packages/controller/src/store/memory-store.ts';
import { decodeEnrolment, encodeJoinToken } from '../../packages/controller/src/store/records.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';

export interface TestIdentityOptions {
  /** @default one in memory, with an ACTIVE cluster `default` */
  store?: Store;
  clock?: Clock;
  /** @default an hour */
  certificateLifetimeMs?: number;
  /** @default 30 days */
  serverLifetimeMs?: number;
}

/** What an instance needs to be itself, in PEM. */
export interface TestCertificate {
  key: string;
  certificate: string;
  authority: string;
  serial: string;
}

export const hourMs = 3_600_000;

export class TestIdentity {
  readonly authority: Authority;
  readonly server: ServerIdentity;
  readonly enroller: Enroller;
  readonly store: Store;
  readonly #lifetimeMs: number;

  private constructor(store: Store, authority: Authority, server: ServerIdentity, enroller: Enroller, lifetimeMs: number) {
    this.store = store;
    this.authority = authority;
    this.server = server;
    this.enroller = enroller;
    this.#lifetimeMs = lifetimeMs;
  }

  static async start(options: TestIdentityOptions = {}): Promise<TestIdentity> {
    const { clock = systemClock, certificateLifetimeMs = hourMs, serverLifetimeMs } = options;
    const store = options.store ?? (await aStore(clock));
    const dataDir = await mkdtemp(path.join(tmpdir(), 'mini-ecs-identity-'));
    const sealer = await openSealer(dataDir);
    await rm(dataDir, { recursive: true });
    const authority = await openAuthority({ store, sealer, clock });
    const log = silentLogger;
    const names = ['localhost', '127.0.0.1'];
    const lifetime = serverLifetimeMs === undefined ? {} : { lifetimeMs: serverLifetimeMs };
    const server = await ServerIdentity.start({ authority, names, clock, log, ...lifetime });
    const enroller = new Enroller({ store, authority, clock, log, certificateLifetimeMs });
    return new TestIdentity(store, authority, server, enroller, certificateLifetimeMs);
  }

  /** As an operator hands it to a host. */
  async joinToken(wishes: Partial<JoinTokenRecord> = {}): Promise<string> {
    const token = newJoinToken(this.authority.fingerprint);
    const record: JoinTokenRecord = {
      id: token.id,
      cluster: 'default',
      uses: 1,
      usesLeft: wishes.uses ?? 1,
      createdAt: Date.now(),
      expiresAt: Date.now() + hourMs,
      instance: undefined,
      attributes: {},
      ...wishes,
    };
    const set = encodeJoinToken(record, sha256(token.secret));
    await this.store.put({ partition: record.cluster, kind: 'join-token', id: token.id, expect: 'absent', set });
    return formatJoinToken(token);
  }

  /** Of an instance that has joined, now or before. `lifetimeMs`: from now on, whenever it was issued. */
  async certificateOf(
    instance: string,
    { cluster = 'default', lifetimeMs = this.#lifetimeMs, issuedAgoMs = 0 } = {},
  ): Promise<TestCertificate> {
    const keys = await newKeys();
    const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' });
    const plan = this.authority.plan(lifetimeMs);
    const planned = { ...plan, issuedAt: plan.issuedAt - issuedAgoMs };
    const [fields = {}] = await this.store.read(cluster, 'enrolment', [instance]);
    const { certificates, enrolledAt } = decodeEnrolment(cluster, instance, fields);
    const set = {
      certificates: JSON.stringify(withCertificate(certificates, planned, Date.now())),
      enrolledAt: String(enrolledAt || Date.now()),
    };
    await this.store.put({ partition: cluster, kind: 'enrolment', id: instance, expect: 'any', set });
    return {
      key: keyPem(keys),
      certificate: await this.authority.issueInstance({ cluster, instance }, publicKey, planned),
      authority: this.authority.certificate,
      serial: planned.serial,
    };
  }

  async credentialsOf(instance: string, cluster = 'default'): Promise<grpc.ChannelCredentials> {
    return credentialsWith(await this.certificateOf(instance, { cluster }));
  }

  /** Of one who trusts the controller, and is nobody itself. */
  get noCertificate(): grpc.ChannelCredentials {
    return grpc.credentials.createSsl(Buffer.from(this.authority.certificate));
  }

  stop(): void {
    this.server.stop();
  }
}

/** `trusted`: who must have signed the controller's certificate. */
export const credentialsWith = (
  { key, certificate, authority }: TestCertificate,
  trusted: string = authority,
): grpc.ChannelCredentials => grpc.credentials.createSsl(Buffer.from(trusted), Buffer.from(key), Buffer.from(certificate));

async function aStore(clock: Clock): Promise<Store> {
  const store = new MemoryStore({ clock });
  const set = { doc: '{}', status: 'ACTIVE' };
  await store.put({ partition: 'default', kind: 'cluster', id: 'default', expect: 'absent', set });
  return store;
}
