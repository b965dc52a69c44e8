import {
  enrolmentStatement,
  newId,
  parseJoinToken,
  renewalStatement,
  signStatement,
  silentLogger,
  systemClock,
  type EnrollReceived,
  type RenewReceived,
} from '@mini-ecs/shared';
import test from 'ava';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { hourMs, TestIdentity, type TestCertificate, type TestIdentityOptions } from '../../../../test/support/test-identity.ts';
import { newKeys } from '../../../agent/src/credentials/certificate-calls.ts';
import { Enroller } from './enroller.ts';
import type { Store } from '../store/store.ts';

async function anIdentity(options: TestIdentityOptions = {}): Promise<TestIdentity> {
  const identity = await TestIdentity.start(options);
  identity.stop();
  return identity;
}

/** What an agent asks with that has the given certificate. */
async function aRenewal({ certificate: pem, key }: TestCertificate): Promise<RenewReceived> {
  const keys = await newKeys();
  const certificate = new X509Certificate(pem).raw;
  const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' });
  const statement = renewalStatement(certificate, publicKey);
  return {
    certificate,
    publicKey,
    proof: signStatement(statement, keys.privateKey),
    consent: signStatement(statement, createPrivateKey(key)),
  };
}

/** What an agent asks with that has the given token. */
async function aJoin(text: string, members: Partial<EnrollReceived> = {}): Promise<EnrollReceived> {
  const keys = await newKeys();
  const { id = '', secret = '' } = parseJoinToken(text) ?? {};
  const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' });
  const who = { cluster: 'default', instanceId: newId(), ...members };
  const proof = signStatement(enrolmentStatement(who.cluster, who.instanceId, publicKey), keys.privateKey);
  return { ...who, tokenId: id, tokenSecret: secret, publicKey, proof, ...members };
}

/** An enroller whose store and log fail the test when they are asked or told anything but words of ours. */
function aloof({ authority }: TestIdentity, told: object[] = []): Enroller {
  const untouched = new Proxy({} as Store, {
    get: (_, name) => () => {
      throw new Error(`the store was asked: ${String(name)}`);
    },
  });
  const log = Object.assign(Object.create(silentLogger) as typeof silentLogger, { warn: (fields: object) => told.push(fields) });
  return new Enroller({ store: untouched, authority, clock: systemClock, log, certificateLifetimeMs: hourMs });
}

const megabyte = 1024 * 1024;

for (const [field, values] of Object.entries({
  cluster: ['', 'a b', 'x'.repeat(256), 'x'.repeat(megabyte)],
  instanceId: ['', 'me', 'a'.repeat(megabyte)],
  tokenId: ['', 'X'.repeat(16), 'a'.repeat(megabyte)],
  tokenSecret: ['', 'x'.repeat(42), 'x'.repeat(megabyte)],
  publicKey: [Buffer.alloc(0), Buffer.alloc(91), Buffer.alloc(megabyte)],
  proof: [Buffer.alloc(0), Buffer.alloc(megabyte)],
})) {
  test(`a join whose ${field} has another form or size than it must have is refused without asking the store`, async (t) => {
    const identity = await anIdentity();
    const told: object[] = [];
    const enroller = aloof(identity, told);
    const token = await identity.joinToken();
    for (const value of values) {
      const issue = await enroller.enroll(await aJoin(token, { [field]: value }));
      t.regex(issue.issued ? '' : issue.reason, /^The request cannot be read: [^\n]{1,100}$/);
    }
    t.true(JSON.stringify(told).length < 300 * values.length);
  });
}

for (const field of ['certificate', 'publicKey', 'proof', 'consent'] as const) {
  test(`a renewal whose ${field} has another size than it can have is refused without asking the store`, async (t) => {
    const identity = await anIdentity();
    const own = await identity.certificateOf(newId());
    const told: object[] = [];
    for (const size of [0, megabyte]) {
      const issue = await aloof(identity, told).renew({ ...(await aRenewal(own)), [field]: Buffer.alloc(size) });
      t.regex(issue.issued ? '' : issue.reason, /^The request cannot be read: [^\n]{1,100}$/);
    }
    t.true(JSON.stringify(told).length < 1_000);
  });
}

test('who has no token does not learn which clusters there are', async (t) => {
  const identity = await anIdentity();
  const token = await identity.joinToken();
  const reasonFor = async (cluster: string): Promise<string> => {
    const issue = await identity.enroller.enroll(await aJoin(token, { cluster, tokenId: '0'.repeat(16) }));
    return issue.issued ? '' : issue.reason.replaceAll(cluster, '<cluster>');
  };
  t.is(await reasonFor('default'), await reasonFor('nowhere'));
});

for (const [which, lifetimeMs] of [
  ['that has expired', -1_000],
  ['that is still good', 60_000],
] as const) {
  test(`a certificate ${which} is renewed however many answers were lost before`, async (t) => {
    const identity = await anIdentity({ certificateLifetimeMs: lifetimeMs });
    const own = await identity.certificateOf(newId());
    for (let lost = 0; lost < 10; lost++) t.like(await identity.enroller.renew(await aRenewal(own)), { issued: true });
    t.like(await identity.enroller.renew(await aRenewal(own)), { issued: true });
  });
}
