import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { claimLabId } from './lab-id.ts';

// Numbers above highestLabId: no lab has them. Of this process: another run of these tests has others.
const one = 10_000 + 2 * process.pid;
const other = one + 1;

test('a number has one holder at a time', async (t) => {
  const claim = await claimLabId(one);
  t.truthy(claim);
  t.is(await claimLabId(one), undefined);
  await claim?.release();
  const next = await claimLabId(one);
  t.truthy(next);
  await next?.release();
});

test('a number is free again when its holder was killed', async (t) => {
  const module = new URL('lab-id.ts', import.meta.url).href;
  const program = `const { claimLabId } = await import(${JSON.stringify(module)});
    await claimLabId(${other}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  t.is(await claimLabId(other), undefined);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const claim = await claimLabId(other);
  t.truthy(claim);
  await claim?.release();
});
