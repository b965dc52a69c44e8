import test from 'ava';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { TestIdentity } from '../../../../test/support/test-identity.ts';

// 0.9 s past a whole second.
const clock = { now: () => Date.UTC(2026, 0, 1) + 900 };

test('a certificate lasts as long as what is recorded of it says, though certificates have no fractions of seconds', async (t) => {
  const { authority } = await TestIdentity.start({ clock });
  const { certificate, expiresAt } = await authority.issueServer(['localhost'], 2_000);
  t.is(new X509Certificate(certificate).validToDate.getTime(), expiresAt);
  t.true(expiresAt >= clock.now() + 2_000);
  const planned = authority.plan(2_000);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = { cluster: 'default', instance: '0'.repeat(32) };
  const issued = await authority.issueInstance(name, publicKey.export({ format: 'der', type: 'spki' }), planned);
  t.is(new X509Certificate(issued).validToDate.getTime(), planned.expiresAt);
});
