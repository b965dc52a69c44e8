import test from 'ava';
import { controllerSettings, loadControllerConfig } from './config.ts';

const load = (env: Record<string, string> = {}, flags: Record<string, string | boolean> = {}) =>
  loadControllerConfig({ env, flags });

test('without settings everything is on loopback, with a Redis of its own', (t) => {
  const { dataDir, ...config } = load();
  t.not(dataDir, '');
  t.deepEqual(config, {
    apiHost: '127.0.0.1',
    apiPort: 7070,
    agentHosts: ['127.0.0.1'],
    agentPort: 7071,
    redisUrl: undefined,
    region: 'us-east-1',
    accountId: '000000000000',
    bootstrapAccessKey: undefined,
    leaseMs: 4000,
    heartbeatMs: 1000,
    certificateTtlMs: 86_400_000,
    restored: false,
    logLevel: 'info',
  });
});

test('a flag wins over the environment, which wins over the default', (t) => {
  t.is(load({ MINI_ECS_REGION: 'eu-west-1' }).region, 'eu-west-1');
  t.is(load({ MINI_ECS_REGION: 'eu-west-1' }, { region: 'eu-north-1' }).region, 'eu-north-1');
  t.is(load({ MINI_ECS_REGION: '' }).region, 'us-east-1');
});

const wrong: [string, string, RegExp][] = [
  ['MINI_ECS_API_PORT', '99999', /^MINI_ECS_API_PORT \(--api-port\) must be a whole number from 0 to 65535, and is "99999"\.$/],
  ['MINI_ECS_API_PORT', 'http', /MINI_ECS_API_PORT/],
  ['MINI_ECS_ACCOUNT_ID', '42', /MINI_ECS_ACCOUNT_ID .*12 digits, and is "42"/],
  ['MINI_ECS_REDIS_URL', 'localhost:6379', /MINI_ECS_REDIS_URL .*redis:\/\//],
  ['MINI_ECS_CERTIFICATE_TTL', '1s', /MINI_ECS_CERTIFICATE_TTL .*a duration from 2s to 365d/],
  ['MINI_ECS_CERTIFICATE_TTL', 'long', /MINI_ECS_CERTIFICATE_TTL/],
  ['MINI_ECS_AGENT_HOST', ' , ', /MINI_ECS_AGENT_HOST .*at least one address/],
  ['MINI_ECS_HEARTBEAT_MS', '2500', /MINI_ECS_LEASE_MS .*at least four times MINI_ECS_HEARTBEAT_MS \(2500\), and is 4000/],
  ['MINI_ECS_LOG_LEVEL', 'loud', /MINI_ECS_LOG_LEVEL/],
];
for (const [name, value, message] of wrong) {
  test(`${name}=${value} is refused by name`, (t) => {
    t.throws(() => load({ [name]: value }), { message, code: 'CONFIG' });
  });
}

test('a malformed secret is refused without being shown', (t) => {
  const error = t.throws(() => load({ MINI_ECS_BOOTSTRAP_ACCESS_KEY: 'sesame' }));
  t.false(error.message.includes('sesame'));
});

test('agents give four signs of life a lease, unless it is said how often', (t) => {
  t.is(load({ MINI_ECS_LEASE_MS: '20000' }).heartbeatMs, 5000);
  t.is(load({ MINI_ECS_LEASE_MS: '20000', MINI_ECS_HEARTBEAT_MS: '1000' }).heartbeatMs, 1000);
});

test("a certificate's life is a duration", (t) => {
  t.is(load({ MINI_ECS_CERTIFICATE_TTL: '90s' }).certificateTtlMs, 90_000);
  t.is(load({ MINI_ECS_CERTIFICATE_TTL: '7d' }).certificateTtlMs, 604_800_000);
});

test('that the store was restored is said by a flag, or by a variable', (t) => {
  t.true(load({ MINI_ECS_RESTORED: 'true' }).restored);
  t.true(load({}, { restored: true }).restored);
  t.false(load({ MINI_ECS_RESTORED: 'false' }).restored);
  t.throws(() => load({ MINI_ECS_RESTORED: 'maybe' }), { message: /MINI_ECS_RESTORED .*true or false/ });
});

test('every setting has a variable, a flag and a description', (t) => {
  for (const { env, flag, description } of controllerSettings) {
    t.regex(env, /^MINI_ECS_[A-Z_]+$/);
    t.regex(flag, /^--[a-z-]+( <[^>]+>)?$/);
    t.true(description.length > 10);
  }
});
