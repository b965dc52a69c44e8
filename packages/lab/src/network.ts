/**
 * The network of a lab: a bridge in the namespace of whoever calls, and for each host a network namespace
 * joined to it by a veth pair. Both ends of the cable carry the host's name outside, `eth0` inside.
 */
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { run } from './command.ts';

export const namespaceFile = (name: string): string => `/run/netns/${name}`;

export async function createBridge(bridge: string, address: string): Promise<void> {
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['addr', 'add', `${address}/24`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
}

export async function createHostNetwork(host: { name: string; address: string }, bridge: string, gateway: string): Promise<void> {
  const { name, address } = host;
  await run('ip', ['netns', 'add', name]);
  await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await run('ip', ['link', 'set', name, 'master', bridge]);
  await run('ip', ['link', 'set', name, 'up']);
  await run('ip', ['-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0']);
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  await run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
  await run('ip', ['-n', name, 'route', 'add', 'default', 'via', gateway]);
}

/** Pulls the cable: packets are lost in both directions, and neither side is told. */
export const cutCable = async (host: string): Promise<void> => void (await run('ip', ['link', 'set', host, 'down']));

export const plugCable = async (host: string): Promise<void> => void (await run('ip', ['link', 'set', host, 'up']));

/** The namespaces of a lab's hosts, found by their names. */
export function namespacesOf(bridge: string): string[] {
  if (!existsSync('/run/netns')) return [];
  return readdirSync('/run/netns').filter((name) => name.startsWith(`${bridge}-`) && /^\d+$/.test(name.slice(bridge.length + 1)));
}

/** The namespaces go with the processes in them gone; a cable goes with either of its ends. */
export async function removeNetwork(bridge: string): Promise<void> {
  for (const name of namespacesOf(bridge)) await run('ip', ['netns', 'del', name]);
  const links = await run('ip', ['-o', 'link', 'show']);
  for (const name of linkNames(links)) {
    if (name === bridge || name.startsWith(`${bridge}-`)) await removeLink(name);
  }
}

const linkNames = (links: string): string[] => [...links.matchAll(/^\d+: ([^:@\s]+)/gm)].map(([, name]) => name ?? '');

async function removeLink(name: string): Promise<void> {
  try {
    await run('ip', ['link', 'del', name]);
  } catch (error) {
    // The kernel takes a namespace apart in its own time, and the cable with it.
    if (!/Cannot find device|No such device/.test(String(error))) throw error;
  }
}

/** Numbers of the labs that left a bridge or a namespace. */
export function labIdsOfNetworks(): number[] {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return [...Object.keys(networkInterfaces()), ...names].flatMap((name) => {
    const id = /^mecs(\d+)(-\d+)?$/.exec(name)?.[1];
    return id ? [Number(id)] : [];
  });
}
