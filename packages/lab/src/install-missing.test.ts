import test, { type ExecutionContext } from 'ava';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installMissing } from './install-missing.ts';

/** A machine: the folder of its programs. */
function aMachine(t: ExecutionContext, programs: Record<string, string>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mini-ecs-programs-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

/** Knows of packages only after an update, as on a machine that never made one. */
const aptGetWithoutLists = `
cd "$(dirname "$0")"; echo "$@" >> calls
case "$*" in
  *update*) touch lists;;
  *install*) test -f lists || exit 100; for p in redis-server aws; do printf '#!/bin/sh\\n' > $p; chmod +x $p; done;;
esac`;

const root = process.getuid?.() === 0 ? test : test.skip;

test('nothing is said or done where nothing is missing', async (t) => {
  const machine = aMachine(t, { ip: '', aws: '' });
  const said: string[] = [];
  await installMissing(['ip', 'aws'], (line) => said.push(line), [machine]);
  t.deepEqual(said, []);
});

root('what is missing is installed through apt-get, with its lists if it has none', async (t) => {
  const machine = aMachine(t, { ip: '', 'apt-get': aptGetWithoutLists });
  const said: string[] = [];
  await installMissing(['ip', 'redis-server', 'aws'], (line) => said.push(line), [machine]);
  t.regex(said[0] ?? '', /^Installing redis-server, awscli with apt-get/);
  const calls = readFileSync(path.join(machine, 'calls'), 'utf8').trim().split('\n');
  t.deepEqual(
    calls.map((call) => / (install |update).*/.exec(call)?.[0].trim()),
    ['install redis-server awscli', 'update', 'install redis-server awscli'],
  );
});

test('where there is no apt-get, it is told what to install', async (t) => {
  const machine = aMachine(t, { ip: '' });
  const error = await t.throwsAsync(installMissing(['ip', 'redis-server'], () => undefined, [machine]));
  t.is(error?.message, 'Missing: redis-server. Install them (on Debian: redis-server), then start this again.');
});
