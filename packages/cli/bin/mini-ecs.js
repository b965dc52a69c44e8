#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can run: hands over to the project's own Node (the npm package
// `node`, version 24), which runs TypeScript directly. A Node that is new enough goes on by itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(import.meta.url);

/** The folder of the packages: of the workspace, or of whatever this one is installed in. */
function packagesFolder() {
  for (let folder = path.dirname(program); ; folder = path.dirname(folder)) {
    const packages = path.join(folder, 'node_modules');
    if (existsSync(path.join(packages, '.bin', 'node'))) return packages;
    if (path.dirname(folder) === folder) return undefined;
  }
}

const packages = packagesFolder();

/**
 * Compiled modules are kept beside the packages: from the second start on nothing is compiled, and the TypeScript
 * compiler, which alone takes some 25 MB for as long as the process lives, is not even loaded. Where the folder cannot be written
 * all goes on without.
 */
function keepCompiledModules() {
  if (!packages) return;
  nodeModule.enableCompileCache(path.join(packages, '.cache', 'mini-ecs'));
  // Also of a program that is killed some day rather than ending by itself.
  setTimeout(() => nodeModule.flushCompileCache(), 3_000).unref();
}

/**
 * What runs for months is started with less memory to hoard: V8's young generation (twice a semi-space) grows to 128 MB
 * under load and keeps them while anything goes on, and glibc keeps what each thread once needed.
 * Measured: a controller with 1,000 idle agents 388 → 270 MB, with no more CPU while it places; docs/performance.md.
 */
const leanMalloc = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
const semiSpaceMb = { controller: 8, agent: 4 };

/** What to start Node with; undefined when it is fine as it is. */
function leanNode() {
  const megabytes = semiSpaceMb[process.argv[2]];
  const chosen = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`.includes('--max-semi-space-size');
  if (megabytes === undefined || chosen) return undefined;
  return { flags: [`--max-semi-space-size=${megabytes}`], environment: { ...leanMalloc, ...process.env } };
}

const lean = leanNode();
const args = [...(lean?.flags ?? []), ...process.execArgv, program, ...process.argv.slice(2)];
const env = lean?.environment ?? process.env;

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // The same process goes on as another Node; does not return.
  if (lean && process.execve) process.execve(process.execPath, [process.execPath, ...args], env);
  keepCompiledModules();
  await import('./mini-ecs.ts');
} else {
  if (!packages) {
    console.error(`mini-ecs needs Node 24 or newer; this is ${process.version}. Run "npm ci" in its folder, which installs one.`);
    process.exit(1);
  }
  const child = spawn(path.join(packages, '.bin', 'node'), args, { stdio: 'inherit', env });
  // Ctrl-C reaches the whole foreground group by itself; the child decides when it is done.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
