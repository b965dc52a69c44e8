/** Gives certificates to agents: a first one for a join token, a new one for one that ends. */
import {
  enrolmentStatement,
  isSignedBy,
  readPublicKey,
  renewalStatement,
  sha256,
  type Clock,
  type EnrollReceived,
  type IssuedCertificateMessage,
  type Logger,
  type RenewReceived,
} from '@mini-ecs/shared';
import { X509Certificate } from 'node:crypto';
import { problemOf, renewableAfterEndMs, withCertificate, type IssuedCertificate } from '../domain/enrolment.ts';
import { decodeEnrolment } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Authority } from './authority.ts';
import { certificateProblems, enrolmentRefusals } from './enrolment-refusals.ts';
import { issuedCertificate } from './issued-certificate.ts';
import { readInstanceName, type InstanceName } from './instance-name.ts';
import { RefusalLog } from './refusal-log.ts';
import { joinProblem, renewalProblem } from './request-forms.ts';

export interface EnrollerOptions {
  store: Pick<Store, 'enrolInstance' | 'read' | 'put'>;
  authority: Authority;
  clock: Clock;
  log: Logger;
  /** ms */
  certificateLifetimeMs: number;
}

export type Issue = { issued: true; message: IssuedCertificateMessage } | { issued: false; reason: string };

/** How often a renewal is tried again when the enrolment changed meanwhile. */
const mostAttempts = 5;

export class Enroller {
  readonly #options: EnrollerOptions;
  readonly #refusals: RefusalLog;

  constructor(options: EnrollerOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options);
  }

  /** Throws what the store throws. */
  async enroll(request: EnrollReceived): Promise<Issue> {
    const malformed = joinProblem(request);
    if (malformed) return this.#refuse(malformed);
    const { cluster, instanceId, tokenId, tokenSecret, publicKey, proof } = request;
    const { store, authority, certificateLifetimeMs, log } = this.#options;
    const name: InstanceName = { cluster, instance: instanceId };
    const key = readPublicKey(publicKey);
    if (!key) return this.#refuse('The request cannot be read: public_key must be an ECDSA key on the curve P-256.', name);
    if (!isSignedBy(key, enrolmentStatement(cluster, instanceId, publicKey), proof)) {
      return this.#refuse('The agent did not show that it has the private key of its public key.', name);
    }
    const planned = authority.plan(certificateLifetimeMs);
    const result = await store.enrolInstance({
      ...name,
      token: tokenId,
      secretHash: sha256(tokenSecret),
      keyHash: sha256(publicKey),
      certificates: JSON.stringify([planned]),
    });
    if (!result.ok) {
      return this.#refuse(enrolmentRefusals[result.reason](name), { ...name, token: tokenId, code: result.reason });
    }
    log.info({ ...name, token: tokenId, serial: planned.serial }, 'An instance joined.');
    return this.#issue(name, publicKey, planned);
  }

  /** Throws what the store throws. */
  async renew(request: RenewReceived): Promise<Issue> {
    const malformed = renewalProblem(request);
    if (malformed) return this.#refuse(malformed);
    const { certificate, publicKey, proof, consent } = request;
    const old = readCertificate(certificate);
    if (!old) return this.#refuse('The request cannot be read: certificate must be one.');
    const standing = this.#standingOf(old);
    if (typeof standing === 'string') return this.#refuse(standing);
    const key = readPublicKey(publicKey);
    const statement = renewalStatement(certificate, publicKey);
    if (!key || !isSignedBy(key, statement, proof) || !isSignedBy(old.publicKey, statement, consent)) {
      return this.#refuse('The agent did not show that it has the keys of its certificate and of the one that it asks for.');
    }
    const planned = this.#options.authority.plan(this.#options.certificateLifetimeMs);
    const problem = await this.#record(standing, issuedCertificate(old.serialNumber, old.validFrom, old.validTo), planned);
    return problem === undefined ? this.#issue(standing, publicKey, planned) : this.#refuse(problem, standing);
  }

  /** `about`: what is known of who asks, for the log. */
  #refuse(reason: string, about: object = {}): Issue {
    this.#refusals.warn({ ...about, reason }, 'An agent was refused a certificate.');
    return { issued: false, reason };
  }

  /** Whose it is, or why it cannot be renewed. */
  #standingOf(certificate: X509Certificate): InstanceName | string {
    const { authority, clock } = this.#options;
    if (!authority.hasSigned(certificate)) return 'The certificate is of another authority.';
    if (certificate.validToDate.getTime() + renewableAfterEndMs < clock.now()) {
      return 'The certificate ended too long ago to be renewed: join again with a token made for this instance.';
    }
    return readInstanceName(certificate.subjectAltName) ?? 'The certificate is not that of a container instance.';
  }

  /** Adds a certificate to those that serve; why not, when the old one does not serve itself. */
  async #record(name: InstanceName, asking: IssuedCertificate, planned: IssuedCertificate): Promise<string | undefined> {
    const { store, clock } = this.#options;
    const { cluster, instance } = name;
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const [fields] = await store.read(cluster, 'enrolment', [instance]);
      const enrolment = fields && decodeEnrolment(cluster, instance, fields);
      const problem = problemOf(enrolment, asking);
      if (problem || !enrolment) return certificateProblems[problem ?? 'NOT_ENROLLED'](name);
      const certificates = withCertificate(enrolment.certificates, planned, clock.now(), asking);
      const result = await store.put({
        partition: cluster,
        kind: 'enrolment',
        id: instance,
        expect: { version: String(enrolment.version) },
        set: { certificates: JSON.stringify(certificates) },
      });
      if (result.ok) return undefined;
    }
    return 'The enrolment is changed by others all the time. Try again.';
  }

  async #issue(name: InstanceName, publicKey: Uint8Array, planned: IssuedCertificate): Promise<Issue> {
    const { authority, clock } = this.#options;
    const certificate = await authority.issueInstance(name, publicKey, planned);
    const lifetimeMs = planned.expiresAt - clock.now();
    return { issued: true, message: { certificate, authority: authority.certificate, lifetimeMs: Math.max(0, lifetimeMs) } };
  }
}

function readCertificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
