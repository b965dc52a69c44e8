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

if (Number(process.versions.node.split('.')[0]) >= 24) {
  keepCompiledModules();
  await import('./mini-ecs.ts');
} else {
  if (!packages) {
    console.error(`mini-ecs needs Node 24 or newer; this is ${process.version}. Run "npm ci" in its folder, which installs one.`);
    process.exit(1);
  }
  const child = spawn(path.join(packages, '.bin', 'node'), [program, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the whole foreground group by itself; the child decides when it is done.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
