/**
 * Taking a lab apart from what the machine shows, not from what a process remembers. The one way a lab ends,
 * whether its owner asks for it or was killed long ago.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.ts';
import { containerdSocket, dockerFolder } from './engine.ts';
import { claimLabId } from './lab-id.ts';
import { labIdsOfNetworks, namespaceFile, namespacesOf, removeNetwork } from './network.ts';
import { endProcesses, type LabTraces } from './processes.ts';

export const bridgeOf = (id: number): string => `mecs${id}`;
export const cgroupOf = (id: number): string => `/mecs${id}`;

export const tracesOf = (id: number, folder: string): LabTraces => ({
  folder,
  namespaceFiles: namespacesOf(bridgeOf(id)).map(namespaceFile),
  cgroup: cgroupOf(id),
});

/** The caller holds the lab's number. Nothing there is fine. */
export async function removeLab(id: number, folder: string): Promise<void> {
  const bridge = bridgeOf(id);
  await endProcesses(tracesOf(id, folder));
  await unmountBelow(folder);
  await removeNetwork(bridge);
  await removeControlGroups(cgroupOf(id));
  removeShimSockets(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Removes every lab whose owner is dead. Gives their numbers. */
export async function removeLeftovers(baseFolder: string): Promise<number[]> {
  const folders = existsSync(baseFolder) ? readdirSync(baseFolder).filter((name) => /^\d+$/.test(name)) : [];
  const removed: number[] = [];
  for (const id of new Set([...folders.map(Number), ...labIdsOfNetworks()])) {
    const claim = await claimLabId(id);
    if (!claim) continue;
    await removeLab(id, path.join(baseFolder, String(id)));
    await claim.release();
    removed.push(id);
  }
  return removed;
}

async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[4] ?? '').replaceAll(String.raw`\040`, ' '))
    .filter((point) => point.startsWith(`${folder}/`));
  // The deepest first: a mount stands on what it was mounted on.
  for (const point of points.reverse()) await run('umount', ['-l', point]);
}

/** With version 1 of control groups each controller has a tree of its own, with version 2 there is one. */
async function removeControlGroups(cgroup: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  if (!existsSync(root)) return;
  const trees = [root, ...readdirSync(root).map((name) => path.join(root, name))].map((tree) => path.join(tree, cgroup));
  for (const tree of trees.filter((folder) => existsSync(folder))) await removeTree(tree);
}

/** A killed process leaves its group a moment later than the process table. */
async function removeTree(group: string, deadline = performance.now() + 5_000): Promise<void> {
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(path.join(group, entry.name), deadline);
  }
  for (;;) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** A container's shim listens outside of the lab's folder, at a name that containerd derives from what it serves. */
function removeShimSockets(folder: string): void {
  const hosts = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+$/.test(name)) : [];
  for (const docker of hosts.map((host) => dockerFolder(path.join(folder, host)))) {
    const containers = path.join(docker, 'data', 'containers');
    for (const id of existsSync(containers) ? readdirSync(containers) : []) {
      const name = createHash('sha256')
        .update(path.join(containerdSocket(docker), 'moby', id))
        .digest('hex');
      rmSync(path.join('/run/containerd/s', name), { force: true });
    }
  }
}
