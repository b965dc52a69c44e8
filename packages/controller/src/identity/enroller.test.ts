import { newId, renewalStatement, signStatement, type RenewReceived } from '@mini-ecs/shared';
import test from 'ava';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { TestIdentity, type TestCertificate, type TestIdentityOptions } from '../../../../test/support/test-identity.ts';
import { newKeys } from '../../../agent/src/credentials/certificate-calls.ts';

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
