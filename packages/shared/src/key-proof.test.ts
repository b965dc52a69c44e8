import test from 'ava';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { enrolmentStatement, isSignedBy, readPublicKey, renewalStatement, signStatement } from './key-proof.ts';

const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

test('a proof holds for its own key, cluster and instance only', (t) => {
  const [own, other] = [keys(), keys()];
  const statement = enrolmentStatement('default', 'i1', spki(own.publicKey));
  const proof = signStatement(statement, own.privateKey);
  t.true(isSignedBy(own.publicKey, statement, proof));
  t.false(isSignedBy(other.publicKey, statement, proof));
  for (const [cluster, instance] of [
    ['default', 'i2'],
    ['other', 'i1'],
  ] as const) {
    t.false(isSignedBy(own.publicKey, enrolmentStatement(cluster, instance, spki(own.publicKey)), proof));
  }
  t.false(isSignedBy(own.publicKey, enrolmentStatement('default', 'i1', spki(other.publicKey)), proof));
  t.false(isSignedBy(own.publicKey, renewalStatement(Buffer.alloc(0), spki(own.publicKey)), proof));
  t.false(isSignedBy(own.publicKey, statement, Buffer.from('no signature')));
});

test('only P-256 keys are read', (t) => {
  t.truthy(readPublicKey(spki(keys().publicKey)));
  const trailing = Buffer.concat([spki(keys().publicKey), Buffer.from([0xa3, 0x00])]);
  t.is(readPublicKey(trailing), undefined);
  t.is(readPublicKey(Buffer.alloc(0)), undefined);
  t.is(readPublicKey(Buffer.alloc(91, 7)), undefined);
  t.is(readPublicKey(spki(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)), undefined);
  t.is(readPublicKey(spki(generateKeyPairSync('ed25519').publicKey)), undefined);
});
