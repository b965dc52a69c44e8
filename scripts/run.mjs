// Entry of every npm script. Plain JavaScript that any Node from 18 on can run: on a fresh clone nothing
// is installed yet. Installs the packages when they are missing or out of date, then hands over to the
// project's own Node (node_modules/.bin/node), which runs TypeScript directly.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules', '.bin');

const programs = {
  'mini-ecs': 'packages/cli/bin/mini-ecs.js',
  test: 'scripts/test.ts',
  check: 'scripts/check.ts',
  bench: 'scripts/bench.ts',
  simulation: 'scripts/simulation.ts',
  fuzz: 'scripts/fuzz.ts',
  faults: 'scripts/faults.ts',
  'proto-types': 'scripts/proto-types.ts',
};

/** Whether what npm installed is what the lock file names (packages for other platforms aside). */
function packagesAreInstalled() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(path.join(bin, 'node'))) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([name, { version, optional }]) => name === '' || optional || !version || present[name]?.version === version,
  );
}

function installPackages() {
  if (packagesAreInstalled()) return;
  console.error('Installing npm packages (first start, or the lock file changed) …');
  const started = Date.now();
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.status !== 0) {
    console.error('npm ci failed: see above. Check that the npm registry is reachable, then run this again.');
    process.exit(npm.status ?? 1);
  }
  console.error(`npm packages installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const [program, ...args] = process.argv.slice(2);
const file = programs[program];
if (!file) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(programs).join('|')} [arguments]`);
  process.exit(2);
}
installPackages();
const child = spawn(path.join(bin, 'node'), [path.join(root, file), ...args], {
  cwd: program === 'mini-ecs' ? process.cwd() : root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
});
// Ctrl-C reaches the whole foreground group; the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
