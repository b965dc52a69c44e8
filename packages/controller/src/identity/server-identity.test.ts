import { newId, parseJoinToken, silentLogger } from '@mini-ecs/shared';
import test from 'ava';
import { X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../../../test/support/eventually.ts';
import { FakeController } from '../../../../test/support/fake-controller.ts';
import { TestIdentity } from '../../../../test/support/test-identity.ts';
import { enroll, newKeys } from '../../../agent/src/credentials/certificate-calls.ts';
import { ServerIdentity } from './server-identity.ts';

/** ms since the epoch */
const endOf = (certificate: string): number => new X509Certificate(certificate).validToDate.getTime();

test("a controller's certificate is made anew before it ends, and whoever shows it is told", async (t) => {
  let now = Date.now();
  const clock = { now: () => now };
  const { authority } = await TestIdentity.start({ clock });
  // Looked at every 300 ms, renewed when a second is left.
  const identity = await ServerIdentity.start({ authority, names: ['localhost'], clock, log: silentLogger, lifetimeMs: 3_000 });
  t.teardown(() => identity.stop());
  const first = identity.own;
  const endsAt = endOf(first.certificate);
  const told: string[] = [];
  identity.onRenewed(({ certificate }) => told.push(certificate));
  now = endsAt - 1_500;
  await pause(700);
  t.deepEqual(told, [], 'it has half its life before it');
  now = endsAt - 900;
  await eventually(() => told.length > 0);
  t.is(told.at(-1), identity.own.certificate);
  t.true(endOf(identity.own.certificate) > endsAt);
  t.not(identity.own.key, first.key);
  t.true(identity.own.certificate.includes(authority.certificate.trim()));
});

test('an agent that comes after the renewal is shown the new certificate', async (t) => {
  const identity = await TestIdentity.start({ serverLifetimeMs: 2_000 });
  const controller = await new FakeController({ identity }).start();
  t.teardown(async () => {
    identity.stop();
    await controller.stop();
  });
  const ended = endOf(identity.server.own.certificate) + 1_000;
  await eventually(() => Date.now() > ended);
  const token = parseJoinToken(await identity.joinToken())!;
  const who = { cluster: 'default', instanceId: newId() };
  const keys = await newKeys();
  // What is shown now may end while this process waits for its turn.
  const joined = await eventually(() => enroll(controller.endpoint, token, who, keys).catch(() => undefined));
  t.is(joined.instanceId, who.instanceId);
});
