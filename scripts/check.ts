/** `npm run check`: format, lint with boundaries, types, and that the generated proto types are not stale. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const generated = 'packages/shared/src/generated';

function run(title: string, command: string, args: string[]): boolean {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.error(`${status === 0 ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`);
  if (status !== 0) console.error(`${stdout}${stderr}`);
  return status === 0;
}

function protoTypesAreFresh(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'mini-ecs-proto-'));
  try {
    return (
      run('proto types', 'node', ['scripts/proto-types.ts', folder]) &&
      run('proto types are up to date (npm run proto:types)', 'diff', ['-r', generated, folder])
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const results = [
  run('format', 'oxfmt', ['--check', 'packages', 'test', 'scripts']),
  run('lint and boundaries', 'oxlint', ['--type-aware', 'packages', 'test', 'scripts']),
  run('types', 'tsc', ['-p', '.']),
  protoTypesAreFresh(),
];
process.exit(results.every(Boolean) ? 0 : 1);
