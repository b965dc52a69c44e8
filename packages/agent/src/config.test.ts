import test from 'ava';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { agentSettings, loadAgentConfig } from './config.ts';

test('every setting has a variable and a flag of its own', (t) => {
  t.is(new Set(agentSettings.map(({ env }) => env)).size, agentSettings.length);
  t.is(new Set(agentSettings.map(({ flag }) => flag.split(' ')[0])).size, agentSettings.length);
});

test('without settings an agent joins the controller of its own host', (t) => {
  const config = loadAgentConfig({ MINI_ECS_DATA_DIR: '/data' });
  t.like(config, {
    controllers: ['127.0.0.1:7071'],
    cluster: 'default',
    dataDir: '/data/agent',
    dockerSocket: '/var/run/docker.sock',
    availabilityZone: 'us-east-1a',
    reservedPorts: [22, 2375, 2376, 51678, 51679],
    imagePullBehavior: 'default',
    reset: false,
    attributes: {},
  });
});

test('attributes are pairs or a JSON object', (t) => {
  t.deepEqual(loadAgentConfig({ MINI_ECS_ATTRIBUTES: 'disk=ssd, rack=a=b' }).attributes, { disk: 'ssd', rack: 'a=b' });
  t.deepEqual(loadAgentConfig({ MINI_ECS_ATTRIBUTES: '{"disk":"ssd","n":1}' }).attributes, { disk: 'ssd', n: '1' });
});

test('a join token is whole, or refused without being shown', (t) => {
  const token = `mecs1.${'0'.repeat(16)}.${'s'.repeat(43)}.${'f'.repeat(64)}`;
  t.is(loadAgentConfig({ MINI_ECS_JOIN_TOKEN: token }).joinToken?.secret, 's'.repeat(43));
  t.is(loadAgentConfig({}).joinToken, undefined);
  const error = t.throws(() => loadAgentConfig({ MINI_ECS_JOIN_TOKEN: token.slice(0, -1) }), { message: /MINI_ECS_JOIN_TOKEN/ });
  t.false(error.message.includes('sss'));
});

test('a join token may be in a file, which may be gone once the host has joined', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mini-ecs-token-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'join-token');
  t.is(loadAgentConfig({ MINI_ECS_JOIN_TOKEN_FILE: file }).joinToken, undefined);
  writeFileSync(file, `mecs1.${'0'.repeat(16)}.${'s'.repeat(43)}.${'f'.repeat(64)}\n`);
  t.is(loadAgentConfig({ MINI_ECS_JOIN_TOKEN_FILE: file }).joinToken?.secret, 's'.repeat(43));
  writeFileSync(file, 'sss');
  const error = t.throws(() => loadAgentConfig({ MINI_ECS_JOIN_TOKEN_FILE: file }), { message: /^MINI_ECS_JOIN_TOKEN_FILE: / });
  t.false(error.message.includes('sss'));
  t.throws(() => loadAgentConfig({ MINI_ECS_JOIN_TOKEN_FILE: folder }), { message: /^MINI_ECS_JOIN_TOKEN_FILE: .*EISDIR/ });
});

test('several controllers, with or without a port', (t) => {
  t.deepEqual(loadAgentConfig({ MINI_ECS_CONTROLLER: 'a:1, b ,[::1]:3' }).controllers, ['a:1', 'b:7071', '[::1]:3']);
});

test('a setting that cannot be is refused by its name', (t) => {
  t.throws(() => loadAgentConfig({ MINI_ECS_CPU: 'many' }), { message: 'MINI_ECS_CPU: "many" is not a whole number.' });
  t.throws(() => loadAgentConfig({ MINI_ECS_CONTROLLER: 'http://x' }), { message: /MINI_ECS_CONTROLLER/ });
  t.throws(() => loadAgentConfig({ MINI_ECS_IMAGE_PULL_BEHAVIOR: 'never' }), {
    message: /none of default, always, once, prefer-cached/,
  });
  t.throws(() => loadAgentConfig({ MINI_ECS_ATTRIBUTES: '{' }), { message: /MINI_ECS_ATTRIBUTES/ });
});
