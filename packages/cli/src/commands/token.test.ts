import { parseJoinToken } from '@mini-ecs/shared';
import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { accessKey, ApiServerFixture } from '../../../../test/support/api-server.ts';

let api: ApiServerFixture;
test.before(async () => {
  api = await ApiServerFixture.start();
  await api.call('CreateCluster', {});
});
test.after.always(() => api?.close());

const program = fileURLToPath(new URL('../../bin/mini-ecs.js', import.meta.url));

/** What `mini-ecs token create` writes. */
const create = (...flags: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [program, 'token', 'create', ...flags], {
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL: api.server.url,
      AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    },
  });

test('stdout is the token alone, for scripts; stderr says what it is, without its secret', async (t) => {
  const { stdout, stderr } = await create('--uses', '3', '--ttl', '2h', '--attribute', 'rack=r1', '--attribute', 'disk=ssd');
  const token = parseJoinToken(stdout);
  t.is(stdout, `mecs1.${token?.id}.${token?.secret}.${token?.fingerprint}\n`);
  t.regex(stderr, new RegExp(`Join token ${token?.id} of cluster default`));
  t.regex(stderr, new RegExp(`authority +SHA-256 ${token?.fingerprint}`));
  t.regex(stderr, /uses +3 hosts/);
  t.regex(stderr, /attributes +rack=r1 disk=ssd/);
  const [, expires = ''] = /expires +(\S+)/.exec(stderr) ?? [];
  t.true(Math.abs(Date.parse(expires) - Date.now() - 7_200_000) < 60_000, expires);
  t.false(stderr.includes(token?.secret ?? ''));
});

test('what a token does not fix is told too', async (t) => {
  const plain = await create();
  t.regex(plain.stderr, /uses +1 host\n/);
  t.regex(plain.stderr, /attributes +none/);
  t.notRegex(plain.stderr, /instance/);
  const instance = 'a'.repeat(32);
  t.regex((await create('--instance', instance)).stderr, new RegExp(`instance +${instance}`));
});

test('--json is one object with all of it, and nothing beside', async (t) => {
  const { stdout, stderr } = await create('--json', '--attribute', 'rack=r1');
  const told = JSON.parse(stdout) as Record<string, unknown>;
  const token = parseJoinToken(String(told['token']));
  t.like(told, { ...token, cluster: 'default', uses: 1, usesLeft: 1, attributes: { rack: 'r1' } });
  t.true(Date.parse(String(told['expiresAt'])) > Date.now());
  t.is(stderr, '');
});
