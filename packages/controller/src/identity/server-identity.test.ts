import { newId, parseJoinToken, silentLogger, systemClock } from '@mini-ecs/shared';
import test from 'ava';
import { X509Certificate } from 'node:crypto';
import { eventually } from '../../../../test/support/eventually.ts';
import { FakeController } from '../../../../test/support/fake-controller.ts';
import { TestIdentity } from '../../../../test/support/test-identity.ts';
import { enroll, newKeys } from '../../../agent/src/credentials/certificate-calls.ts';
import { ServerIdentity } from './server-identity.ts';

test("a controller's certificate is made anew before it ends, and whoever shows it is told", async (t) => {
  const { authority } = await TestIdentity.start();
  const names = ['localhost'];
  const identity = await ServerIdentity.start({ authority, names, clock: systemClock, log: silentLogger, lifetimeMs: 3_000 });
  t.teardown(() => identity.stop());
  const first = identity.own;
  const told: string[] = [];
  identity.onRenewed(({ certificate }) => told.push(certificate));
  await eventually(() => told.length > 0);
  t.true(new X509Certificate(first.certificate).validToDate.getTime() > Date.now() - 1_000);
  t.is(told.at(-1), identity.own.certificate);
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
  const ended = new X509Certificate(identity.server.own.certificate).validToDate.getTime() + 1_000;
  await eventually(() => Date.now() > ended);
  const token = parseJoinToken(await identity.joinToken())!;
  const who = { cluster: 'default', instanceId: newId() };
  const joined = await enroll(controller.endpoint, token, who, await newKeys());
  t.is(joined.instanceId, who.instanceId);
});
