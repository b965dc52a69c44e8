/**
 * Hosts without VMs (Linux, root): network namespaces on a bridge, each with a Docker Engine of its own. Names, subnet and
 * folder carry the lab's number, so labs run side by side; what a killed run left is removed when the next lab is made.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { busyboxRootfs, sampleImage } from './image.ts';
import { claimAnyLabId, claimLabId, highestLabId, subnetOf, type LabClaim } from './lab-id.ts';
import { LabHost } from './lab-host.ts';
import { bridgeOf, cgroupOf, removeLab, removeLeftovers, tracesOf } from './leftovers.ts';
import { createBridge } from './network.ts';
import { commandLineOf, labVariable, processesOf } from './processes.ts';
import { useSystemPath } from './system-path.ts';

export interface LabOptions {
  /** 1 to 250; by default the lowest free one. */
  id?: number;
  /** How many, 1 to 200. */
  hosts: number;
  /** Given to the hosts in turn. @default us-east-1a, us-east-1b, us-east-1c */
  zones?: readonly string[];
  /** Names under which every engine has the busybox image. @default mini-ecs/sample:latest */
  images?: readonly string[];
  /** Holds a folder a lab; on a real disk, for the engines' layers. @default /var/lib/mini-ecs-lab */
  baseFolder?: string;
}

export interface Lab {
  readonly id: number;
  readonly hosts: readonly LabHost[];
  /** Of the bridge: where the hosts reach programs outside of them. */
  readonly address: string;
  /** Removed with the lab. */
  readonly folder: string;
  /** For programs outside the hosts that are to end with the lab, whatever becomes of their parent. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts all engines at once and gives them the image. */
  startEngines(): Promise<void>;
  /** What runs in the lab now, its containers' processes included. */
  processes(): { pid: number; commandLine: string }[];
  /** Ends everything that runs in the lab, at once, and removes all of it. */
  destroy(): Promise<void>;
}

export const defaultBaseFolder = '/var/lib/mini-ecs-lab';
const defaultZones = ['us-east-1a', 'us-east-1b', 'us-east-1c'] as const;

/** A lab whose engines answer and have the image: ready in about two seconds. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const lab = await prepareLab(options);
  try {
    await lab.startEngines();
  } catch (error) {
    await lab.destroy();
    throw error;
  }
  return lab;
}

/** The lab's network without its engines, within milliseconds: for a caller that has its own things to start meanwhile. */
export async function prepareLab(options: LabOptions): Promise<Lab> {
  requireRootOnLinux();
  useSystemPath();
  const baseFolder = options.baseFolder ?? defaultBaseFolder;
  await removeLeftovers(baseFolder);
  const claim = await claimId(options.id);
  const folder = path.join(baseFolder, String(claim.id));
  const lab = new NamespaceLab(claim, folder, options);
  try {
    await removeLab(claim.id, folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await lab.createNetwork();
  } catch (error) {
    await lab.destroy();
    throw error;
  }
  return lab;
}

class NamespaceLab implements Lab {
  readonly id: number;
  readonly hosts: readonly LabHost[];
  readonly address: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #claim: LabClaim;
  readonly #images: readonly string[];
  #destroyed?: Promise<void>;

  constructor(claim: LabClaim, folder: string, options: LabOptions) {
    this.#claim = claim;
    this.id = claim.id;
    this.folder = folder;
    this.address = `${subnetOf(claim.id)}.1`;
    this.environment = { [labVariable]: folder };
    this.#images = options.images ?? [sampleImage];
    const zones = options.zones ?? defaultZones;
    this.hosts = Array.from({ length: options.hosts }, (_, index) => this.#host(index + 1, zones[index % zones.length] ?? ''));
  }

  async createNetwork(): Promise<void> {
    await createBridge(bridgeOf(this.id), this.address);
    for (const host of this.hosts) await host.createNetwork();
  }

  async startEngines(): Promise<void> {
    const rootfs = busyboxRootfs();
    await Promise.all(
      this.hosts.map(async (host) => {
        await host.startDocker();
        await host.importImage(rootfs, this.#images);
      }),
    );
  }

  processes(): { pid: number; commandLine: string }[] {
    return processesOf(tracesOf(this.id, this.folder)).map((pid) => ({ pid, commandLine: commandLineOf(pid) }));
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  async #destroy(): Promise<void> {
    try {
      await removeLab(this.id, this.folder);
    } finally {
      await this.#claim.release();
    }
  }

  #host(number: number, zone: string): LabHost {
    return new LabHost({
      name: `${bridgeOf(this.id)}-${number}`,
      number,
      zone,
      address: `${subnetOf(this.id)}.${number + 10}`,
      folder: this.folder,
      cgroup: cgroupOf(this.id),
      bridge: bridgeOf(this.id),
      gateway: this.address,
      environment: this.environment,
    });
  }
}

async function claimId(id: number | undefined): Promise<LabClaim> {
  if (id === undefined) return claimAnyLabId();
  if (!Number.isInteger(id) || id < 1 || id > highestLabId) throw new Error(`A lab's number is 1 to ${highestLabId}, not ${id}.`);
  const claim = await claimLabId(id);
  if (!claim) throw new Error(`Lab ${id} is in use by another process: leave the number out, and a free one is taken.`);
  return claim;
}

/** Namespaces, control groups and engines need Linux and root. */
export const labIsPossible = (): boolean => process.platform === 'linux' && process.getuid?.() === 0;

function requireRootOnLinux(): void {
  if (labIsPossible()) return;
  throw new Error('A lab needs Linux and root: it makes network namespaces and runs Docker Engines in them.');
}
