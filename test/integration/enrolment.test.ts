/** How an agent gets its certificate and keeps it, over real TLS: with a token, from the right controller, and renewed in time. */
import { loadAgentConfig, MemoryCertificateStore, MemoryStateStore, SimulatedRuntime, startAgent } from '@mini-ecs/agent';
import { newId, parseJoinToken, silentLogger, type JoinToken, type Logger } from '@mini-ecs/shared';
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type SecureContextOptions } from 'node:tls';
import { FileCertificateStore, type AgentCertificate } from '../../packages/agent/src/credentials/agent-certificate.ts';
import { CertificateRefusedError, enroll, newKeys, renew } from '../../packages/agent/src/credentials/certificate-calls.ts';
import { CertificateKeeper } from '../../packages/agent/src/credentials/certificate-keeper.ts';
import { WrongAuthorityError } from '../../packages/agent/src/credentials/first-contact.ts';
import { decodeEnrolment } from '../../packages/controller/src/store/records.ts';
import type { Fields } from '../../packages/controller/src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { FakeController } from '../support/fake-controller.ts';
import { hourMs, TestIdentity, type TestIdentityOptions } from '../support/test-identity.ts';

interface Setup {
  controller: FakeController;
  identity: TestIdentity;
}

async function aController(t: ExecutionContext, options: TestIdentityOptions = {}): Promise<Setup> {
  const identity = await TestIdentity.start(options);
  const controller = await new FakeController({ identity }).start();
  t.teardown(async () => {
    identity.stop();
    await controller.stop();
  });
  return { controller, identity };
}

const tokenOf = (text: string): JoinToken => parseJoinToken(text)!;

const aNewcomer = () => ({ cluster: 'default', instanceId: newId() });

const join = async ({ controller }: Setup, token: string, who = aNewcomer()): Promise<AgentCertificate> => ({
  ...(await enroll(controller.endpoint, tokenOf(token), who, await newKeys())),
  obtainedAt: Date.now(),
});

async function enrolmentOf({ identity }: Setup, instance: string) {
  const [fields] = await identity.store.read('default', 'enrolment', [instance]);
  return fields && decodeEnrolment('default', instance, fields);
}

const usesLeft = async ({ identity }: Setup, token: string) =>
  Number((await identity.store.read('default', 'join-token', [tokenOf(token).id]))[0]?.['usesLeft']);

/** What an agent with these stores does against that controller. */
async function anAgent(
  t: ExecutionContext,
  { controller }: Setup,
  stores: { stateStore: MemoryStateStore; certificateStore: MemoryCertificateStore },
  joinToken = '',
) {
  const config = loadAgentConfig({ MINI_ECS_CONTROLLER: controller.endpoint, MINI_ECS_JOIN_TOKEN: joinToken });
  const agent = await startAgent(config, { ...stores, runtime: new SimulatedRuntime({}), log: silentLogger });
  t.teardown(() => agent.stop());
  return agent;
}

const aHost = () => ({ stateStore: new MemoryStateStore(), certificateStore: new MemoryCertificateStore() });

// ── joining ──

test('a token that is used up, expired, unknown or of another secret is refused', async (t) => {
  const setup = await aController(t);
  const token = await setup.identity.joinToken();
  await join(setup, token);
  const refused = (text: string, message: RegExp) =>
    t.throwsAsync(join(setup, text), { instanceOf: CertificateRefusedError, message });
  await refused(token, /used up/);
  await refused(await setup.identity.joinToken({ expiresAt: Date.now() - 1 }), /has expired/);
  const [, id = '', secret = '', fingerprint = ''] = (await setup.identity.joinToken()).split('.');
  await refused(`mecs1.${id}.${'x'.repeat(43)}.${fingerprint}`, /no such join token/);
  await refused(`mecs1.${'0'.repeat(16)}.${secret}.${fingerprint}`, /no such join token/);
  t.is(await usesLeft(setup, `mecs1.${id}.${secret}.${fingerprint}`), 1);
});

test('a token that was revoked lets nobody in any more, and whoever joined with it stays', async (t) => {
  const setup = await aController(t);
  const token = await setup.identity.joinToken({ uses: 2 });
  const earlier = await join(setup, token);
  await setup.identity.store.remove({ partition: 'default', kind: 'join-token', id: tokenOf(token).id, expect: 'any' });
  await t.throwsAsync(join(setup, token), { instanceOf: CertificateRefusedError, message: /no such join token/ });
  await renew(setup.controller.endpoint, earlier, await newKeys());
});

test('a token of one cluster lets nobody into another', async (t) => {
  const setup = await aController(t);
  const { store } = setup.identity;
  const other = 'other';
  const set = { doc: '{}', status: 'ACTIVE' };
  await store.put({ partition: other, kind: 'cluster', id: other, expect: 'absent', set });
  const token = await setup.identity.joinToken();
  const who = { cluster: other, instanceId: newId() };
  await t.throwsAsync(join(setup, token, who), {
    instanceOf: CertificateRefusedError,
    message: /no such join token for cluster other/,
  });
  t.is(await usesLeft(setup, token), 1);
  t.is((await join(setup, await setup.identity.joinToken({ cluster: other }), who)).cluster, other);
});

test('a token for one instance lets no other in, and lets that one back in with another key', async (t) => {
  const setup = await aController(t);
  const { instanceId } = await join(setup, await setup.identity.joinToken());
  const again = await setup.identity.joinToken({ instance: instanceId });
  await t.throwsAsync(join(setup, again), { message: /made for another instance/ });
  await t.throwsAsync(join(setup, await setup.identity.joinToken(), { cluster: 'default', instanceId }), {
    message: new RegExp(`joined before, with another key; .*token create --cluster default --instance ${instanceId}`),
  });
  t.is((await join(setup, again, { cluster: 'default', instanceId })).instanceId, instanceId);
});

test('a certificate is only for who has the private key', async (t) => {
  const { controller, identity } = await aController(t);
  const [own, other] = [await newKeys(), await newKeys()];
  const mixed = { publicKey: own.publicKey, privateKey: other.privateKey };
  await t.throwsAsync(enroll(controller.endpoint, tokenOf(await identity.joinToken()), aNewcomer(), mixed), {
    message: /did not show that it has the private key/,
  });
});

/** Something that speaks TLS where a controller is expected, and what it heard behind the handshake. */
async function anImpostor(
  t: ExecutionContext,
  context: SecureContextOptions,
): Promise<{ endpoint: string; heard: () => number }> {
  let heard = 0;
  const server = createServer({ ...context, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('data', (data: Buffer) => (heard += data.length));
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard };
}

test('a controller of another fingerprint is told nothing', async (t) => {
  const [real, other] = [await aController(t), await aController(t)];
  const { key, certificate } = other.identity.server.own;
  const impostor = await anImpostor(t, { key, cert: certificate });
  const token = await real.identity.joinToken();
  await t.throwsAsync(enroll(impostor.endpoint, tokenOf(token), aNewcomer(), await newKeys()), {
    instanceOf: WrongAuthorityError,
    message: /another fingerprint.*not sent/,
  });
  t.is(impostor.heard(), 0);
  await t.throwsAsync(enroll(other.controller.endpoint, tokenOf(token), aNewcomer(), await newKeys()), {
    instanceOf: WrongAuthorityError,
  });
  t.is(await usesLeft(real, token), 1);
});

test("an impostor that shows the real authority's certificate behind one of its own is told nothing", async (t) => {
  const [real, other] = [await aController(t), await aController(t)];
  const { key, certificate } = await other.identity.authority.issueServer(['127.0.0.1'], 60_000);
  const impostor = await anImpostor(t, { key, cert: `${certificate}\n${real.identity.authority.certificate}` });
  const token = tokenOf(await real.identity.joinToken());
  const error = await t.throwsAsync(enroll(impostor.endpoint, token, aNewcomer(), await newKeys()));
  t.false(error instanceof CertificateRefusedError);
  t.is(impostor.heard(), 0);
});

test("an agent's certificate passes for no controller's", async (t) => {
  const setup = await aController(t);
  const { key, certificate } = await setup.identity.certificateOf(newId());
  const impostor = await anImpostor(t, { key, cert: `${certificate}\n${setup.identity.authority.certificate}` });
  const token = tokenOf(await setup.identity.joinToken());
  await t.throwsAsync(enroll(impostor.endpoint, token, aNewcomer(), await newKeys()));
  t.is(impostor.heard(), 0);
});

test('the key is kept where only its owner reads it', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-certificate-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const setup = await aController(t);
  const certificate = await join(setup, await setup.identity.joinToken());
  const store = new FileCertificateStore(path.join(folder, 'agent'));
  t.is(await store.load(), undefined);
  await store.save(certificate);
  t.deepEqual(await store.load(), certificate);
  t.is((await stat(path.join(folder, 'agent', 'agent-certificate.json'))).mode & 0o777, 0o600);
});

// ── renewing ──

test('a certificate is renewed with a new key, also when it has expired', async (t) => {
  const setup = await aController(t, { certificateLifetimeMs: -1_000 });
  const old = await join(setup, await setup.identity.joinToken());
  const next = await renew(setup.controller.endpoint, old, await newKeys());
  t.not(next.key, old.key);
  t.not(next.certificate, old.certificate);
  t.is((await enrolmentOf(setup, old.instanceId))?.certificates.length, 2);
});

test('a certificate that was revoked, or is of another authority, is not renewed', async (t) => {
  const [setup, other] = [await aController(t), await aController(t)];
  const old = await join(setup, await setup.identity.joinToken());
  const foreign = { ...(await other.identity.certificateOf(old.instanceId)), ...aNewcomer(), obtainedAt: 0, lifetimeMs: 0 };
  const authority = setup.identity.authority.certificate;
  await t.throwsAsync(renew(setup.controller.endpoint, { ...foreign, authority }, await newKeys()), {
    instanceOf: CertificateRefusedError,
    message: /another authority/,
  });
  const set = { revokedAt: String(Date.now()) };
  await setup.identity.store.put({ partition: 'default', kind: 'enrolment', id: old.instanceId, expect: 'any', set });
  await t.throwsAsync(renew(setup.controller.endpoint, old, await newKeys()), {
    instanceOf: CertificateRefusedError,
    message: /was revoked/,
  });
});

test('a certificate is renewed only by who has its key', async (t) => {
  const setup = await aController(t);
  const stolen = await join(setup, await setup.identity.joinToken());
  const { key } = await join(setup, await setup.identity.joinToken());
  await t.throwsAsync(renew(setup.controller.endpoint, { ...stolen, key }, await newKeys()), {
    message: /did not show that it has the keys/,
  });
});

test('of a short-lived certificate an agent has a new one before it ends, and its session goes on', async (t) => {
  const setup = await aController(t, { certificateLifetimeMs: 2_000 });
  const host = aHost();
  const agent = await anAgent(t, setup, host, await setup.identity.joinToken());
  await eventually(() => setup.controller.sessions === 1);
  const first = await host.certificateStore.load();
  await eventually(async () => ((await enrolmentOf(setup, agent.instanceId))?.version ?? 0) >= 3, { withinMs: 15_000 });
  t.not((await host.certificateStore.load())?.key, first?.key);
  t.is(setup.controller.hellos.length, 1);
  t.is(setup.controller.sessions, 1);
  // New sessions use the new one: that of the first has long ended.
  setup.controller.dropSessions();
  await eventually(() => setup.controller.hellos.length >= 2);
});

// ── a store that was restored ──

/** An instance that renewed its certificate twice since a backup that the store was restored from, and what it had each time. */
async function aRestoredEnrolment({ identity }: Setup, restored: Fields = {}) {
  const instanceId = newId();
  const who = { cluster: 'default', instanceId, obtainedAt: 0, lifetimeMs: 0 };
  const before = { ...(await identity.certificateOf(instanceId, { issuedAgoMs: 28 * hourMs })), ...who };
  const [backup = {}] = await identity.store.read('default', 'enrolment', [instanceId]);
  const between = { ...(await identity.certificateOf(instanceId, { issuedAgoMs: 14 * hourMs })), ...who };
  const present = { ...(await identity.certificateOf(instanceId)), ...who };
  const { certificates = '[]' } = backup;
  const set = { certificates, ...restored };
  await identity.store.put({ partition: 'default', kind: 'enrolment', id: instanceId, expect: 'any', set });
  return { instanceId, before, between, present };
}

test('a host whose certificate is newer than a restored store renews it, and from then on it is recorded', async (t) => {
  const setup = await aController(t);
  const { instanceId, before, between, present } = await aRestoredEnrolment(setup);
  await renew(setup.controller.endpoint, present, await newKeys());
  const serials = (await enrolmentOf(setup, instanceId))?.certificates.map(({ serial }) => serial);
  t.deepEqual(serials?.slice(1), [present.serial, before.serial]);
  await t.throwsAsync(renew(setup.controller.endpoint, between, await newKeys()), {
    message: /newer certificates.*token create/,
  });
  await renew(setup.controller.endpoint, present, await newKeys());
});

test('a host that the restored store knows as revoked, or that joined anew before the backup, does not come back by it', async (t) => {
  const setup = await aController(t);
  const revoked = await aRestoredEnrolment(setup, { revokedAt: String(Date.now()) });
  await t.throwsAsync(renew(setup.controller.endpoint, revoked.present, await newKeys()), { message: /was revoked/ });
  const instanceId = newId();
  const who = { cluster: 'default', instanceId, obtainedAt: 0, lifetimeMs: 0 };
  const old = { ...(await setup.identity.certificateOf(instanceId, { issuedAgoMs: hourMs })), ...who };
  const again = tokenOf(await setup.identity.joinToken({ instance: instanceId }));
  await enroll(setup.controller.endpoint, again, who, await newKeys());
  await t.throwsAsync(renew(setup.controller.endpoint, old, await newKeys()), { message: /newer certificates/ });
});

// ── starting again ──

test('a host that was off for longer than its certificate was good renews it and goes on', async (t) => {
  const setup = await aController(t);
  const host = aHost();
  const agent = await anAgent(t, setup, host, await setup.identity.joinToken());
  await eventually(() => setup.controller.sessions === 1);
  await agent.stop();
  const { key, certificate, serial } = await setup.identity.certificateOf(agent.instanceId, { lifetimeMs: -1_000 });
  const kept = await host.certificateStore.load();
  await host.certificateStore.save({ ...kept!, key, certificate, obtainedAt: Date.now() - 5_000, lifetimeMs: 4_000 });
  await anAgent(t, setup, host);
  await eventually(() => setup.controller.hellos.length >= 2);
  t.not((await enrolmentOf(setup, agent.instanceId))?.certificates[0]?.serial, serial);
});

test('an agent that joined needs no token any more, and one that did not says what it needs', async (t) => {
  const setup = await aController(t);
  const host = aHost();
  const agent = await anAgent(t, setup, host, await setup.identity.joinToken());
  await eventually(() => setup.controller.sessions === 1);
  await agent.stop();
  t.is((await anAgent(t, setup, host)).instanceId, agent.instanceId);
  await eventually(() => setup.controller.hellos.length >= 2);
  await t.throwsAsync(anAgent(t, setup, aHost()), { message: /join token.*mini-ecs token create --cluster default/ });
});

/** The keeper of a host that joined `home` and was given a token; what it warned of. */
async function aKeeper(t: ExecutionContext, home: Setup, token: string, members: Partial<AgentCertificate> = {}) {
  const who = aNewcomer();
  const store = new MemoryCertificateStore();
  await store.save({ ...(await join(home, await home.identity.joinToken(), who)), ...members });
  const warnings: string[] = [];
  const log = Object.assign(Object.create(silentLogger) as Logger, {
    warn: (_: object, message: string) => warnings.push(message),
  });
  const timers = { now: () => Date.now(), after: () => () => undefined };
  const joinToken = tokenOf(token);
  const keeper = await CertificateKeeper.open({ who, controllers: [], joinToken, store, timers, log, random: Math.random });
  t.teardown(() => keeper.close());
  return { keeper, warnings };
}

test('a host of another installation than that of its token says so, and what to do about it', async (t) => {
  const [wiped, installed] = [await aController(t), await aController(t)];
  const token = await installed.identity.joinToken();
  const expired = { obtainedAt: 0, lifetimeMs: 1 };
  for (const [controller, members] of [
    // The new one is not who signed its certificate, the old one not who made the token.
    [installed.controller, expired],
    [wiped.controller, { ...expired, ...(await foreignCertificate(wiped)) }],
  ] as const) {
    const { keeper, warnings } = await aKeeper(t, wiped, token, members);
    t.regex(warnings[0] ?? '', /join token is of another installation.*--reset/);
    await t.throwsAsync(keeper.credentials(controller.endpoint), { message: /join token is of another installation.*--reset/ });
  }
  t.is(await usesLeft(installed, token), 1);
});

test('a token of the same installation is nothing to warn of', async (t) => {
  const setup = await aController(t);
  const { keeper, warnings } = await aKeeper(t, setup, await setup.identity.joinToken());
  t.truthy(await keeper.credentials(setup.controller.endpoint));
  t.deepEqual(warnings, []);
});

/** One that its own authority does not renew: of an instance that never joined. */
async function foreignCertificate({ identity }: Setup): Promise<Partial<AgentCertificate>> {
  const stranger = newId();
  const { key, certificate } = await identity.certificateOf(stranger);
  await identity.store.remove({ partition: 'default', kind: 'enrolment', id: stranger, expect: 'any' });
  return { key, certificate };
}

test('a join that was cut off is made good by the next start with the same token', async (t) => {
  const setup = await aController(t);
  const token = await setup.identity.joinToken();
  const host = aHost();
  const agent = await anAgent(t, setup, host, token);
  await eventually(() => setup.controller.sessions === 1);
  await agent.stop();
  // As if it had ended before the answer came: it has only the key that it asked with.
  const kept = (await host.certificateStore.load())!;
  await host.certificateStore.save({ ...kept, certificate: '', authority: '' });
  await anAgent(t, setup, host, token);
  await eventually(() => setup.controller.hellos.length >= 2);
  t.is(await usesLeft(setup, token), 0);
});
