import test from 'ava';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a program leaves on stderr that logs what `error` says, an expression. */
function logged(error: string, key = 'err'): string {
  const logger = JSON.stringify(fileURLToPath(new URL('logger.ts', import.meta.url)));
  const program = `import { createLogger } from ${logger}; createLogger('test').error({ ${key}: ${error}, pass: 'sweep' }, 'it failed');`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }).stderr;
}

test('the log of a Redis error tells what failed, and nothing of the arguments of the command', (t) => {
  // As ioredis makes its ReplyError; a cause has its command as well.
  const replyError = `Object.assign(new Error('ERR Error running script: @user_script:7'), { command: { name: 'evalsha', args: ['SECRET'] } })`;
  const line = logged(
    `Object.assign(new TypeError('a pass failed', { cause: ${replyError} }), { code: 'EPASS', previousErrors: [${replyError}] })`,
  );
  t.false(line.includes('SECRET'), line);
  const { err, ...rest } = JSON.parse(line) as { err: Record<string, string> };
  t.like(rest, { name: 'test', pass: 'sweep', msg: 'it failed' });
  t.deepEqual(Object.keys(err).sort(), ['code', 'message', 'stack', 'type']);
  t.like(err, { type: 'TypeError', code: 'EPASS', message: 'a pass failed: ERR Error running script: @user_script:7' });
  t.regex(err['stack'] ?? '', /a pass failed\n[^]*caused by: Error: ERR Error running script/);
});

test('that holds by either name that errors are logged under', (t) => {
  const line = logged(`Object.assign(new Error('ERR'), { command: { args: ['SECRET'] } })`, 'error');
  t.false(line.includes('SECRET'), line);
  t.like(JSON.parse(line), { error: { type: 'Error', message: 'ERR' } });
});

test('what was thrown and is no error is logged as it is', (t) => {
  t.is((JSON.parse(logged(`'odd'`)) as { err: string }).err, 'odd');
});
