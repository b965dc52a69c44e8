/** Sets up what a machine lacks: on Debian and its kin as root through apt-get, elsewhere by saying what to install. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { staticBusybox } from './image.ts';
import { searchPath, useSystemPath } from './system-path.ts';

/** A program that mini-ecs starts → the Debian package that has it. */
const packages = {
  dockerd: 'docker.io',
  containerd: 'containerd',
  'redis-server': 'redis-server',
  ip: 'iproute2',
  iptables: 'iptables',
  busybox: 'busybox-static',
  aws: 'awscli',
} as const;

export type Program = keyof typeof packages;

/** What a lab's hosts and a controller's Redis need. */
export const clusterPrograms: readonly Program[] = ['dockerd', 'containerd', 'redis-server', 'ip', 'iptables', 'busybox'];

/**
 * Silent when nothing is missing; otherwise `say` gets a line before and after. Throws with what to do when it cannot.
 * `folders` is where programs are looked for: by default those of PATH and the system's.
 */
export async function installMissing(
  programs: readonly Program[],
  say: (line: string) => void,
  folders: readonly string[] = searchPath(),
): Promise<void> {
  useSystemPath();
  const isMissing = (program: Program): boolean =>
    program === 'busybox' ? staticBusybox() === undefined : findProgram(program, folders) === undefined;
  const missing = programs.filter(isMissing);
  if (missing.length === 0) return;
  const wanted = [...new Set(missing.map((program) => packages[program]))];
  const aptGet = findProgram('apt-get', folders);
  if (!aptGet || process.getuid?.() !== 0) throw new Error(whatToInstall(missing, wanted, aptGet !== undefined));
  say(`Installing ${wanted.join(', ')} with apt-get (missing: ${missing.join(', ')}) …`);
  const started = performance.now();
  // A machine that never ran apt-get update has no lists, and one that ran it long ago has old ones: then, and only then, update.
  if (!(await runAptGet(aptGet, ['install', ...wanted]))) {
    await runAptGet(aptGet, ['update']);
    await runAptGet(aptGet, ['install', ...wanted], say);
  }
  if (programs.some(isMissing)) {
    throw new Error(`apt-get could not install ${wanted.join(' ')}. Run "apt-get install ${wanted.join(' ')}" to see why.`);
  }
  say(`Installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

const findProgram = (name: string, folders: readonly string[]): string | undefined =>
  folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file) && isExecutable(file));

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function whatToInstall(missing: readonly Program[], wanted: readonly string[], hasAptGet: boolean): string {
  const how = hasAptGet ? `Run "sudo apt-get install ${wanted.join(' ')}"` : `Install them (on Debian: ${wanted.join(' ')})`;
  return `Missing: ${missing.join(', ')}. ${how}, then start this again.`;
}

/** Whether it succeeded. What it prints goes to `say` only if it failed. */
function runAptGet(aptGet: string, args: readonly string[], say?: (line: string) => void): Promise<boolean> {
  const options = ['-y', '-q', '--no-install-recommends', '-o', 'Acquire::Retries=2', '-o', 'DPkg::Lock::Timeout=120'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return new Promise((resolve) => {
    const child = spawn(aptGet, [...options, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => output.push(chunk));
    child.on('error', () => resolve(false));
    child.on('close', (code) => {
      if (code !== 0) say?.(output.join('').trimEnd());
      resolve(code === 0);
    });
  });
}
